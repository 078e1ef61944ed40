"""The ACME server that clients are run against, whichever it is."""

from __future__ import annotations

import contextlib
import random
import socket
from abc import ABC, abstractmethod
from pathlib import Path
from typing import NamedTuple

import pytest

from interop.acme.name_server import NameServer


class Binding(NamedTuple):
    """Credentials of an external account (RFC 8555 section 7.3.4)."""

    kid: str
    hmac: str


class ACMEServer(ABC):
    """A running server, with its resolver, and the ports at which it looks.

    Attributes:
        directory: URL of the directory.
        root: file of the roots that a client trusts.
        http_port: where http-01 is validated.
        tls_port: where tls-alpn-01 is validated.
        names: the name server that it asks.
        knows: what it has beyond RFC 8555: "ari", "profiles", "addresses".
    """

    knows: frozenset[str] = frozenset()

    def __init__(self, folder: Path, names: NameServer) -> None:
        self.folder = folder
        self.names = names
        self.http_port = _port_of_clients()
        self.tls_port = _port_of_clients()
        self.root = folder / "roots.pem"
        self.directory = ""

    def needs(self, what: str) -> None:
        """Skip the test where the server has not what it is about."""
        if what not in self.knows:
            pytest.skip(f"{type(self).__name__} has no {what}")

    @abstractmethod
    def eab(self, *bounds: str) -> Binding:
        """Return new credentials of an external account.

        Args:
            bounds: options of `tlsmith eab create`.
        """

    @abstractmethod
    def is_revoked(self, certificate: Path) -> bool:
        """Tell what the server publishes about a certificate that it issued."""

    def is_bound(self, binding: Binding) -> bool:
        """Tell whether an account was bound to an external one, which is used by it."""
        pytest.skip(f"{type(self).__name__} does not tell")

    def do(self, command: str) -> None:
        """Run a command of ours on the CA."""
        pytest.skip(f"{type(self).__name__} has no such commands")

    def revoke(self, certificate: Path) -> None:
        """Revoke a certificate without its client."""
        pytest.skip(f"{type(self).__name__} revokes nothing by itself")

    @property
    @abstractmethod
    def log(self) -> str:
        """What it wrote, to be shown where a client fails."""


def _port_of_clients() -> int:
    """Return a port that is free, and that no connection takes by chance.

    Nobody listens there but while a client answers a challenge, so it is below those
    that the system gives to connections.
    """
    while True:
        port = random.randint(10_000, 30_000)  # noqa: S311
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
