"""Debian's Pebble: what our tests of clients are themselves tried against."""

from __future__ import annotations

import contextlib
import json
import os
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from cryptography import x509

from interop.acme.name_server import NameServer
from interop.acme.servers import ACMEServer, Binding
from interop.tools import needs
from serving_ca import free_port

_BINDINGS = [Binding(f"kid-{n}", "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajV" * 2) for n in "12"]
_ENVIRONMENT = {
    "PEBBLE_VA_NOSLEEP": "1",
    "PEBBLE_WFE_NONCEREJECT": "0",
    "PEBBLE_AUTHZREUSE": "0",
}


class Pebble(ACMEServer):
    """A process of Pebble."""

    def __init__(self, folder: Path, names: NameServer) -> None:
        super().__init__(folder, names)
        self.port, self._management = free_port(), free_port()
        self.directory = f"https://localhost:{self.port}/dir"
        ca = trustme.CA()
        ca.cert_pem.write_to_path(str(self.root))
        own = ca.issue_cert("localhost", "127.0.0.1")
        own.private_key_and_cert_chain_pem.write_to_path(str(folder / "own.pem"))

    def configuration(self, *, eab_required: bool) -> Path:
        file = self.folder / "pebble.json"
        settings = {
            "listenAddress": f"127.0.0.1:{self.port}",
            "managementListenAddress": f"127.0.0.1:{self._management}",
            "certificate": str(self.folder / "own.pem"),
            "privateKey": str(self.folder / "own.pem"),
            "httpPort": self.http_port,
            "tlsPort": self.tls_port,
            "externalAccountBindingRequired": eab_required,
            "externalAccountMACKeys": dict(_BINDINGS),
        }
        file.write_text(json.dumps({"pebble": settings}))
        return file

    def eab(self, *bounds: str) -> Binding:
        if bounds:
            pytest.skip("Pebble's external accounts have no bounds")
        return _BINDINGS[0]

    def is_revoked(self, certificate: Path) -> bool:
        serial = x509.load_pem_x509_certificate(certificate.read_bytes()).serial_number
        status = json.loads(self._asked(f"cert-status-by-serial/{serial:x}"))
        return bool(status["Status"] == "Revoked")

    def trust_issued(self) -> None:
        """Add the root that it made at its start."""
        with self.root.open("ab") as stream:
            stream.write(self._asked("roots/0"))

    @property
    def log(self) -> str:
        return (self.folder / "pebble.log").read_text(errors="replace")

    def _asked(self, path: str) -> bytes:
        context = ssl.create_default_context(cafile=str(self.root))
        url = f"https://localhost:{self._management}/{path}"
        with urllib.request.urlopen(url, context=context, timeout=10) as answer:
            body: bytes = answer.read()
        return body


@contextlib.contextmanager
def pebble(
    folder: Path, names: NameServer, *, eab_required: bool = False
) -> Iterator[Pebble]:
    """Run Pebble in a folder."""
    needs("pebble")
    folder.mkdir(parents=True)
    server = Pebble(folder, names)
    file = server.configuration(eab_required=eab_required)
    with (folder / "pebble.log").open("wb") as log:
        process = subprocess.Popen(
            ["pebble", "-config", file, "-dnsserver", names.address],
            env={**os.environ, **_ENVIRONMENT},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        _await(server, process)
        yield server
    finally:
        process.kill()
        process.wait()


def _await(server: Pebble, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 20
    while True:
        assert process.poll() is None, server.log
        with contextlib.suppress(OSError):
            server.trust_issued()
            return
        assert time.monotonic() < deadline, server.log
        time.sleep(0.05)
