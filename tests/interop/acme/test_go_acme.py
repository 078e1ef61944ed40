"""Go's golang.org/x/crypto/acme, on which autocert stands."""

from __future__ import annotations

import pytest

from interop.acme.machines import Machine
from interop.acme.obtained import Obtained
from interop.tools import go_program

pytestmark = pytest.mark.interop


@pytest.mark.parametrize("challenge", ["http-01", "tls-alpn-01"])
def test_a_session(machine: Machine, challenge: str) -> None:
    """Obtained twice with another account key between, revoked by the key, closed."""
    server = machine.server
    port = server.http_port if challenge == "http-01" else server.tls_port
    name = f"go-{challenge}.acme.test"
    machine.run(
        *(go_program("acme_order"), server.directory, challenge),
        *(f"127.0.0.1:{port}", machine.folder, name, f"also.{name}"),
    )
    obtained = Obtained(
        *(machine.path(f"{part}.pem") for part in ("cert", "chain", "key"))
    )
    obtained.is_right(server, name, f"also.{name}")
    assert server.is_revoked(obtained.certificate)
