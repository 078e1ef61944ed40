"""certbot: http-01, dns-01 by updates and by hooks, addresses, EAB, profiles, ARI."""

from __future__ import annotations

import re

import pytest

from interop.acme.installed import program
from interop.acme.machines import Machine
from interop.acme.name_server import KEY_NAME
from interop.acme.obtained import Obtained
from interop.acme.responders import webroot

pytestmark = pytest.mark.interop

_HOOK = """\
#!/bin/sh
exec nsupdate -k {key} <<END
server {host} {port}
update {verb} _acme-challenge.$CERTBOT_DOMAIN 0 TXT "$CERTBOT_VALIDATION"
send
END
"""


class Certbot:
    """certbot, with folders of its own."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._certbot = program("certbot")
        folders = [(f"--{kind}-dir", machine.path(kind)) for kind in _FOLDERS]
        self._common = [
            *("--non-interactive", "--server", machine.server.directory),
            *(word for pair in folders for word in pair),
        ]

    def __call__(self, *words: object, code: int | None = 0) -> str:
        words = self._certbot, *words, *self._common
        return self._machine.run(*map(str, words), code=code)

    def certonly(self, *words: object, code: int | None = 0) -> str:
        agreed = "--agree-tos", "--register-unsafely-without-email"
        return self("certonly", *agreed, *words, code=code)

    def standalone(self, *words: object, code: int | None = 0) -> str:
        port = self._machine.server.http_port
        return self.certonly("--standalone", "--http-01-port", port, *words, code=code)

    def renew(self, name: str, *words: object) -> str:
        quick = "--no-random-sleep-on-renew", "--cert-name", name
        return self("renew", *quick, *words)

    def obtained(self, name: str) -> Obtained:
        folder = self._machine.path("config") / "live" / name
        return Obtained(
            folder / "cert.pem", folder / "chain.pem", folder / "privkey.pem"
        )


_FOLDERS = ("config", "work", "logs")


@pytest.fixture
def certbot(machine: Machine) -> Certbot:
    return Certbot(machine)


def _renewed_and_revoked(
    certbot: Certbot, machine: Machine, lineage: str, *names: str
) -> None:
    obtained = certbot.obtained(lineage)
    obtained.is_right(machine.server, *names)
    first = obtained.serial_number
    certbot.renew(lineage, "--force-renewal")
    obtained.is_right(machine.server, *names)
    assert obtained.serial_number != first
    assert not machine.server.is_revoked(obtained.certificate)
    kept = "--no-delete-after-revoke", "--reason", "superseded"
    certbot("revoke", "--cert-name", lineage, *kept)
    assert machine.server.is_revoked(obtained.certificate)


def test_a_server_of_its_own(certbot: Certbot, machine: Machine) -> None:
    name = "certbot-http.acme.test"
    certbot.standalone("-d", name, "-d", f"also.{name}")
    _renewed_and_revoked(certbot, machine, name, name, f"also.{name}")


def test_a_webroot(certbot: Certbot, machine: Machine) -> None:
    name, folder = "certbot-webroot.acme.test", machine.path("www")
    with webroot(folder, machine.server.http_port):
        certbot.certonly("--webroot", "--webroot-path", folder, "-d", name)
        _renewed_and_revoked(certbot, machine, name, name)


def test_updates_of_dns_for_a_wildcard(certbot: Certbot, machine: Machine) -> None:
    domain = "certbot-wild.acme.test"
    names = machine.server.names
    credentials = machine.path("rfc2136.ini")
    credentials.write_text(
        f"dns_rfc2136_server = {names.host}\ndns_rfc2136_port = {names.port}\n"
        f"dns_rfc2136_name = {KEY_NAME}.\ndns_rfc2136_secret = {names.secret}\n"
        "dns_rfc2136_algorithm = HMAC-SHA256\n"
    )
    credentials.chmod(0o600)
    certbot.certonly(
        *("--dns-rfc2136", "--dns-rfc2136-credentials", credentials),
        *("--dns-rfc2136-propagation-seconds", 0),
        *("-d", domain, "-d", f"*.{domain}"),
    )
    _renewed_and_revoked(certbot, machine, domain, domain, f"*.{domain}")


def test_hooks_for_dns(certbot: Certbot, machine: Machine) -> None:
    name = "certbot-hooks.acme.test"
    names = machine.server.names
    hooks: list[object] = []
    for verb, option in ("add", "auth"), ("delete", "cleanup"):
        hook = machine.path(f"{option}.sh")
        hook.write_text(
            _HOOK.format(
                verb=verb, key=names.key_file, host=names.host, port=names.port
            )
        )
        hook.chmod(0o700)
        hooks += [f"--manual-{option}-hook", hook]
    certbot.certonly("--manual", "--preferred-challenges", "dns", *hooks, "-d", name)
    _renewed_and_revoked(certbot, machine, name, name)


def test_an_address(certbot: Certbot, machine: Machine) -> None:
    machine.server.needs("addresses")
    certbot.standalone("--ip-address", "127.0.0.1")
    _renewed_and_revoked(certbot, machine, "127.0.0.1", "127.0.0.1")


@pytest.mark.parametrize("kind", [("rsa", "--rsa-key-size", 3072), ("ecdsa",)])
def test_other_keys(
    certbot: Certbot, machine: Machine, kind: tuple[object, ...]
) -> None:
    certbot.standalone("--key-type", *kind, "-d", "certbot-keys.acme.test")
    obtained = certbot.obtained("certbot-keys.acme.test")
    obtained.is_right(machine.server, "certbot-keys.acme.test")


def test_revoked_by_the_key_of_the_certificate(
    certbot: Certbot, machine: Machine
) -> None:
    """Without the account, as somebody does who found the key."""
    name = "certbot-key.acme.test"
    certbot.standalone("-d", name)
    found = certbot.obtained(name)
    files = "--cert-path", found.certificate, "--key-path", found.key
    certbot("revoke", *files, "--reason", "keycompromise", "--no-delete-after-revoke")
    assert machine.server.is_revoked(found.certificate)


def test_an_account_that_is_bound(bound_machine: Machine) -> None:
    certbot, binding = Certbot(bound_machine), bound_machine.server.eab()
    name = "certbot-eab.acme.test"
    certbot.standalone("-d", name, code=None)
    eab = "--eab-kid", binding.kid, "--eab-hmac-key", binding.hmac
    certbot.standalone(*eab, "-d", name)
    certbot.obtained(name).is_right(bound_machine.server, name)


def test_an_account_is_shown_changed_and_deactivated(
    certbot: Certbot, machine: Machine
) -> None:
    certbot("register", "--agree-tos", "--email", "first@acme.test")
    certbot("update_account", "--email", "second@acme.test")
    assert machine.server.directory.rpartition("/")[0] in certbot("show_account")
    certbot("unregister")
    certbot("show_account", code=None)


def test_a_challenge_that_fails(certbot: Certbot) -> None:
    """The reason reaches the user in words."""
    said = certbot.certonly(
        *("--standalone", "--http-01-port", 0, "-d", "certbot-fails.acme.test"),
        code=None,
    )
    assert re.search(r"Type: +connection", said)
    assert "certbot-fails.acme.test" in said


def test_renewal_information_is_followed(certbot: Certbot, machine: Machine) -> None:
    """What the CA took back is renewed at the next look, long before it expires."""
    machine.server.needs("ari")
    name = "certbot-ari.acme.test"
    certbot.standalone("-d", name)
    obtained = certbot.obtained(name)
    first = obtained.serial_number
    assert "not yet due" in certbot.renew(name)
    certbot("revoke", "--cert-name", name, "--no-delete-after-revoke")
    certbot.renew(name)
    obtained.is_right(machine.server, name)
    assert obtained.serial_number != first


def test_a_profile(certbot: Certbot, machine: Machine) -> None:
    machine.server.needs("profiles")
    name = "certbot-profile.acme.test"
    certbot.standalone("--required-profile", "server", "-d", name)
    certbot.obtained(name).is_right(machine.server, name)
    certbot.standalone("--required-profile", "no-such", "-d", f"no.{name}", code=None)
