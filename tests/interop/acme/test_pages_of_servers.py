"""docs/acme/: what pages of Caddy, Traefik, mod_md, nginx, cert-manager say, done."""

from __future__ import annotations

import base64
import contextlib
import re
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from interop.acme.installed import program
from interop.acme.machines import Log, Machine
from interop.acme.pages import FOLDER, Page, Reader
from interop.acme.presented import presented
from interop.tools import needs

pytestmark = pytest.mark.interop

_UNKNOWN = "certificate signed by unknown authority"
_NOT_CONTACTED = "Unsuccessful in contacting ACME server"


@pytest.fixture
def untrusting(machine: Machine) -> Machine:
    machine.distrust()
    return machine


@contextlib.contextmanager
def _caddy(reader: Reader, text: str, log: str) -> Iterator[Log]:
    """Run Caddy with a file of the page, at this machine's ports."""
    server = reader.machine.server
    options = (
        "\tadmin off\n\tskip_install_trust\n\tauto_https disable_redirects\n"
        "\tdefault_bind 127.0.0.1\n\tdefault_sni 127.0.0.1\n"
        f"\thttp_port {server.http_port}\n\thttps_port {server.tls_port}\n"
    )
    if not text.startswith("{"):
        text = f"{{\n}}\n\n{text}"
    file = reader.write("/etc/caddy/Caddyfile", text.replace("{\n", "{\n" + options, 1))
    words = program("caddy"), "run", "--config", file
    with reader.machine.running(*words, log=log) as running:
        yield running


def test_caddy(untrusting: Machine) -> None:
    reader = Reader("caddy", untrusting)
    (site,) = reader.files("Get").values()
    assert _UNKNOWN in reader.page.complaints
    with _caddy(reader, re.sub(".*acme_ca_root.*\n", "", site), "untrusting") as log:
        log.await_text(untrusting.path("untrusting"), _UNKNOWN)
    with _caddy(reader, site, "get") as log:
        presented(untrusting, log, "www.corp.example")
        presented(untrusting, log, "api.corp.example")
    with _caddy(reader, reader.loose("Addresses", "caddyfile"), "addresses") as log:
        presented(untrusting, log, "127.0.0.1")
    with _caddy(reader, reader.loose("Profile", "caddyfile"), "profile") as log:
        presented(untrusting, log, "profile.corp.example")
    reader.bind()
    # Caddy has an account with this CA by now: a new machine has none.
    (untrusting.home / ".local").rename(untrusting.path("another home"))
    with _caddy(reader, reader.loose("External account", "caddyfile"), "eab") as log:
        presented(untrusting, log, "eab.corp.example")
    assert reader.is_bound()
    _revoked_as_told(reader, untrusting.path("another home"))


def _revoked_as_told(reader: Reader, home: Path) -> None:
    """Revoke on the CA what a server has no command for."""
    (told,) = re.findall(r"`(tlsmith cert revoke [^`]+)`", reader.page.text)
    (certificate,) = home.rglob("www.corp.example.crt")
    server = reader.machine.server
    assert not server.is_revoked(certificate)
    server.do(told)
    assert server.is_revoked(certificate)


class _Traefik:
    """Traefik, with what the page says of its two files."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        server = reader.machine.server
        texts = reader.files("Get")
        self.static = yaml.safe_load(texts["/etc/traefik/traefik.yml"])
        self.routers = yaml.safe_load(texts["/etc/traefik/routers.yml"])
        ports = {"web": server.http_port, "websecure": server.tls_port}
        for name, port in ports.items():
            self.static["entryPoints"][name]["address"] = f"127.0.0.1:{port}"
        reader.place("/var/lib/traefik").mkdir(parents=True)

    @property
    def acme(self) -> dict[str, Any]:
        acme: dict[str, Any] = self.static["certificatesResolvers"]["corp"]["acme"]
        return acme

    @property
    def router(self) -> dict[str, Any]:
        router: dict[str, Any] = self.routers["http"]["routers"]["www"]
        return router

    @contextlib.contextmanager
    def running(self, log: str, **environment: str) -> Iterator[Log]:
        reader = self._reader
        reader.write("/etc/traefik/routers.yml", yaml.safe_dump(self.routers))
        text = yaml.safe_dump(self.static)
        file = reader.write("/etc/traefik/traefik.yml", text)
        reader.place("/var/lib/traefik/acme.json").unlink(missing_ok=True)
        words = program("traefik"), f"--configFile={file}"
        with reader.machine.running(*words, log=log, **environment) as running:
            yield running


def test_traefik(untrusting: Machine) -> None:
    server = untrusting.server
    reader = Reader("traefik", untrusting)
    traefik = _Traefik(reader)
    roots = traefik.acme.pop("caCertificates")
    assert _UNKNOWN in reader.page.complaints
    with traefik.running("untrusting") as log:
        log.await_text(untrusting.path("untrusting"), _UNKNOWN)
    traefik.acme["caCertificates"] = roots
    traefik.acme.update(yaml.safe_load(reader.loose("Profile", "yaml")))
    reader.bind()
    traefik.acme.update(yaml.safe_load(reader.loose("External account", "yaml")))
    with traefik.running("get") as log:
        presented(untrusting, log, "www.corp.example")
    assert reader.is_bound()
    traefik.acme.pop("eab")  # one machine was let in by it
    traefik.acme.pop("httpChallenge")
    challenge, tls = (
        yaml.safe_load(reader.told(block.text))
        for block in reader.page.sections["Wildcards"]
        if block.language == "yaml"
    )
    traefik.acme.update(challenge)
    # The name server is at another port than the one that is looked at.
    traefik.acme["dnsChallenge"]["propagation"] = {"disableANSChecks": True}
    traefik.router.update(tls)
    variables = dict(
        line.split("=", 1) for line in reader.loose("Wildcards", "sh").splitlines()
    )
    assert variables["RFC2136_NAMESERVER"] == server.names.address
    with traefik.running("wildcard", **variables) as log:
        presented(untrusting, log, "any.corp.example")


def test_mod_md(untrusting: Machine) -> None:
    modules = Path("/usr/lib/apache2/modules")
    if not (modules / "mod_md.so").exists():
        pytest.skip("Apache's mod_md is not installed")
    server = untrusting.server
    reader = Reader("mod_md", untrusting, {":443": f":{server.tls_port}"})
    reader.bind()
    parts = [
        reader.files("Get")["/etc/apache2/conf-enabled/corp-ca.conf"],
        *(reader.loose(part, "apache") for part in ("Get", "Wildcards")),
        *(reader.loose(part, "apache") for part in ("External account", "Profile")),
    ]
    reader.files("Wildcards")
    for script in reader.place("/etc/apache2").glob("*.sh"):
        script.chmod(0o755)
    reader.place("/var/lib/apache2").mkdir(parents=True)
    names = "mpm_event", "authz_core", "ssl", "md"
    own = [
        *(f"LoadModule {name}_module {modules}/mod_{name}.so" for name in names),
        f"ServerRoot {untrusting.folder}",
        "ServerName localhost",
        f"PidFile {untrusting.path('apache.pid')}",
        f"Mutex file:{untrusting.folder} default",
        f"ErrorLog {untrusting.path('apache.log')}",
        "LogLevel info md:debug",
        "StartServers 1\nThreadsPerChild 8\nMaxRequestWorkers 8",
        "MinSpareThreads 2\nMaxSpareThreads 8",
        f"Listen 127.0.0.1:{server.http_port}",
        f"Listen 127.0.0.1:{server.tls_port} https",
        f"MDPortMap http:{server.http_port} https:{server.tls_port}",
        "MDInitialDelay 0s\nMDCheckInterval 1s\nMDRetryDelay 5s",
        f"<VirtualHost *:{server.tls_port}>",
        "ServerName wild.corp.example\nServerAlias *.wild.corp.example",
        "SSLEngine on\n</VirtualHost>",
    ]
    text = "\n".join([*own, *parts])
    words = program("apache2"), "-f", reader.place("apache2.conf"), "-DFOREGROUND"
    reader.write("apache2.conf", re.sub("MDCACertificateFile.*", "", text))
    reader.complains(_NOT_CONTACTED, *words, log="apache.log")
    shutil.rmtree(untrusting.path("md"))
    reader.write("apache2.conf", text)
    with untrusting.running(*words, log="apache.log") as log:
        for name in "www.corp.example", "wild.corp.example":
            job = untrusting.path("md") / "staging" / name / "job.json"
            log.await_text(job, '"finished": true')
        log.await_text(untrusting.path("apache.log"), "renewed")
        log.process.send_signal(signal.SIGUSR1)
        presented(untrusting, log, "www.corp.example")
        presented(untrusting, log, "any.wild.corp.example")
    assert reader.is_bound()
    assert reader.place("/var/lib/apache2/md-renewed").exists()


_ACME_DIRECTIVES = re.compile(
    r"^acme_issuer \w+ \{\n(?P<inside>.*?)^\}\n|^ *acme_(shared_zone|certificate) .*\n",
    re.DOTALL | re.MULTILINE,
)
_OF_ISSUERS = {
    *("uri", "ssl_trusted_certificate", "contact", "state_path", "profile"),
    *("accept_terms_of_service", "external_account_key", "challenge"),
}


def test_nginx_takes_the_rest_of_its_page(untrusting: Machine) -> None:
    """Its ACME module is in no package that the tests can have; nginx is."""
    needs("nginx", "openssl")
    server = untrusting.server
    reader = Reader(
        "nginx",
        untrusting,
        {
            "listen 80": f"listen 127.0.0.1:{server.http_port}",
            "listen 443": f"listen 127.0.0.1:{server.tls_port}",
        },
    )
    (text,) = reader.files("Get").values()
    issuer = _ACME_DIRECTIVES.search(text)
    assert issuer is not None
    inside = issuer["inside"] + "".join(
        reader.loose(part, "nginx") for part in ("External account", "Profile")
    )
    directives = {line.split()[0].rstrip(";") for line in inside.splitlines()}
    assert directives <= _OF_ISSUERS
    assert f"uri {server.directory};" in inside
    key, certificate = untrusting.path("key.pem"), untrusting.path("cert.pem")
    made = "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-x509"
    untrusting.run(
        *("openssl", "req", *made, "-keyout", key, "-out", certificate),
        *("-subj", "/CN=www.corp.example"),
    )
    site = _ACME_DIRECTIVES.sub("", text)
    for variable, path in (
        ("$acme_certificate_key", key),
        (
            "$acme_certificate",
            certificate,
        ),
    ):
        site = site.replace(f" {variable};", f" {path};")
    # Debian 12's nginx is of before this one.
    site = re.sub(".*ssl_certificate_cache .*\n", "", site)
    conf = untrusting.path("nginx.conf")
    temporary = "".join(
        f"{kind}_temp_path {untrusting.path(kind)};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    conf.write_text(
        f"pid {untrusting.path('nginx.pid')};\nerror_log stderr;\nevents {{ }}\n"
        f"http {{\naccess_log off;\n{temporary}{site}}}\n"
    )
    said = untrusting.run(program("nginx"), "-t", "-e", "stderr", "-c", conf)
    assert "test is successful" in said


def test_cert_manager_is_of_the_right_shape(untrusting: Machine) -> None:
    """There is no cluster here: what can be seen without is."""
    reader = Reader("cert-manager", untrusting)
    said = reader.follow("Get")
    encoded = said.split()[0]
    assert base64.b64decode(encoded) == untrusting.server.root.read_bytes()
    issuer, certificate = map(yaml.safe_load, reader.files("Get").values())
    for one, kind in (issuer, "ClusterIssuer"), (certificate, "Certificate"):
        assert one["apiVersion"] == "cert-manager.io/v1"
        assert one["kind"] == kind
        assert set(one) == {"apiVersion", "kind", "metadata", "spec"}
    acme = issuer["spec"]["acme"]
    assert acme["server"] == untrusting.server.directory
    assert acme["caBundle"] == "BASE64_OF_THE_ROOT"
    reference = certificate["spec"]["issuerRef"]
    assert reference == {"kind": "ClusterIssuer", "name": issuer["metadata"]["name"]}
    (solver,) = yaml.safe_load(reader.loose("Wildcards", "yaml"))
    acme["solvers"].append(solver)
    assert solver["dns01"]["rfc2136"]["nameserver"] == untrusting.server.names.address
    for part in "External account", "Profile":
        acme |= yaml.safe_load(reader.loose(part, "yaml"))
    assert set(acme) == {
        *("server", "caBundle", "email", "privateKeySecretRef", "solvers"),
        *("externalAccountBinding", "profile"),
    }


@pytest.mark.parametrize("page", sorted(FOLDER.glob("*.md")), ids=lambda one: one.stem)
def test_a_page_never_says_to_trust_blindly(page: Path) -> None:
    """And leads to pages that are there, with blocks that some test reads."""
    text = page.read_text("utf-8")
    for word in ("--insecure", "no-verify", "skip-verify", "ssl_verify off", "curl -k"):
        assert word not in text
    for target in re.findall(r"\]\(([\w./-]+\.md)\)", text):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"
    assert "\n## Get\n" in text
    assert "\n## When it fails\n" in text
    assert Page(page.stem).blocks
