"""A TLS server on the loopback addresses, with a port for each client.

What a client makes of the certificate is seen by the server: it asks for a page where
it accepts, and says an alert or hangs up where it does not.
"""

from __future__ import annotations

import contextlib
import errno
import os
import selectors
import socket
import ssl
import tempfile
import threading
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from tlsmith.core.formats import encode_chain, encode_private_key
from tlsmith.core.issuer import Issuer, self_issue
from tlsmith.core.keys import DEFAULT_KIND, generate_private_key
from tlsmith.core.names import parse_names
from tlsmith.core.profiles import LOCAL_DAYS, end_entity, validity
from tlsmith.errors import TLSmithError
from tlsmith.files import write_file

if TYPE_CHECKING:
    from tlsmith.core.keys import PrivateKey

_PATIENCE = 30.0  # seconds that one connection may take
_ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 3\r\n"
    b"Connection: close\r\n\r\nok\n"
)


class Port:
    """One port of the server, and what it has seen of the client that was sent there.

    Attributes:
        number: of the port.
        accepted: whether the client asked for a page.
        connections: how many there were.
        refusal: what the client said instead, in OpenSSL's words; empty where nothing.
        seen: set once either is known.
    """

    def __init__(self, context: ssl.SSLContext) -> None:
        self.context = context
        self.listeners = _listen()
        self.number: int = self.listeners[0].getsockname()[1]
        self.accepted = False
        self.connections = 0
        self.refusal = ""
        self.seen = threading.Event()

    def answer(self, connection: socket.socket) -> None:
        """Answer one connection, and note what the client made of it."""
        with contextlib.suppress(OSError), connection:
            self.connections += 1
            connection.settimeout(_PATIENCE)
            with self._secured(connection) as secured:
                if not secured.recv(65536):
                    return
                self.accepted = True
                self.seen.set()
                secured.sendall(_ANSWER)
                secured.unwrap()

    def _secured(self, connection: socket.socket) -> ssl.SSLSocket:
        try:
            return self.context.wrap_socket(connection, server_side=True)
        except ssl.SSLError as error:
            if "ALERT" in (error.reason or ""):
                self.refusal = (error.reason or "").lower().replace("_", " ")
                self.seen.set()
            raise


class Server:
    """Waits for connections on every port, in one thread; answers each in another."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._wake, self._waker = socket.socketpair()
        self._selector.register(self._wake, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._ports: list[Port] = []

    def open(self, context: ssl.SSLContext) -> Port:
        """Return a new port, served with the certificate of a context."""
        port = Port(context)
        for listener in port.listeners:
            listener.setblocking(False)
            self._selector.register(listener, selectors.EVENT_READ, port)
        self._ports.append(port)
        self._waker.send(b"!")
        return port

    def _run(self) -> None:
        while True:
            for key, _ in self._selector.select():
                if key.data is not None:
                    self._accept(key.fileobj, key.data)  # type: ignore[arg-type]
                elif self._wake.recv(64).endswith(b"."):
                    return

    def _accept(self, listener: socket.socket, port: Port) -> None:
        with contextlib.suppress(OSError):
            connection, _ = listener.accept()
            connection.setblocking(True)
            work = threading.Thread(target=port.answer, args=(connection,), daemon=True)
            work.start()

    def __enter__(self) -> Server:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._waker.send(b".")
        self._thread.join()
        self._selector.close()
        for port in self._ports:
            for listener in port.listeners:
                listener.close()
        self._wake.close()
        self._waker.close()


def signed_context(issuer: Issuer, name: str, now: datetime) -> ssl.SSLContext:
    """Return a context with a certificate for `name`, by `issuer`.

    For that name alone: BoringSSL, and so Bun, knows no constraints on addresses, and
    refuses every address below a CA that has some.

    Raises:
        TLSmithError: this Python's TLS cannot serve it.
    """
    key = generate_private_key(DEFAULT_KIND)
    span = validity(now, 1, longest=LOCAL_DAYS, within=issuer.view)
    leaf = issuer.issue(
        end_entity(parse_names([name]), DEFAULT_KIND, span), key.public_key()
    )
    return _context([leaf.der, issuer.certificate], key)


def strangers_context(name: str, now: datetime) -> ssl.SSLContext:
    """Return a context with a certificate that nobody has any reason to accept."""
    key = generate_private_key(DEFAULT_KIND)
    span = validity(now, 1, longest=LOCAL_DAYS)
    leaf = self_issue(end_entity(parse_names([name]), DEFAULT_KIND, span), key)
    return _context([leaf.der], key)


def _context(chain: Sequence[bytes], key: PrivateKey) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory(prefix="tlsmith-proof-") as folder:
        cert_file, key_file = os.path.join(folder, "c"), os.path.join(folder, "k")
        write_file(cert_file, encode_chain(chain))
        write_file(key_file, encode_private_key(key), mode=0o600)
        try:
            context.load_cert_chain(cert_file, key_file)
        except ssl.SSLError as error:
            raise TLSmithError(
                f"this Python's TLS cannot serve the local CA's certificates: "
                f"{error.reason or 'unknown reason'}",
                code="no-proof",
                hint="prove it with another kind of key: tlsmith ca init --local",
            ) from error
    return context


def _listen() -> list[socket.socket]:
    """Return listeners on 127.0.0.1 and, where there is IPv6, on ::1, of one port."""
    for _ in range(8):
        try:
            first = socket.create_server(("127.0.0.1", 0))
        except OSError as error:
            raise TLSmithError(
                f"cannot listen on 127.0.0.1: {(error.strerror or '').lower()}",
                code="no-proof",
            ) from error
        try:
            address = ("::1", first.getsockname()[1])
            return [first, socket.create_server(address, family=socket.AF_INET6)]
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                return [first]
            first.close()
    raise TLSmithError("no port is free on both loopback addresses", code="no-proof")


def loopback_name() -> str:
    """Return what to call this machine: a bare container may not know localhost."""
    try:
        socket.getaddrinfo("localhost", 0)
    except OSError:
        return "127.0.0.1"
    return "localhost"
