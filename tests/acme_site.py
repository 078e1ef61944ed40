"""What a client's host is to the CA: a web server for http-01, and a name server."""

from __future__ import annotations

import functools
import socketserver
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_WELL_KNOWN = "/.well-known/acme-challenge/"
_A, _TXT, _CAA = 1, 16, 257


class Site:
    """Every name under .test, on this machine; `nowhere.test` alone does not exist.

    Attributes:
        tokens: the thumbprint that is answered for a token.
        texts: the TXT record of a name.
        caa: the CAA record of a name: flags, property, value (RFC 8659).
    """

    def __init__(self) -> None:
        self.tokens: dict[str, str] = {}
        self.texts: dict[str, str] = {}
        self.caa: dict[str, tuple[int, str, str]] = {}
        self._web = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self.tokens))
        self._web.daemon_threads = True
        handler = functools.partial(_Names, self)
        self._names = socketserver.ThreadingUDPServer(("127.0.0.1", 0), handler)
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
    def __init__(self, site: Site, *given: Any) -> None:
        self._site = site
        super().__init__(*given)

    def handle(self) -> None:
        query, socket = self.request
        end = query.index(b"\0", 12) + 5
        name = _name(query[12 : end - 4])
        (kind,) = struct.unpack_from("!H", query, end - 4)
        # Authoritative, recursion available; NXDOMAIN is 3.
        flags = 0x8583 if name.endswith("nowhere.test") else 0x8580
        data = self._data(name, kind) if flags == 0x8580 else b""
        found = struct.pack("!HHHIH", 0xC00C, kind, 1, 1, len(data)) + data
        head = struct.pack("!2sHHHHH", query[:2], flags, 1, int(bool(data)), 0, 0)
        answer = head + query[12:end] + (found if data else b"")
        socket.sendto(answer, self.client_address)

    def _data(self, name: str, kind: int) -> bytes:
        """Return what a record has; there is one of a kind, or none."""
        if kind == _A:
            return bytes([127, 0, 0, 1])
        if kind == _TXT and name in self._site.texts:
            text = self._site.texts[name].encode()
            return bytes([len(text)]) + text
        if kind == _CAA and name in self._site.caa:
            number, tag, value = self._site.caa[name]
            return bytes([number, len(tag)]) + f"{tag}{value}".encode()
        return b""


def _name(labels: bytes) -> str:
    parts = []
    while labels and labels[0]:
        parts.append(labels[1 : 1 + labels[0]].decode("latin-1").lower())
        labels = labels[1 + labels[0] :]
    return ".".join(parts)
