"""What surrounds every request of the HTTPS side: its id, limits, errors, its line in
the log, and the fields that every response has."""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
import re
import time
from collections.abc import Callable, Mapping
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from tlsmith.errors import RequestRefusedError, TLSmithError
from tlsmith.server.logs import event, request_event, request_id
from tlsmith.server.metrics import Metrics
from tlsmith.server.problems import problem_of
from tlsmith.server.rate import RateLimit
from tlsmith.server.request_lines import Told
from tlsmith.server.settings import LimitSettings

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_LOG = logging.getLogger("tlsmith.server.request")
_SANE_ID = re.compile(rb"[A-Za-z0-9._-]{8,64}")
# Seconds for which lines of requests are held back, to be written together.
_MOMENT = 0.02
# Asked by machines every few seconds: not worth a line each.
_QUIET = ("/healthz", "/readyz", "/metrics", "/ocsp")

ACME = "/acme/"
FIELDS = (
    (b"strict-transport-security", b"max-age=31536000"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cache-control", b"no-store"),
)


class Envelope:
    """An ASGI application around another.

    Args:
        limits: may be replaced while it runs.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, limits: LimitSettings) -> None:
        self._app = app
        self._metrics = metrics
        self.limits = limits
        self.requests = RateLimit(limits.requests_per_minute, limits.exempt)
        # Routes are few, whatever is asked for, and so are statuses.
        self._counters: dict[tuple[str, int], tuple[str, Any]] = {}

    def use(self, limits: LimitSettings) -> None:
        """Take other limits from now on."""
        self.limits = limits
        self.requests.per_minute = limits.requests_per_minute
        self.requests.exempt = limits.exempt

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            return
        exchange = _Exchange(scope, receive, send, self.limits.body)
        token = request_id.set(exchange.request_id)
        try:
            if wait := self.spend(_client(scope)):
                raise too_many(wait)
            # ACME tells of it in its own way.
            if not scope["path"].startswith(ACME):
                exchange.check_length()
            await self._app(scope, exchange.receive, exchange.send)
        except Exception as error:
            await exchange.fail(error)
        finally:
            self._note(exchange)
            request_id.reset(token)

    def spend(self, client: str) -> float:
        """Count a request of a client; return the seconds for which it is refused."""
        wait = self.requests.spend(client)
        if wait:
            self._metrics.refused.labels("https", "rate").inc()
        return wait

    def _note(self, exchange: _Exchange) -> None:
        scope = exchange.scope
        told = Told(_client(scope), scope["method"], scope["path"], exchange.request_id)
        seconds = time.perf_counter() - exchange.began
        self.note(told, route_of(scope), exchange.status, seconds)

    def note(self, told: Told, route: str, status: int, seconds: float) -> None:
        """Count a request that was answered, and have the log tell of it."""
        label, histogram = self._counted(route, status)
        self._metrics.count("requests", label)
        histogram.observe(seconds)
        quiet = route in _QUIET and status < 500
        request_event(
            _LOG,
            logging.DEBUG if quiet else logging.INFO,
            told,
            status,
            round(seconds * 1000, 1),
            _soon,
        )

    def _counted(self, route: str, status: int) -> tuple[str, Any]:
        """Return by what responses are counted, and what takes down their time."""
        found = self._counters.get((route, status))
        if found is None:
            found = self._counters[route, status] = (
                f"https {route} {status}",
                self._metrics.seconds.labels(route),
            )
        return found


def _soon(call: Callable[[], None]) -> None:
    asyncio.get_running_loop().call_later(_MOMENT, call)


def too_many(wait: float) -> RequestRefusedError:
    """Return the refusal of a client that asks too often."""
    seconds = b"%d" % (int(wait) + 1)
    return RequestRefusedError(
        429,
        "too many requests from this address",
        code="too-many-requests",
        hint=f"try again in {seconds.decode()} seconds",
        fields=[(b"retry-after", seconds)],
    )


def route_of(scope: Scope) -> str:
    """Return the pattern of the route that was taken: bounded, unlike paths."""
    if "tlsmith.route" in scope:
        return str(scope["tlsmith.route"])
    pattern = getattr(scope.get("route"), "path", None)
    if pattern is None:
        return "other"
    # Below a mount, patterns leave out where it is mounted.
    mounted = scope.get("root_path", "")
    return str(pattern if pattern.startswith(mounted) else mounted + pattern)


def id_of(fields: Mapping[bytes, bytes]) -> str:
    """Return the id of a request: the client's, where it is a sane one."""
    given = fields.get(b"x-request-id")
    if given is not None and _SANE_ID.fullmatch(given):
        return given.decode("ascii")
    return _next_id()


def _client(scope: Scope) -> str:
    return str((scope.get("client") or ("",))[0])


def _next_id() -> str:
    """Return an id for a request: this process's, and a number."""
    return f"{_PROCESS[os.getpid()]}{next(_NUMBERS):08x}"


class _PerProcess(dict[int, str]):
    def __missing__(self, process: int) -> str:
        self[process] = found = token_hex(4)
        return found


_PROCESS, _NUMBERS = _PerProcess(), itertools.count(1)


class _Exchange:
    """One request and its response."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, most: int) -> None:
        self.scope = scope
        self.status = 500
        self.began = time.perf_counter()
        self._fields = dict(scope["headers"])
        self.request_id = id_of(self._fields)
        self._receive = receive
        self._send = send
        self._most = most
        self._received = 0
        self._has_started = False

    def check_length(self) -> None:
        """Refuse a body that is said to be too large."""
        length = self._fields.get(b"content-length", b"0")
        if int(length) > self._most:
            raise self._too_large()

    async def receive(self) -> Message:
        """Hand on a part of the body, within the limit."""
        message = await self._receive()
        if message["type"] == "http.request":
            self._received += len(message.get("body", b""))
            if self._received > self._most:
                raise self._too_large()
        return message

    async def send(self, message: Message) -> None:
        """Hand on a part of the response, with the fields that every one has."""
        if message["type"] == "http.response.start":
            self._has_started = True
            self.status = message["status"]
            fields = list(message.get("headers", ()))
            names = {name.lower() for name, _ in fields}
            fields += [field for field in FIELDS if field[0] not in names]
            fields.append((b"x-request-id", self.request_id.encode("ascii")))
            message = {**message, "headers": fields}
        await self._send(message)

    async def fail(self, error: Exception) -> None:
        """Respond with a problem document, where nothing was sent yet."""
        status, body = problem_of(error, self.request_id)
        if not isinstance(error, TLSmithError) or status >= 500:
            event(_LOG, logging.ERROR, "request-failed", error=error)
        if self._has_started:
            raise error  # the connection is closed, so that nobody takes it for whole
        fields: list[Any] = [
            (b"content-type", b"application/problem+json"),
            (b"content-length", b"%d" % len(body)),
            *getattr(error, "fields", ()),
        ]
        if status in (413, 429):  # what is still to come of the body is not read
            fields.append((b"connection", b"close"))
        await self.send(
            {"type": "http.response.start", "status": status, "headers": fields}
        )
        await self.send({"type": "http.response.body", "body": body})

    def _too_large(self) -> RequestRefusedError:
        return RequestRefusedError(
            413, f"the body is over {self._most} bytes", code="too-large"
        )
