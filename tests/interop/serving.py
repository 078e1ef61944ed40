"""A TLS server of the kind people run, on a port of its own."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

_PAGE = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 7\r\n"
    b"Connection: close\r\n\r\nwelcome"
)
WELCOME = "welcome"
_PATIENCE = 20  # seconds, for a client that says nothing


@contextlib.contextmanager
def serving(chain: Path, key: Path, *, clients: Path | None = None) -> Iterator[int]:
    """Serve one page over TLS on both loopback addresses; give the port.

    A client that sends CONNECT first, as to a proxy, is served all the same, whatever
    host it names: so clients can ask for hosts that have no address.

    Args:
        clients: root of the certificates that clients must show.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    if clients is not None:
        context.load_verify_locations(clients)
        context.verify_mode = ssl.CERT_REQUIRED
    listeners = _listeners()
    threads = [
        threading.Thread(target=_accept, args=(listener, context), daemon=True)
        for listener in listeners
    ]
    for thread in threads:
        thread.start()
    try:
        yield listeners[0].getsockname()[1]
    finally:
        for listener in listeners:
            # Closing alone would leave accept() waiting.
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        for thread in threads:
            thread.join()


def _listeners() -> list[socket.socket]:
    """Listen on one port of 127.0.0.1 and of ::1."""
    for _ in range(20):
        first = socket.create_server(("127.0.0.1", 0), backlog=64)
        port = first.getsockname()[1]
        try:
            family = socket.AF_INET6
            return [first, socket.create_server(("::1", port), family=family)]
        except OSError:
            first.close()
    raise OSError("no port is free on both loopback addresses")


def _accept(listener: socket.socket, context: ssl.SSLContext) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_serve, args=(connection, context), daemon=True).start()


def _serve(connection: socket.socket, context: ssl.SSLContext) -> None:
    connection.settimeout(_PATIENCE)
    # What clients refuse is theirs to tell.
    with connection, contextlib.suppress(OSError, ValueError):
        if connection.recv(1, socket.MSG_PEEK) == b"C":
            _read_request(connection)
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with context.wrap_socket(connection, server_side=True) as secure:
            _read_request(secure)
            secure.sendall(_PAGE)
            secure.unwrap()


def _read_request(connection: socket.socket) -> None:
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(4096)
        if not more:
            raise ValueError("the client left")
        data += more
