"""A small HTTPS server in a thread, for tests of clients."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any

from tlsmith.api.certificate import Certificate

BODY = b"hello over TLS\n"
_TIMEOUT = 10.0
# For how long a client may take to say goodbye.
_LEAVE = 0.5


class Answering(BaseHTTPRequestHandler):
    """Answers every request with 200 and a line of text."""

    timeout = _TIMEOUT

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(BODY)

    do_HEAD = do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815 -- http.server's names

    def log_message(self, *args: object) -> None:
        """Say nothing: a test's output is the test's."""


class Server(ThreadingHTTPServer):
    """An HTTPS server on a free port of 127.0.0.1; `serve` starts and stops it.

    Args:
        context: of the server; it may be changed while the server runs.
        handler: answers the requests.
    """

    daemon_threads = False  # so that closing waits for answers under way

    def __init__(
        self, context: ssl.SSLContext, handler: type[BaseHTTPRequestHandler]
    ) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.context = context
        self.failures: list[OSError] = []
        self._open: set[ssl.SSLSocket] = set()

    def server_bind(self) -> None:
        """Take the port, without asking the network for this machine's name."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "localhost", self.server_address[1]

    @property
    def port(self) -> int:
        return self.server_port

    @property
    def url(self) -> str:
        """Where it answers, with the name `localhost`."""
        return f"https://localhost:{self.port}/"

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Make the handshake, in the thread of the connection, and answer.

        A handshake that fails is kept in `failures`: the client tells the test why,
        and here it is seen from the other side.
        """
        request.settimeout(_TIMEOUT)
        with self.context.wrap_socket(
            request, server_side=True, do_handshake_on_connect=False
        ) as connection:
            self._open.add(connection)
            try:
                connection.do_handshake()
            except OSError as error:  # ssl.SSLError is one
                self.failures.append(error)
            else:
                super().finish_request(connection, client_address)
                connection.settimeout(_LEAVE)
                connection.unwrap()
            finally:
                self._open.discard(connection)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that left in the middle."""

    def server_close(self) -> None:
        """Close the port, and the connections of clients that stayed."""
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                socket.socket.shutdown(connection, socket.SHUT_RDWR)
        super().server_close()


@contextlib.contextmanager
def serve(
    certificate: Certificate | ssl.SSLContext,
    handler: type[BaseHTTPRequestHandler] = Answering,
) -> Iterator[Server]:
    """Serve HTTPS on a free port of 127.0.0.1 inside the `with` block.

    Args:
        certificate: what the server presents, or a context of its own.
        handler: of `http.server`; by default one that answers everything with 200.
    """
    if isinstance(certificate, Certificate):
        server = Server(certificate.server_context(), handler)
    else:
        server = Server(certificate, handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
