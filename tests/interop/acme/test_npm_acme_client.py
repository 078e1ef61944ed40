"""acme-client of npm: every challenge, wildcards, EAB, key rollover, deactivation."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from interop.acme.installed import npm_package
from interop.acme.machines import Machine
from interop.acme.obtained import Obtained

pytestmark = pytest.mark.interop

_PROGRAM = Path(__file__).parent / "programs" / "acme_client.cjs"


def _obtained(
    machine: Machine, challenge: str, *names: str, **more: object
) -> Obtained:
    server = machine.server
    told = {
        "library": npm_package("acme-client"),
        "directory": server.directory,
        "challenge": challenge,
        "names": names,
        "folder": str(machine.folder),
        "httpPort": server.http_port,
        "tlsPort": server.tls_port,
        "dnsHost": server.names.host,
        "dnsPort": server.names.port,
        "dnsKey": str(server.names.key_file),
        **more,
    }
    machine.run("node", _PROGRAM, json.dumps(told))
    return Obtained(*(machine.path(f"{one}.pem") for one in ("cert", "chain", "key")))


@pytest.mark.parametrize("challenge", ["http-01", "tls-alpn-01", "dns-01"])
def test_a_session(machine: Machine, challenge: str) -> None:
    """Obtained, renewed with another account key, revoked; the account is closed."""
    name = f"npm-{challenge}.acme.test"
    names = (name, f"*.{name}") if challenge == "dns-01" else (name, f"also.{name}")
    obtained = _obtained(machine, challenge, *names, session=True)
    obtained.is_right(machine.server, *names)
    assert machine.server.is_revoked(obtained.certificate)


def test_an_account_that_is_bound(bound_machine: Machine) -> None:
    binding = bound_machine.server.eab()
    eab = {"kid": binding.kid, "hmacKey": binding.hmac}
    name = "npm-eab.acme.test"
    _obtained(bound_machine, "http-01", name, eab=eab).is_right(
        bound_machine.server, name
    )
