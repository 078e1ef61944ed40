"""The plain side: HTTP/1.1 for revocation status, on httptools without a framework.

An OCSP answer is small, ready, and asked for by every client of every server. Through
uvicorn and an ASGI application a response costs 30 microseconds and more of CPU; here
it costs about as much as nginx takes for a file. Replies are made while the request is
parsed, so those to pipelined requests are in order by nature.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from typing import cast

import httptools

from tlsmith.server.logs import event
from tlsmith.server.reply import Reply, http_date, problem, status_line
from tlsmith.server.settings import LimitSettings
from tlsmith.server.status import LARGEST_OCSP, StatusSite

# Above this a body is handed to the socket as it is, instead of being copied.
_COPIED = 16 * 1024
LINGER = 2.0
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_LOG = logging.getLogger("tlsmith.server.plain")


class PlainSide:
    """What the connections of the plain side share.

    Args:
        site: makes the replies.
        limits: of each connection; may be replaced while it runs.
    """

    def __init__(self, site: StatusSite, limits: LimitSettings) -> None:
        self.site = site
        self.limits = limits
        self.connections: set[PlainProtocol] = set()
        self.is_stopping = False
        # Counted here, and handed to the metrics once a second: cheaper by far.
        self.replies: Counter[tuple[str, int]] = Counter()
        self.refusals: Counter[str] = Counter()
        self.now = time.monotonic()
        self.date = b""
        self.tick()

    def tick(self) -> None:
        """Do what is done once a second: the date, and who has taken too long."""
        self.now = time.monotonic()
        self.date = b"date: %b\r\n" % http_date(int(time.time()))
        for connection in list(self.connections):
            if connection.deadline < self.now - 1:  # set up to a second early
                connection.expire()

    def stop(self) -> None:
        """Close what is idle; the rest closes after its reply."""
        self.is_stopping = True
        for connection in list(self.connections):
            connection.stop()


class PlainProtocol(asyncio.Protocol):
    """One connection."""

    def __init__(self, side: PlainSide) -> None:
        self._side = side
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport = cast("asyncio.Transport", None)
        self._refusal: Reply | None = None
        self._out: list[bytes | memoryview] = []
        self._unsent = 0
        self._in_request = False
        self._received = self._head = 0
        self._target = b""
        self._body = b""
        self._fields: dict[bytes, bytes] = {}
        self._last = False
        self._is_stuck = False
        self.deadline = side.now + side.limits.request_time

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin; over the limit the connection is closed at once."""
        self._transport = cast("asyncio.Transport", transport)
        side = self._side
        if len(side.connections) >= side.limits.connections:
            side.refusals["connections"] += 1
            transport.close()
            return
        side.connections.add(self)

    def connection_lost(self, _error: Exception | None) -> None:
        """End."""
        self._side.connections.discard(self)

    def data_received(self, data: bytes) -> None:
        """Parse; replies go out together."""
        if self._last:
            return
        self._received += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._last = True  # answered as if it had not been asked for
        except httptools.HttpParserError:
            self._refuse(self._refusal or problem(400, "not an HTTP request"))
        if self._in_request and not self._refusal:
            self._check_size()
        self._write()

    def pause_writing(self) -> None:
        """Read no more from a client that does not take its replies."""
        self._is_stuck = True
        self.deadline = self._side.now + self._side.limits.request_time
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Go on reading."""
        self._is_stuck = False
        self.deadline = self._side.now + self._side.limits.keep_alive
        self._transport.resume_reading()

    # What httptools calls.

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._in_request = True
        self._head = 0
        self._target = self._body = b""
        self._fields = {}
        self.deadline = self._side.now + self._side.limits.request_time

    def on_url(self, part: bytes) -> None:
        """Take the target, or the next part of it."""
        self._target += part
        self._count(len(part))

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a field."""
        self._fields[name.lower()] = value
        self._count(len(name) + len(value) + 4)

    def on_headers_complete(self) -> None:
        """Refuse a body that is said to be too large; ask for one that waits."""
        fields = self._fields
        if (
            b"content-length" in fields
            and int(fields[b"content-length"]) > LARGEST_OCSP
        ):
            self._stop_parsing("body", problem(413, "the body is over 64 KiB"))
        if fields.get(b"expect", b"").lower() == b"100-continue":
            self._write()
            self._transport.write(_CONTINUE)

    def on_body(self, part: bytes) -> None:
        """Take the body, or the next part of it."""
        self._body += part
        if len(self._body) > LARGEST_OCSP:
            self._stop_parsing("body", problem(413, "the body is over 64 KiB"))

    def on_message_complete(self) -> None:
        """Reply."""
        side = self._side
        self._in_request = False
        self._received = 0
        if self._last:  # pipelined behind one that was the last
            return
        method = self._parser.get_method()
        reply = side.site.reply(method, self._target, self._fields, self._body)
        keep_alive = self._parser.should_keep_alive() and not side.is_stopping
        if self._parser.should_upgrade():  # to nothing: what follows is not ours
            keep_alive = False
        self._put(reply, is_head=method == b"HEAD", keep_alive=keep_alive)
        if not self._is_stuck:
            self.deadline = side.now + side.limits.keep_alive
        if _LOG.isEnabledFor(logging.DEBUG):
            self._log(method, reply)

    # What the side calls.

    def expire(self) -> None:
        """Close: nothing, or not enough, came in time.

        A reply still on its way to a slow client is let go on as long as it moves.
        """
        unsent = self._transport.get_write_buffer_size()
        if unsent and unsent != self._unsent and self._refusal is None:
            self._unsent = unsent
            self.deadline = self._side.now + self._side.limits.request_time
            return
        if self._in_request or unsent:
            self._side.refusals["time"] += 1
            self._transport.abort()
        else:
            self._transport.close()

    def stop(self) -> None:
        """Close where no request is under way."""
        if not self._in_request:
            self._transport.close()

    # Its own.

    def _put(self, reply: Reply, *, is_head: bool, keep_alive: bool) -> None:
        side = self._side
        side.replies[reply.route, reply.status] += 1
        self._out += (status_line(reply.status), side.date, reply.fields)
        if reply.status != 304:
            self._out.append(b"content-length: %d\r\n" % len(reply.body))
        if not keep_alive:
            self._last = True
            self._out.append(b"connection: close\r\n\r\n")
        elif self._parser.get_http_version() == "1.0":
            self._out.append(b"connection: keep-alive\r\n\r\n")
        else:
            self._out.append(b"\r\n")
        if is_head:
            return
        if len(reply.body) > _COPIED:
            self._transport.write(b"".join(self._out))
            self._transport.write(reply.body)
            self._out = []
        else:
            self._out.append(reply.body)

    def _write(self) -> None:
        if self._out:
            self._transport.write(b"".join(self._out))
            self._out = []
        if self._refusal is not None and not self._transport.is_closing():
            # What still comes in is thrown away for a moment: closing at once would
            # reset the connection, and lose the refusal.
            self._transport.write_eof()
            self.deadline = self._side.now + LINGER
        elif self._last:
            self._transport.close()

    def _count(self, size: int) -> None:
        """Refuse a head that is over the limit, however it came."""
        self._head += size
        if self._head > self._side.limits.headers:
            refusal = problem(431, "the head of the request is too large")
            self._stop_parsing("headers", refusal)

    def _check_size(self) -> None:
        """Refuse a head, or a whole request, that goes on and on.

        What is counted are bytes as they came, so a field that never ends, chunks of
        one byte and trailers count as well.
        """
        limits = self._side.limits
        if self._received > limits.headers + 4 * LARGEST_OCSP:
            self._side.refusals["body"] += 1
            self._refuse(problem(413, "the request is too large"))
        elif self._received > limits.headers and not self._body:
            self._side.refusals["headers"] += 1
            self._refuse(problem(431, "the head of the request is too large"))

    def _stop_parsing(self, why: str, refusal: Reply) -> None:
        self._side.refusals[why] += 1
        self._refusal = refusal
        raise ValueError(why)  # which httptools turns into an error of its own

    def _refuse(self, refusal: Reply) -> None:
        self._refusal = refusal
        self._in_request = False
        self._put(refusal, is_head=False, keep_alive=False)

    def _log(self, method: bytes, reply: Reply) -> None:
        peer = self._transport.get_extra_info("peername") or ("",)
        event(
            _LOG,
            logging.DEBUG,
            "request",
            client=peer[0],
            method=method.decode("ascii", "replace"),
            path=self._target.partition(b"?")[0].decode("ascii", "replace"),
            status=reply.status,
        )
