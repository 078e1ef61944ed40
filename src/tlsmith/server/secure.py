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

from tlsmith.server.direct import Asked, Direct
from tlsmith.server.reply import Reply, http_date, problem, status_line
from tlsmith.server.settings import LimitSettings
from tlsmith.server.whole import HOST, Whole, read_whole

# Where an application finds the DER certificate of the client, or None.
PEER_CERTIFICATE = "tlsmith.peer_certificate"


class SecureSide:
    """What the connections of the HTTPS side share.

    Args:
        config: of uvicorn, with the application.
        limits: of each connection; may be replaced while it runs.
        direct: answers ACME's requests; None where the application does.
    """

    def __init__(
        self, config: Config, limits: LimitSettings, direct: Direct | None = None
    ) -> None:
        self.config = config
        self.direct = direct
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
        date = http_date(int(time.time()))
        self.state.default_headers = [(b"date", date)]
        self.date = b"date: %b\r\n" % date
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
        # A request that was read, as far as it had come.
        self._begun = b""
        # Whether the last thing that happened was a direct answer.
        self._is_idle = False
        self.deadline = side.now + side.limits.request_time

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin, once the handshake is done."""
        side = self._side
        is_full = len(side.connections) >= side.limits.connections
        super().connection_made(transport)
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
        if self._side.direct is not None and (self._begun or not self._in_request):
            is_late = bool(self._begun)
            data, self._begun = self._begun + data, b""
            request = read_whole(data)
            if request is not None and self._is_free():
                if request.is_whole:
                    self._answer(request)
                    return
                # The body may come apart from the head, not in many parts.
                if not is_late:
                    self._wait_for_body(data)
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
        self._is_idle = False
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
        if not self._has_host():
            self._refusal = problem(400, "not with one Host that is one")
            raise ValueError("host")  # as in `_count`
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
        if self._is_idle:
            self._wait()
        if self.cycle is not None and self.cycle.response_complete:
            self.flow.resume_reading()

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
        if self._is_idle and not unsent:
            self.transport.close()
            return
        self._side.refuse("time")
        self.transport.abort()

    # Requests that are answered without the application.

    def _is_free(self) -> bool:
        """Tell whether every request before was answered: others, uvicorn has wait."""
        return self.cycle is None or self.cycle.response_complete

    def _wait_for_body(self, data: bytes) -> None:
        """Wait for what is still to come of a request."""
        self._begun = data
        self._in_request, self._is_idle = True, False
        self.deadline = self._side.now + self._side.limits.request_time

    def _answer(self, request: Whole) -> None:
        """Have a request answered that is whole."""
        self.cycle = cycle = _Cycle()  # type: ignore[assignment]
        self._unset_keepalive_if_required()
        self._in_request = self._is_idle = False
        if not self.flow.write_paused:
            self.deadline = float("inf")

        def send(head: bytes, body: bytes, is_last: bool) -> None:
            cycle.response_complete = True
            if is_last or not cycle.keep_alive:
                self._send_last(head, body)
            else:
                self._send(head, body)

        client = self.client[0] if self.client else ""
        asked = Asked(
            request.method, request.target, request.query, request.fields, client
        )
        assert self._side.direct is not None  # noqa: S101 -- see `data_received`
        self._side.direct.begin(asked, request.body, send)

    def _send(self, head: bytes, body: bytes) -> None:
        if self.transport.is_closing():
            return
        self.transport.send(b"".join((head, self._side.date, b"\r\n", body)))  # type: ignore[attr-defined]
        if self.pipeline:
            self.on_response_complete()
            return
        self._is_idle = not self._in_request
        if self.flow.write_paused:
            self.flow.pause_reading()
        elif self._is_idle:
            self._wait()

    def _send_last(self, head: bytes, body: bytes) -> None:
        if self.transport.is_closing():
            return
        end = b"connection: close\r\n\r\n"
        self.transport.send(b"".join((head, self._side.date, end, body)))  # type: ignore[attr-defined]
        self.transport.close()

    def _wait(self) -> None:
        """Wait for the next request."""
        self.deadline = self._side.now + self._side.limits.keep_alive

    def _has_host(self) -> bool:
        """Tell whether the request says once to whom it is (RFC 9112 section 3.2).

        URLs are made of it where there is no base_url: of one, and of no other text.
        """
        hosts = [value for name, value in self.headers if name == b"host"]
        if not hosts:
            return self.parser.get_http_version() == "1.0"
        return len(hosts) == 1 and HOST.fullmatch(hosts[0]) is not None

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


class _Cycle:
    """A request that is answered directly, as uvicorn asks about what it answers."""

    __slots__ = ("disconnected", "keep_alive", "response_complete")

    def __init__(self) -> None:
        self.response_complete = self.disconnected = False
        self.keep_alive = True

    @property
    def message_event(self) -> _Cycle:
        """What is set when the connection is lost: nobody waits for it."""
        return self

    def set(self) -> None:
        """Do nothing."""
