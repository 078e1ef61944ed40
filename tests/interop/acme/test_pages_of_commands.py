"""docs/acme/: what the pages of certbot, lego, acme.sh, dehydrated, uacme say, done."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from interop.acme.installed import program
from interop.acme.machines import Machine
from interop.acme.obtained import Obtained
from interop.acme.pages import Reader
from interop.acme.responders import webroot
from interop.acme.system_roots import with_roots
from interop.tools import needs

pytestmark = pytest.mark.interop

_WWW = "www.corp.example", "corp.example"


@pytest.fixture
def untrusting(machine: Machine) -> Machine:
    machine.distrust()
    return machine


@contextlib.contextmanager
def _at_port_80(reader: Reader) -> Iterator[None]:
    """Serve the web root that pages speak of."""
    folder = reader.place("/var/www/html")
    with webroot(folder, reader.machine.server.http_port):
        yield


def test_certbot(untrusting: Machine) -> None:
    server = untrusting.server
    reader = Reader(
        "certbot",
        untrusting,
        {
            "dns_rfc2136_port = 53": f"dns_rfc2136_port = {server.names.port}",
            # The name server has the record at once.
            "propagation-seconds 5": "propagation-seconds 0",
        },
    )
    reader.add_program("certbot", program("certbot"))
    reader.add_program("systemctl")
    (settings,) = reader.files("Get").values()
    etc = reader.place("/etc/letsencrypt")
    # certbot looks for its settings here as well, whose own are for this machine.
    own = untrusting.home / ".config/letsencrypt/cli.ini"
    own.parent.mkdir(parents=True)
    own.write_text(
        f"{settings}config-dir = {etc}\nwork-dir = {untrusting.path('work')}\n"
        f"logs-dir = {untrusting.path('logs')}\nnon-interactive = true\n"
        f"http-01-port = {server.http_port}\nno-random-sleep-on-renew = true\n"
    )

    def obtained(name: str) -> Obtained:
        live = etc / "live" / name
        return Obtained(live / "cert.pem", live / "chain.pem", live / "privkey.pem")

    reader.bind()
    untrusting.environment["REQUESTS_CA_BUNDLE"] = str(server.root)
    reader.follow("External account")
    assert reader.is_bound()
    untrusting.environment.pop("REQUESTS_CA_BUNDLE")
    words = "certbot", "certonly", "--standalone", "-d", "www.corp.example"
    reader.complains("CERTIFICATE_VERIFY_FAILED", *words)
    reader.follow("Get")
    obtained("www.corp.example").is_right(server, *_WWW)
    reader.follow("Renew")
    reader.follow("Wildcards")
    obtained("corp.example").is_right(server, "*.corp.example")
    reader.follow("Addresses")
    obtained("127.0.0.1").is_right(server, "127.0.0.1")
    reader.follow("Profile")
    obtained("api.corp.example").is_right(server, "api.corp.example")
    reader.follow("Revoke")
    assert server.is_revoked(obtained("www.corp.example").certificate)


def test_lego(untrusting: Machine) -> None:
    server = untrusting.server
    reader = Reader(
        "lego",
        untrusting,
        {
            "--http ": f"--http --http.port 127.0.0.1:{server.http_port} ",
            # The name server is at another port than the one that is looked at.
            "--dns rfc2136 ": "--dns rfc2136 --dns.propagation-disable-ans ",
        },
    )
    folder = reader.place("/etc/lego/certificates")

    def obtained(name: str) -> Obtained:
        public = folder / f"{name}.crt"
        return Obtained(public, public, folder / f"{name}.key")

    lego = program("lego")
    if "--profile" not in untrusting.run(lego, "run", "--help"):
        pytest.skip("the page is about a newer lego")
    reader.add_program("lego", lego)
    reader.follow("Get")
    obtained("www.corp.example").is_right(server, *_WWW)
    reader.follow("Renew")
    reader.follow("Wildcards")
    obtained("_.corp.example").is_right(server, "*.corp.example")
    reader.follow("Addresses")
    obtained("127.0.0.1").is_right(server, "127.0.0.1")
    reader.bind()
    reader.follow("External account")
    assert reader.is_bound()
    obtained("eab.corp.example").is_right(server, "eab.corp.example")
    reader.follow("Profile")
    obtained("api.corp.example").is_right(server, "api.corp.example")
    reader.follow("Revoke")
    assert server.is_revoked(obtained("www.corp.example").certificate)


def test_acme_sh(untrusting: Machine) -> None:
    needs("socat")
    server = untrusting.server
    reader = Reader(
        "acme.sh",
        untrusting,
        {
            "--standalone": f"--standalone --httpport {server.http_port} --listen-v4",
            # The name server has the record at once.
            "--dnssleep 5": "--dnssleep 1",
            "NSUPDATE_SERVER_PORT=53": f"NSUPDATE_SERVER_PORT={server.names.port}",
        },
    )
    reader.add_program("acme.sh", program("acme.sh"))

    def obtained(name: str) -> Obtained:
        folder = untrusting.home / ".acme.sh" / f"{name}_ecc"
        certificate = folder / f"{name}.cer"
        return Obtained(certificate, folder / "ca.cer", folder / f"{name}.key")

    words = "acme.sh", "--register-account", "--server", server.directory
    reader.complains("error code: 60", *words)
    reader.follow("Get")
    obtained("www.corp.example").is_right(server, *_WWW)
    tls = reader.place("/etc/nginx/tls")
    installed = Obtained(tls / "www.pem", tls / "www.pem", tls / "www-key.pem")
    installed.is_right(server, *_WWW)
    # As cron's job: without the variables of whoever set it up.
    words = "--renew", "-d", "www.corp.example", "--ecc", "--force"
    untrusting.run("acme.sh", *words)
    reader.follow("Renew")
    reader.follow("Wildcards")
    obtained("*.corp.example").is_right(server, "*.corp.example")
    reader.follow("Addresses")
    obtained("127.0.0.1").is_right(server, "127.0.0.1")
    reader.follow("Profile")
    obtained("api.corp.example").is_right(server, "api.corp.example")
    revoked = untrusting.kept(obtained("www.corp.example").certificate)
    reader.follow("Revoke")
    assert server.is_revoked(revoked)
    reader.follow("A new account key")
    # A new machine, which has no account yet.
    (untrusting.home / ".acme.sh").rename(untrusting.path("another home"))
    reader.bind()
    reader.follow("External account")
    assert reader.is_bound()


def test_dehydrated(untrusting: Machine) -> None:
    server = untrusting.server
    reader = Reader("dehydrated", untrusting)
    etc = reader.place("/etc/dehydrated")
    reader.add_program("dehydrated", program("dehydrated"), "--config", etc / "config")
    reader.files("Get")
    config = etc / "config"
    config.write_text(config.read_text().replace("CURL_OPTS", "CURL_OPTS_NOT"))
    reader.place("/var/lib/dehydrated").mkdir(parents=True)
    reader.place("/var/www/html/.well-known/acme-challenge").mkdir(parents=True)
    words = "dehydrated", "--register", "--accept-terms"
    reader.complains("curl returned with 60", *words)

    def obtained(name: str) -> Obtained:
        folder = reader.place("/var/lib/dehydrated/certs") / name
        certificate = folder / "cert.pem"
        return Obtained(certificate, folder / "chain.pem", folder / "privkey.pem")

    reader.bind()
    with _at_port_80(reader):
        # As the page says, before --register, and in the same file.
        more = reader.loose("External account", "sh") + reader.loose("Profile", "sh")
        quick = "ACCOUNT_KEYSIZE=2048\n"  # the default of 4096 takes a while to make
        get = next(b for b in reader.page.sections["Get"] if b.language == "sh")
        reader.write("/etc/dehydrated/config", reader.told(get.text) + more + quick)
        script = next(b for b in reader.page.sections["Get"] if b.language == "console")
        untrusting.run("bash", "-euc", script.commands)
        assert reader.is_bound()
        obtained("www.corp.example").is_right(server, *_WWW)
        reader.follow("Addresses")
        obtained("address").is_right(server, "127.0.0.1")
    reader.follow("Wildcards")
    obtained("wildcard").is_right(server, "*.corp.example")
    revoked = untrusting.kept(obtained("www.corp.example").certificate)
    reader.follow("Revoke")
    assert server.is_revoked(revoked)


def test_uacme(untrusting: Machine) -> None:
    server = untrusting.server
    reader = Reader("uacme", untrusting)
    uacme, etc = program("uacme"), reader.place("/etc/ssl/uacme")
    words = uacme, "--acme-url", server.directory, "--confdir", etc, "--yes", "new"
    reader.complains("SSL peer certificate or SSH remote key was not OK", *words)
    trusting = with_roots(server.root)
    reader.add_program("uacme", *trusting, uacme, "--confdir", etc)

    def obtained(name: str) -> Obtained:
        certificate = etc / name / "cert.pem"
        return Obtained(certificate, certificate, etc / "private" / name / "key.pem")

    with _at_port_80(reader):
        reader.follow("Get")
        obtained("www.corp.example").is_right(server, *_WWW)
        first = obtained("www.corp.example").serial_number
        reader.follow("Renew")
        obtained("www.corp.example").is_right(server, *_WWW)
        assert obtained("www.corp.example").serial_number != first
        reader.follow("Addresses")
        obtained("127.0.0.1").is_right(server, "127.0.0.1")
    reader.follow("Wildcards")
    obtained("corp.example").is_right(server, "*.corp.example")
    reader.bind()
    reader.follow("External account")
    assert reader.is_bound()
    reader.follow("A new account key")
    revoked = untrusting.kept(obtained("www.corp.example").certificate)
    reader.follow("Revoke")
    assert server.is_revoked(revoked)
