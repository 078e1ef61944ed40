"""The HTTPS side's connections: uvicorn's, with limits, and with the client's
certificate at hand."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections import Counter
from typing import Any

from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from tlsmith.server.corked import CorkedTransport
from tlsmith.server.reply import Reply, http_date, problem, status_line
from tlsmith.server.settings import LimitSettings

# Where an application finds the DER certificate of the client, or None.
PEER_CERTIFICATE = "tlsmith.peer_certificate"


class SecureSide:
    """What the connections of the HTTPS side share.

    Args:
        config: of uvicorn, with the application.
        limits: of each connection; may be replaced while it runs.
    """

    def __init__(self, config: Config, limits: LimitSettings) -> None:
        self.config = config
        self.state = ServerState()
        self.refusals: Counter[str] = Counter()
        self.limits = limits
        self.now = time.monotonic()
        self.tick()

    @property
    def limits(self) -> LimitSettings:
        """The limits of each connection."""
        return self._limits

    @limits.setter
    def limits(self, limits: LimitSettings) -> None:
        self._limits = limits
        self.config.timeout_keep_alive = limits.keep_alive

    @property
    def connections(self) -> set[Any]:
        """Those that are open."""
        return self.state.connections

    def protocol(self) -> SecureProtocol:
        """Return the protocol of a new connection."""
        return SecureProtocol(self)

    def tick(self) -> None:
        """Do what is done once a second: the date, and who has taken too long."""
        self.now = time.monotonic()
        self.state.default_headers = [(b"date", http_date(int(time.time())))]
        for connection in list(self.connections):
            if connection.deadline < self.now - 1:  # set up to a second early
                connection.expire()

    def stop(self) -> None:
        """Close what is idle; the rest closes after its response."""
        for connection in list(self.connections):
            connection.shutdown()

    def refuse(self, why: str) -> None:
        """Count a refusal."""
        self.refusals[why] += 1


class SecureProtocol(HttpToolsProtocol):
    """One connection.

    uvicorn itself lets a client take as long as it likes, and send a head of any
    size.
    """

    def __init__(self, side: SecureSide) -> None:
        super().__init__(side.config, side.state, {}, asyncio.get_running_loop())
        self._side = side
        self._received = self._head = 0
        self._refusal: Reply | None = None
        self._in_request = False
        self._in_head = False
        self._unsent = 0
        self._peer_certificate: bytes | None = None
        self.deadline = side.now + side.limits.request_time

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin, once the handshake is done."""
        side = self._side
        is_full = len(side.connections) >= side.limits.connections
        super().connection_made(CorkedTransport(transport))  # type: ignore[arg-type]
        connection: ssl.SSLObject | None = transport.get_extra_info("ssl_object")
        if connection is not None:
            self._peer_certificate = connection.getpeercert(binary_form=True)
        if is_full:
            side.refuse("connections")
            self.transport.close()

    def data_received(self, data: bytes) -> None:
        """Parse, within the limits."""
        if self.transport.is_closing():
            return
        self._received += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._in_head and self._received > self._side.limits.headers:
            self._refuse(self._too_large())

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self._in_request = self._in_head = True
        self._head = 0
        self.deadline = self._side.now + self._side.limits.request_time

    def on_url(self, url: bytes) -> None:
        """Take the target, or the next part of it."""
        super().on_url(url)
        self._count(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a field."""
        super().on_header(name, value)
        self._count(len(name) + len(value) + 4)

    def on_headers_complete(self) -> None:
        """Hand the request over."""
        self._in_head = False
        super().on_headers_complete()
        self.scope[PEER_CERTIFICATE] = self._peer_certificate  # type: ignore[literal-required]

    def on_message_complete(self) -> None:
        """Wait for the response as long as it takes."""
        self._in_request = False
        self._received = 0
        if not self.flow.write_paused:
            self.deadline = float("inf")
        super().on_message_complete()

    def pause_writing(self) -> None:
        """Wait for a slow client, but not forever."""
        self.deadline = self._side.now + self._side.limits.request_time
        super().pause_writing()

    def resume_writing(self) -> None:
        """Go on."""
        if not self._in_request:
            self.deadline = float("inf")
        super().resume_writing()

    def send_400_response(self, _message: str) -> None:
        """Refuse what is not HTTP, or was refused while it was parsed."""
        self._refuse(self._refusal or problem(400, "not an HTTP request"))

    def expire(self) -> None:
        """Close: a request, or the taking of a response, went on for too long."""
        unsent = self.transport.get_write_buffer_size()
        if unsent and unsent != self._unsent:
            self._unsent = unsent
            self.deadline = self._side.now + self._side.limits.request_time
            return
        self._side.refuse("time")
        self.transport.abort()

    def _count(self, size: int) -> None:
        """Refuse a head that is over the limit, however it came."""
        self._head += size
        if self._head > self._side.limits.headers:
            self._refusal = self._too_large()
            raise ValueError("headers")  # which httptools turns into its own

    def _too_large(self) -> Reply:
        self._side.refuse("headers")
        return problem(431, "the head of the request is too large")

    def _refuse(self, refusal: Reply) -> None:
        head = b"date: %b\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % (
            http_date(int(time.time())),
            len(refusal.body),
        )
        line = status_line(refusal.status)
        self.transport.write(b"".join((line, refusal.fields, head, refusal.body)))
        self.transport.close()
