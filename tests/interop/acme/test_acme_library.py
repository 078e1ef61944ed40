"""certbot's library `acme`: account keys of every kind, renewal information, EAB."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from interop.acme.installed import python_package
from interop.acme.machines import Machine
from interop.acme.obtained import Obtained

pytestmark = pytest.mark.interop

_PROGRAM = Path(__file__).parent / "programs" / "acme_library.py"


def _session(
    machine: Machine,
    *names: str,
    challenge: str = "http-01",
    algorithm: str = "ES256",
    eab: tuple[str, str] | None = None,
) -> None:
    """Obtain, renew, revoke, close the account; judge what was obtained."""
    server = machine.server
    told = {
        "directory": server.directory,
        "challenge": challenge,
        "algorithm": algorithm,
        "names": names,
        "folder": str(machine.folder),
        "httpPort": server.http_port,
        "dnsHost": server.names.host,
        "dnsPort": server.names.port,
        "dnsKey": str(server.names.key_file),
        "ari": "ari" in server.knows,
        "eab": eab,
    }
    machine.run(python_package("acme"), _PROGRAM, json.dumps(told))
    parts = "cert", "chain", "key"
    obtained = Obtained(*(machine.path(f"{part}.pem") for part in parts))
    obtained.is_right(server, *names)
    assert server.is_revoked(obtained.certificate)


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "ES384", "ES512"])
def test_keys_of_accounts(machine: Machine, algorithm: str) -> None:
    name = f"library-{algorithm.lower()}.acme.test"
    _session(machine, name, f"also.{name}", algorithm=algorithm)


def test_dns_for_a_wildcard(machine: Machine) -> None:
    name = "library-wild.acme.test"
    _session(machine, name, f"*.{name}", challenge="dns-01")


def test_an_account_that_is_bound(bound_machine: Machine) -> None:
    _session(
        bound_machine, "library-eab.acme.test", eab=tuple(bound_machine.server.eab())
    )
