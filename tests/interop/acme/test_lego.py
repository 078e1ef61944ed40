"""lego: every challenge, wildcards, addresses, EAB, profiles, renewal information."""

from __future__ import annotations

from pathlib import Path

import pytest

from interop.acme.installed import program
from interop.acme.machines import Machine
from interop.acme.name_server import KEY_ALGORITHM, KEY_NAME
from interop.acme.obtained import Obtained

pytestmark = pytest.mark.interop

_CHALLENGES = ("http", "tls", "dns")


class Lego:
    """lego, as it is run with one challenge for some names."""

    def __init__(self, machine: Machine, challenge: str, *names: str) -> None:
        self._machine = machine
        self._lego = program("lego")
        self._names = names
        server = machine.server
        self._common = [
            *("--server", server.directory, "--accept-tos", "--email", "a@acme.test"),
            *("--path", str(machine.path("lego")), *_options(machine, challenge)),
            *(word for name in names for word in ("--domains", name)),
        ]
        self._environment = {
            "RFC2136_NAMESERVER": server.names.address,
            "RFC2136_TSIG_ALGORITHM": KEY_ALGORITHM,
            "RFC2136_TSIG_KEY": KEY_NAME,
            "RFC2136_TSIG_SECRET": server.names.secret,
            # Between two names, which lego takes one after the other.
            "RFC2136_SEQUENCE_INTERVAL": "0",
            "RFC2136_POLLING_INTERVAL": "1",
        }

    def __call__(self, *words: str, code: int | None = 0) -> str:
        words = self._lego, *self._common, *words
        return self._machine.run(*words, code=code, **self._environment)

    @property
    def obtained(self) -> Obtained:
        stem = self._names[0].replace("*", "_")
        folder = self._machine.path("lego") / "certificates"
        return Obtained(
            folder / f"{stem}.crt", folder / f"{stem}.crt", folder / f"{stem}.key"
        )


def _options(machine: Machine, challenge: str) -> list[str]:
    server = machine.server
    return {
        "http": ["--http", "--http.port", f"127.0.0.1:{server.http_port}"],
        "tls": ["--tls", "--tls.port", f"127.0.0.1:{server.tls_port}"],
        # The name server is not at the port where lego would look for the record.
        "dns": [
            *("--dns", "rfc2136", "--dns.resolvers", server.names.address),
            "--dns.disable-cp",
        ],
    }[challenge]


def _knows(lego: Lego, command: str, option: str) -> None:
    """Skip the test where lego is one of before the option."""
    if option not in lego(command, "--help"):
        pytest.skip(f"this lego has no {option}")


@pytest.mark.parametrize("challenge", _CHALLENGES)
def test_obtained_renewed_and_revoked(machine: Machine, challenge: str) -> None:
    name = f"lego-{challenge}.acme.test"
    lego = Lego(machine, challenge, name, f"also.{name}")
    lego("run")
    lego.obtained.is_right(machine.server, name, f"also.{name}")
    first = lego.obtained.serial_number
    lego("renew", "--days", "9999", "--no-random-sleep")
    lego.obtained.is_right(machine.server, name, f"also.{name}")
    assert lego.obtained.serial_number != first
    assert not machine.server.is_revoked(lego.obtained.certificate)
    lego("revoke", "--keep")
    assert machine.server.is_revoked(lego.obtained.certificate)


def test_a_wildcard_and_its_domain(machine: Machine) -> None:
    lego = Lego(machine, "dns", "*.lego-wild.acme.test", "lego-wild.acme.test")
    lego("run")
    names = "*.lego-wild.acme.test", "lego-wild.acme.test"
    lego.obtained.is_right(machine.server, *names)


@pytest.mark.parametrize("challenge", ["http", "tls"])
def test_an_address(machine: Machine, challenge: str) -> None:
    machine.server.needs("addresses")
    lego = Lego(machine, challenge, "127.0.0.1")
    lego("run")
    lego.obtained.is_right(machine.server, "127.0.0.1")


@pytest.mark.parametrize("kind", ["rsa2048", "ec384"])
def test_other_keys(machine: Machine, kind: str) -> None:
    lego = Lego(machine, "http", "lego-keys.acme.test")
    lego("--key-type", kind, "run")
    lego.obtained.is_right(machine.server, "lego-keys.acme.test")


def test_an_account_that_is_bound(bound_machine: Machine) -> None:
    binding = bound_machine.server.eab()
    lego = Lego(bound_machine, "http", "lego-eab.acme.test")
    assert "External Account Binding" in lego("run", code=None)
    lego("--eab", "--kid", binding.kid, "--hmac", binding.hmac, "run")
    lego.obtained.is_right(bound_machine.server, "lego-eab.acme.test")


def test_an_account_that_is_bound_with_another_key(bound_machine: Machine) -> None:
    lego = Lego(bound_machine, "http", "lego-eab.acme.test")
    wrong = "--eab", "--kid", bound_machine.server.eab().kid, "--hmac", "d3Jvbmc" * 6
    assert "acme: error" in lego(*wrong, "run", code=None)
    assert not lego.obtained.certificate.exists()


def test_names_that_need_no_challenge(bound_machine: Machine) -> None:
    """Where the CA reaches nobody: an external account says which names are whose."""
    domain = "lego-closed.acme.test"
    binding = bound_machine.server.eab("--preauthorize", domain, "--name", domain)
    eab = "--eab", "--kid", binding.kid, "--hmac", binding.hmac
    nobody = "--http.port", "127.0.0.1:0"
    lego = Lego(bound_machine, "http", f"a.{domain}", f"b.{domain}")
    lego(*eab, *nobody, "run")
    lego.obtained.is_right(bound_machine.server, f"a.{domain}", f"b.{domain}")
    other = Lego(bound_machine, "http", "lego-other.acme.test")
    assert "rejectedIdentifier" in other(*eab, *nobody, "run", code=None)


def test_a_challenge_that_fails(machine: Machine) -> None:
    """The reason reaches the user in words."""
    lego = Lego(machine, "http", "lego-fails.acme.test")
    said = lego("--http.port", "127.0.0.1:0", "run", code=None)
    assert "lego-fails.acme.test" in said
    assert "urn:ietf:params:acme:error:connection" in said


def test_a_request_made_elsewhere(machine: Machine) -> None:
    key, request = machine.path("own.key"), machine.path("own.csr")
    subject = "-subj", "/", "-addext", "subjectAltName=DNS:lego-csr.acme.test"
    kind = "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"
    machine.run(
        "openssl", "req", "-new", *kind, "-keyout", key, "-out", request, *subject
    )
    lego = Lego(machine, "http")
    lego("--csr", str(request), "run")
    folder: Path = machine.path("lego") / "certificates"
    certificate = folder / "lego-csr.acme.test.crt"
    Obtained(certificate, certificate, key).is_right(
        machine.server, "lego-csr.acme.test"
    )


def test_renewal_information_is_followed(machine: Machine) -> None:
    """Nothing is renewed before its window, and at once when it is past."""
    machine.server.needs("ari")
    name = "lego-ari.acme.test"
    lego = Lego(machine, "http", name)
    _knows(lego, "renew", "--ari-disable")
    lego("run")
    first = lego.obtained.serial_number
    lego("renew", "--no-random-sleep")
    assert lego.obtained.serial_number == first
    lego("revoke", "--keep")
    lego("renew", "--no-random-sleep")
    lego.obtained.is_right(machine.server, name)
    assert lego.obtained.serial_number != first


def test_a_profile(machine: Machine) -> None:
    machine.server.needs("profiles")
    lego = Lego(machine, "http", "lego-profile.acme.test")
    _knows(lego, "run", "--profile")
    lego("run", "--profile", "server")
    lego.obtained.is_right(machine.server, "lego-profile.acme.test")
    assert "invalidProfile" in lego("run", "--profile", "no-such", code=None)
