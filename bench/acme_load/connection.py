"""A TLS connection that stays, with HTTP/1.1 on it."""

from __future__ import annotations

import re
import socket
import ssl
from typing import NamedTuple

_NONCE = re.compile(rb"\r\nreplay-nonce: *([^\r]+)", re.IGNORECASE)
_LOCATION = re.compile(rb"\r\nlocation: *([^\r]+)", re.IGNORECASE)
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)
_CONTEXT = ssl.create_default_context()
# Which server it is does not matter here, and it is asked once a connection.
_CONTEXT.check_hostname = False
_CONTEXT.verify_mode = ssl.CERT_NONE


class Answer(NamedTuple):
    status: int
    nonce: str
    location: str
    body: bytes


class Connection:
    """To one server, by its host and port."""

    def __init__(self, host: str, port: int) -> None:
        plain = socket.create_connection(("127.0.0.1", port))
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._tls = _CONTEXT.wrap_socket(plain, server_hostname=host)
        self._tls.setblocking(False)
        self._host = f"{host}:{port}"
        self._received = b""
        self.descriptor = self._tls.fileno()

    def ask(self, method: str, path: str, body: bytes = b"") -> None:
        self._tls.send(
            f"{method} {path} HTTP/1.1\r\nHost: {self._host}\r\nUser-Agent: bench\r\n"
            f"Content-Type: application/jose+json\r\nContent-Length: {len(body)}"
            "\r\n\r\n".encode("ascii")
            + body
        )

    def answer(self, *, bodiless: bool = False) -> Answer | None:
        """Return an answer once it is there whole.

        Raises:
            ConnectionError: the server has closed the connection.
        """
        try:
            received = self._tls.recv(65536)
        except ssl.SSLWantReadError:
            return None
        if not received:
            raise ConnectionError("closed")
        self._received += received
        head, blank, rest = self._received.partition(b"\r\n\r\n")
        if not blank:
            return None
        body = b"" if bodiless else _body(head, rest)
        if body is None:
            return None
        self._received = b""
        return Answer(
            int(head[9:12]), _found(_NONCE, head), _found(_LOCATION, head), body
        )

    def close(self) -> None:
        self._tls.close()


def _body(head: bytes, rest: bytes) -> bytes | None:
    """Return the whole body, or None while some of it is missing."""
    length = _LENGTH.search(head)
    if length:
        return rest if len(rest) >= int(length[1]) else None
    if not _CHUNKED.search(head):
        return b""
    if not rest.endswith(b"0\r\n\r\n"):
        return None
    body = b""
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        body += rest[: int(size, 16)]
        rest = rest[int(size, 16) + 2 :]
    return body


def _found(pattern: re.Pattern[bytes], head: bytes) -> str:
    match = pattern.search(head)
    return match[1].decode("ascii") if match else ""
