"""What a client's host is to the CA: a web server for http-01, and a name server."""

from __future__ import annotations

import socketserver
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_WELL_KNOWN = "/.well-known/acme-challenge/"
_A, _AAAA = 1, 28


class Site:
    """Every name under .test, on this machine; `nowhere.test` alone does not exist.

    Attributes:
        tokens: the thumbprint that is answered for a token.
    """

    def __init__(self) -> None:
        self.tokens: dict[str, str] = {}
        self._web = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self.tokens))
        self._web.daemon_threads = True
        self._names = socketserver.ThreadingUDPServer(("127.0.0.1", 0), _Names)
        self._names.daemon_threads = True
        for server in (self._web, self._names):
            threading.Thread(target=server.serve_forever, args=[0.05]).start()

    @property
    def http_port(self) -> int:
        return int(self._web.server_address[1])

    @property
    def resolver(self) -> str:
        return f"127.0.0.1:{self._names.server_address[1]}"

    def close(self) -> None:
        for server in (self._web, self._names):
            server.shutdown()
            server.server_close()


def _handler(tokens: dict[str, str]) -> Any:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            token = self.path.removeprefix(_WELL_KNOWN)
            thumbprint = tokens.get(token)
            body = b"" if thumbprint is None else f"{token}.{thumbprint}".encode()
            self.send_response(200 if body else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


class _Names(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        query, socket = self.request
        end = query.index(b"\0", 12) + 5
        (kind,) = struct.unpack_from("!H", query, end - 4)
        there = b"\7nowhere\4test" not in query[12:end].lower()
        # An answer, recursion available; NXDOMAIN is 3. No EDNS: counted as none.
        flags = 0x8580 if there else 0x8583
        found = there and kind == _A
        head = struct.pack("!2sHHHHH", query[:2], flags, 1, int(found), 0, 0)
        answer = struct.pack("!HHHIH4B", 0xC00C, _A, 1, 1, 4, 127, 0, 0, 1)
        socket.sendto(
            head + query[12:end] + (answer if found else b""), self.client_address
        )
