"""dehydrated: every challenge, wildcards, addresses, EAB, profiles."""

from __future__ import annotations

from pathlib import Path

import pytest

from interop.acme.installed import program
from interop.acme.machines import Machine
from interop.acme.obtained import Obtained
from interop.acme.responders import alpn_responder, webroot

pytestmark = pytest.mark.interop

_CONFIGURATION = """\
CA="{directory}"
BASEDIR="{folder}"
WELLKNOWN="{tokens}"
KEY_ALGO=prime256v1
KEYSIZE=2048
ACCOUNT_KEYSIZE=2048
CONTACT_EMAIL=dehydrated@acme.test
"""
_DNS_HOOK = """\
#!/bin/sh
case $1 in
deploy_challenge) verb=add ;;
clean_challenge) verb=delete ;;
*) exit 0 ;;
esac
exec nsupdate -k {key} <<END
server {host} {port}
update $verb _acme-challenge.$2 0 TXT "$4"
send
END
"""


class Dehydrated:
    """dehydrated, with a configuration and an account of its own."""

    def __init__(self, machine: Machine, **settings: str) -> None:
        self._machine = machine
        self.folder = machine.path("dehydrated")
        self.www = machine.path("www")
        self.tokens = self.www / ".well-known" / "acme-challenge"
        for folder in self.folder, self.tokens:
            folder.mkdir(parents=True)
        self._configuration = self.folder / "config"
        text = _CONFIGURATION.format(
            directory=machine.server.directory, folder=self.folder, tokens=self.tokens
        )
        text += "".join(f'{name}="{value}"\n' for name, value in settings.items())
        self._configuration.write_text(text)
        self._dehydrated = program("dehydrated")

    def __call__(self, *words: object, code: int | None = 0) -> str:
        words = self._dehydrated, "--config", self._configuration, *words
        return self._machine.run(*map(str, words), code=code)

    def register(self) -> None:
        self("--register", "--accept-terms")

    def by_http(self, *words: object, code: int | None = 0) -> str:
        with webroot(self.www, self._machine.server.http_port):
            return self("--cron", *words, code=code)

    def obtained(self, name: str) -> Obtained:
        folder = self.folder / "certs" / name
        return Obtained(
            folder / "cert.pem", folder / "chain.pem", folder / "privkey.pem"
        )


@pytest.fixture
def dehydrated(machine: Machine) -> Dehydrated:
    client = Dehydrated(machine)
    client.register()
    return client


def _dns_hook(machine: Machine) -> Path:
    names = machine.server.names
    hook = machine.path("dns.sh")
    hook.write_text(
        _DNS_HOOK.format(key=names.key_file, host=names.host, port=names.port)
    )
    hook.chmod(0o700)
    return hook


def test_a_webroot(dehydrated: Dehydrated, machine: Machine) -> None:
    name = "dehydrated-http.acme.test"
    wanted = "--domain", f"{name} also.{name}"
    dehydrated.by_http(*wanted)
    obtained = dehydrated.obtained(name)
    obtained.is_right(machine.server, name, f"also.{name}")
    first = obtained.serial_number
    dehydrated.by_http(*wanted)
    assert obtained.serial_number == first, "it was not yet due"
    dehydrated.by_http(*wanted, "--force", "--force-validation")
    obtained.is_right(machine.server, name, f"also.{name}")
    assert obtained.serial_number != first
    assert not machine.server.is_revoked(obtained.certificate)
    kept = machine.kept(obtained.certificate)
    dehydrated("--revoke", obtained.certificate)
    assert machine.server.is_revoked(kept)


def test_dns_for_a_wildcard(dehydrated: Dehydrated, machine: Machine) -> None:
    name = "dehydrated-wild.acme.test"
    dehydrated(
        *("--cron", "--challenge", "dns-01", "--hook", _dns_hook(machine)),
        *("--domain", f"{name} *.{name}"),
    )
    dehydrated.obtained(name).is_right(machine.server, name, f"*.{name}")


def test_tls(dehydrated: Dehydrated, machine: Machine) -> None:
    name = "dehydrated-tls.acme.test"
    folder = machine.path("alpn")
    folder.mkdir()
    with alpn_responder(folder, machine.server.tls_port):
        dehydrated(
            *("--cron", "--challenge", "tls-alpn-01", "--alpn", folder),
            *("--domain", name),
        )
    dehydrated.obtained(name).is_right(machine.server, name)


def test_an_address(dehydrated: Dehydrated, machine: Machine) -> None:
    machine.server.needs("addresses")
    if "ip:" not in Path(program("dehydrated")).read_text():
        pytest.skip("this dehydrated knows no addresses")
    dehydrated.by_http("--domain", "ip:127.0.0.1", "--alias", "address")
    dehydrated.obtained("address").is_right(machine.server, "127.0.0.1")


@pytest.mark.parametrize("kind", ["rsa", "secp384r1"])
def test_other_keys(dehydrated: Dehydrated, machine: Machine, kind: str) -> None:
    name = "dehydrated-keys.acme.test"
    dehydrated.by_http("--algo", kind, "--domain", name)
    dehydrated.obtained(name).is_right(machine.server, name)


def test_an_account_that_is_bound(bound_machine: Machine) -> None:
    binding = bound_machine.server.eab()
    client = Dehydrated(bound_machine, EAB_KID=binding.kid, EAB_HMAC_KEY=binding.hmac)
    client.register()
    name = "dehydrated-eab.acme.test"
    client.by_http("--domain", name)
    client.obtained(name).is_right(bound_machine.server, name)


def test_the_account_is_changed_and_deactivated(dehydrated: Dehydrated) -> None:
    dehydrated("--account")
    dehydrated("--deactivate")
    dehydrated.by_http("--domain", "dehydrated-gone.acme.test", code=1)


def test_a_challenge_that_fails(dehydrated: Dehydrated) -> None:
    """The reason reaches the user in words."""
    said = dehydrated("--cron", "--domain", "dehydrated-fails.acme.test", code=1)
    assert "urn:ietf:params:acme:error:connection" in said


def test_a_profile(machine: Machine) -> None:
    machine.server.needs("profiles")
    if "ACME_PROFILE" not in Path(program("dehydrated")).read_text():
        pytest.skip("this dehydrated knows no profiles")
    client = Dehydrated(machine, ACME_PROFILE="server")
    client.register()
    name = "dehydrated-profile.acme.test"
    client.by_http("--domain", name)
    client.obtained(name).is_right(machine.server, name)
