"""Requests to an ACME server (RFC 8555) on the wire, right or bent in any way.

No client library is in between: what a test writes is what is sent.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import socket
import ssl
import threading
import time
from typing import Any, NamedTuple
from urllib.parse import urlsplit

JOSE = "application/jose+json"
PROBLEM = "application/problem+json"
PREFIX = "urn:ietf:params:acme:error:"
_LINK = re.compile(r'<([^>]*)>\s*;\s*rel="?([^";,]+)"?')
_NONCE = re.compile(r"[A-Za-z0-9_-]+")


class Answer(NamedTuple):
    """What the server said."""

    method: str
    url: str
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def type(self) -> str | None:
        """The problem's type, without what all have in common."""
        if not self.media.startswith(PROBLEM) or self.method == "HEAD":
            return None
        kind: str = self.json["type"]
        return kind.removeprefix(PREFIX)

    @property
    def media(self) -> str:
        return self.headers.get("Content-Type", "")

    @property
    def location(self) -> str:
        return str(self.headers["Location"])

    @property
    def nonce(self) -> str | None:
        return self.headers.get("Replay-Nonce")

    def links(self, rel: str) -> list[str]:
        """Return the addresses of a link relation (RFC 8288)."""
        text = ", ".join(self.headers.get_all("Link", []))
        return [url for url, name in _LINK.findall(text) if name == rel]

    def __str__(self) -> str:
        head = (
            f"{self.method} {self.url[:200]}: {self.status} {self.type or self.media}"
        )
        return f"{head}\n{self.headers}{self.body[:2000].decode(errors='replace')}"


class Wire:
    """A server, its directory, and nonces of it.

    Every answer is held to what RFC 8555 wants of all of them.

    Args:
        root: the file of the root that is trusted.
        source: the address we ask from.

    Attributes:
        is_whole: whether all of the server is there, and not ACME alone.
        is_sound: whether nothing is wrong with the server, so that none is its fault.
    """

    is_whole = True
    is_sound = True

    def __init__(
        self, directory_url: str, root: str, source: str = "127.0.0.1"
    ) -> None:
        self.directory_url = directory_url
        self.root = root
        self._source = source, 0
        self._context = ssl.create_default_context(cafile=root)
        self._connections = threading.local()
        self._nonces: list[str] = []
        self._opened: list[http.client.HTTPSConnection] = []
        self.directory = self.send("GET", directory_url).json

    def url(self, name: str) -> str:
        """Return the address of one of the directory's resources."""
        return str(self.directory[name])

    def below(self, path: str) -> str:
        """Return an address beside the directory's."""
        return self.directory_url.removesuffix("directory") + path

    def close(self) -> None:
        """Close the connections of every thread."""
        for connection in self._opened:
            connection.close()

    def nonce(self) -> str:
        """Return a nonce that was not used."""
        with contextlib.suppress(IndexError):
            return self._nonces.pop()
        return self.fresh()

    def fresh(self) -> str:
        """Return a nonce that nobody else here was given."""
        answer = self.send("HEAD", self.url("newNonce"), keep=False)
        assert answer.nonce is not None
        return answer.nonce

    def send(
        self,
        method: str,
        url: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        *,
        keep: bool = True,
    ) -> Answer:
        """Send a request and return the answer to it.

        Args:
            keep: whether its nonce may be used for any request that comes.
        """
        path = url.removeprefix(f"https://{urlsplit(url).netloc}") or "/"
        try:
            answer = self._exchange(method, url, path, body, headers or {})
        except (ConnectionError, http.client.BadStatusLine):
            # A connection that the server closed while nothing was asked.
            self._close()
            answer = self._exchange(method, url, path, body, headers or {})
        if answer.nonce and keep:
            self._nonces.append(answer.nonce)
        self.check(answer)
        return answer

    def check(self, answer: Answer) -> None:
        """Hold an answer to what must be so of all."""
        said = str(answer)
        assert answer.status < 500 or not self.is_sound, said
        assert b"Traceback" not in answer.body, said
        if answer.method == "POST":
            assert answer.nonce, f"no nonce (section 6.5): {said}"
        if answer.nonce:
            assert _NONCE.fullmatch(answer.nonce), f"section 6.5.1: {said}"
            if self.is_whole:
                cached = answer.headers["Cache-Control"]
                assert cached == "no-store", f"section 7.2: {said}"
        if answer.url.partition("?")[0] != self.directory_url:
            links = answer.links("index")
            assert links == [self.directory_url], f"section 7.1: {said}"
        if answer.status >= 400 and answer.method != "HEAD":
            assert answer.media == PROBLEM, f"section 6.7: {said}"
            problem = answer.json
            assert problem["type"].startswith(PREFIX), f"section 6.7: {said}"
            assert problem["status"] == answer.status, f"RFC 9457, 3.1.2: {said}"
            assert problem["detail"], f"section 6.7: {said}"

    def raw(self, *parts: bytes, half: bool = False) -> bytes:
        """Send bytes, whatever they are, and return what came before the end.

        Args:
            parts: sent one after another, so that each comes alone.
            half: whether to close our side then, as a client that gives up.
        """
        where = urlsplit(self.directory_url)
        with (
            socket.create_connection(("127.0.0.1", where.port or 443), 5) as plain,
            self._context.wrap_socket(plain, server_hostname=where.hostname) as secure,
        ):
            heard = b""
            with contextlib.suppress(OSError):
                for number, part in enumerate(parts):
                    time.sleep(0.1 if number else 0)
                    secure.sendall(part)
                if half:
                    secure.shutdown(socket.SHUT_WR)
                while got := secure.recv(65536):
                    heard += got
            return heard

    def _exchange(
        self, method: str, url: str, path: str, body: bytes | None, headers: dict
    ) -> Answer:
        connection = self._connection()
        try:
            connection.putrequest(method, path)
            if body is not None and "Content-Length" not in headers:
                connection.putheader("Content-Length", str(len(body)))
            for name, value in headers.items():
                connection.putheader(name, value)
            connection.endheaders(body)
            response = connection.getresponse()
            heard = response.read()
        except BaseException:
            self._close()
            raise
        return Answer(method, url, response.status, response.headers, heard)

    def _connection(self) -> http.client.HTTPSConnection:
        found: http.client.HTTPSConnection | None
        if (found := getattr(self._connections, "one", None)) is None:
            parts = urlsplit(self.directory_url)
            found = http.client.HTTPSConnection(
                parts.hostname or "",
                parts.port,
                timeout=30,
                context=self._context,
                source_address=self._source,
            )
            self._connections.one = found
            self._opened.append(found)
        return found

    def _close(self) -> None:
        if (found := getattr(self._connections, "one", None)) is not None:
            found.close()
            self._connections.one = None
