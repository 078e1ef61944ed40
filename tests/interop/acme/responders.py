"""What answers challenges for clients that have no server of their own."""

from __future__ import annotations

import contextlib
import functools
import http.server
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

_ALPN = "acme-tls/1"


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def webroot(folder: Path, port: int) -> Iterator[Path]:
    """Serve a folder over HTTP; give where tokens are to be put."""
    tokens = folder / ".well-known" / "acme-challenge"
    tokens.mkdir(parents=True, exist_ok=True)
    handler = functools.partial(_Quiet, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
    with server, _served(server):
        yield tokens


@contextlib.contextmanager
def alpn_responder(folder: Path, port: int) -> Iterator[None]:
    """Answer tls-alpn-01 with NAME.crt.pem and NAME.key.pem of a folder."""

    def chosen(sock: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        context = _offering()
        stem = folder / str(name)
        context.load_cert_chain(f"{stem}.crt.pem", f"{stem}.key.pem")
        sock.context = context

    context = _offering()
    context.sni_callback = chosen  # type: ignore[assignment]

    class Handshake(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            sock: socket.socket = self.request
            with contextlib.suppress(OSError):
                context.wrap_socket(sock, server_side=True).close()

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

    with Server(("127.0.0.1", port), Handshake) as server, _served(server):
        yield


@contextlib.contextmanager
def _served(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()


def _offering() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols([_ALPN])
    return context
