"""One process of the server: both sides in one event loop, until it is told to stop."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple, Protocol

from tlsmith.errors import TLSmithError
from tlsmith.server.certificate import OwnTLS, own_names
from tlsmith.server.config import changed
from tlsmith.server.direct import Direct, DirectApp
from tlsmith.server.logs import event, flush_logs, set_up_logs
from tlsmith.server.metrics import Metrics, Sources
from tlsmith.server.notify import notify, watchdog_seconds
from tlsmith.server.ports import AuthorityPort, Meter, OwnCertificate
from tlsmith.server.process import (
    end_within,
    handle_signal,
    lasting,
    loop_factory,
)
from tlsmith.server.rate import RateLimit
from tlsmith.server.readiness import Readiness
from tlsmith.server.settings import ServeSettings
from tlsmith.server.sockets import Sockets
from tlsmith.server.status import StatusSite

if TYPE_CHECKING:
    from starlette.routing import BaseRoute
    from starlette.types import Receive, Scope, Send

    from tlsmith.server.envelope import Envelope
    from tlsmith.server.plain import PlainSide
    from tlsmith.server.secure import SecureSide

# What may still be closed, after everything that ran had its time.
_GRACE = 3
# Seconds for a client to say that it heard us close: many never do.
_GOOD_BYE = 1
# Seconds between looks at what ACME has to do besides.
_ACME_PAUSE = 5
_LOG = logging.getLogger("tlsmith.server")


def no_routes(_authority: AuthorityPort, _failures: RateLimit) -> Sequence[BaseRoute]:
    """Return no routes beside the server's own."""
    return ()


class SiteApp(DirectApp, Protocol):
    """What answers: requests handed over whole, and those of an ASGI server."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        ...


class Site(Protocol):
    """A part of the server that has work of its own in the event loop."""

    @property
    def app(self) -> SiteApp:
        """What answers."""
        ...

    async def maintain(self) -> None:
        """Do what is due; called every few seconds."""
        ...

    async def close(self) -> None:
        """Let end what runs."""
        ...


def no_acme(
    _authority: AuthorityPort, _settings: ServeSettings, _meter: Meter
) -> Site | None:
    """Return no ACME."""
    return None


class Service(NamedTuple):
    """What there is to serve.

    Args:
        open_authority: called once in each worker, before its event loop runs.
        reload: reads the configuration again, on SIGHUP.
        routes: of the API; is given the limit of failed authentications.
        acme: opens ACME, in the event loop; None where there is to be none.
    """

    open_authority: Callable[[Meter], AuthorityPort]
    reload: Callable[[], ServeSettings]
    routes: Callable[[AuthorityPort, RateLimit], Sequence[BaseRoute]] = no_routes
    acme: Callable[[AuthorityPort, ServeSettings, Meter], Site | None] = no_acme


def run_worker(
    settings: ServeSettings,
    sockets: Sockets,
    service: Service,
    on_ready: Callable[[], None],
    lifeline: int | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT.

    Args:
        on_ready: called when both sides answer.
        lifeline: a pipe whose end means that the supervisor is gone.

    Raises:
        TLSmithError: it cannot begin.
    """
    set_up_logs(settings.log)
    metrics = Metrics()
    authority = service.open_authority(metrics)
    try:
        worker = _Worker(settings, service, authority, metrics)
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            runner.run(worker.main(sockets, on_ready, lifeline))
    finally:
        authority.close()


class _Worker:
    def __init__(
        self,
        settings: ServeSettings,
        service: Service,
        authority: AuthorityPort,
        metrics: Metrics,
    ) -> None:
        self._settings = settings
        self._service = service
        self._authority = authority
        self._metrics = metrics
        self._tls = OwnTLS(settings.tls, authority.client_roots(), self._issue)
        self._readiness = Readiness(authority.checks)
        self._site = StatusSite(authority, self._readiness)
        limits = settings.limits
        self._failures = RateLimit(limits.failures_per_minute, limits.exempt)
        self._servers: list[asyncio.AbstractServer] = []
        self._sides: list[PlainSide | SecureSide] = []
        self._plain: PlainSide | None = None
        self._acme: Site | None = None
        self._stopping = asyncio.Event()
        self._is_urgent = False

    async def main(
        self, sockets: Sockets, on_ready: Callable[[], None], lifeline: int | None
    ) -> None:
        """Serve until told to stop."""
        self._listen_to_signals(lifeline)
        await self._readiness.check()
        self._envelope = self._build()
        await self._open(sockets)
        jobs = [self._readiness.run(), self._tls.run(), self._maintain(), self._tick()]
        if self._acme is not None:
            jobs.append(self._maintain_acme(self._acme))
        tasks = [asyncio.create_task(lasting(job)) for job in jobs]
        # What is there by now stays: only what comes is looked through, and not often.
        gc.freeze()
        gc.set_threshold(50_000, 20, 50)
        on_ready()
        await self._stopping.wait()
        await self._stop()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._acme is not None:
            await self._acme.close()
        self._flush()

    def _build(self) -> Envelope:
        from tlsmith.server.app import build_app
        from tlsmith.server.envelope import Envelope

        sources = Sources(
            self._authority.figures,
            self._readiness.states,
            lambda: self._tls.certificate.not_after,
        )
        routes = self._service.routes(self._authority, self._failures)
        self._acme = self._service.acme(self._authority, self._settings, self._metrics)
        acme = None if self._acme is None else self._acme.app
        app = build_app(self._site, self._metrics, sources, routes, acme)
        return Envelope(app, self._metrics, self._settings.limits)

    async def _open(self, sockets: Sockets) -> None:
        """Begin to answer on both sides."""
        from uvicorn import Config

        from tlsmith.server.plain import PlainProtocol, PlainSide
        from tlsmith.server.secure import SecureSide
        from tlsmith.server.tls import TLSConnection, TLSPatience

        loop = asyncio.get_running_loop()
        config = Config(
            self._envelope,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            date_header=False,
        )
        config.load()
        direct = None
        if self._acme is not None:
            direct = Direct(self._envelope, self._acme.app)
        secure = SecureSide(config, self._settings.limits, direct)
        self._sides.append(secure)
        patience = TLSPatience(self._settings.limits.request_time, _GOOD_BYE)
        context = self._tls.context
        self._servers.append(
            await loop.create_server(
                lambda: TLSConnection(context, secure.protocol, patience),
                sock=sockets.https,
            )
        )
        if sockets.http is not None:
            plain = PlainSide(self._site, self._settings.limits)
            self._plain = plain
            self._sides.append(plain)
            server = await loop.create_server(
                lambda: PlainProtocol(plain), sock=sockets.http
            )
            self._servers.append(server)

    async def _stop(self) -> None:
        """Have load balancers notice, accept no more, let end what runs."""
        notify("STOPPING=1")
        limits = self._settings.limits
        end_within(limits.drain + limits.stop + _GRACE)
        event(_LOG, logging.INFO, "stopping")
        self._readiness.is_stopping = True
        await self._wait(limits.drain, lambda: False)
        for server in self._servers:
            server.close()
        for side in self._sides:
            side.stop()
        await self._wait(limits.stop, lambda: not self._open_connections())
        left = self._open_connections()
        event(_LOG, logging.INFO, "stopped", cut_off=left)

    async def _wait(self, seconds: float, is_over: Callable[[], bool]) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while loop.time() < end and not is_over() and not self._is_urgent:
            await asyncio.sleep(0.02)

    def _open_connections(self) -> int:
        return sum(len(side.connections) for side in self._sides)

    def _issue(self) -> OwnCertificate:
        settings = self._settings
        own = settings.tls
        return self._authority.own_certificate(
            own_names(settings), own.profile, own.lifetime
        )

    # What is done besides.

    async def _maintain(self) -> None:
        """Have the authority do what is due, in a thread of its own."""
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(1, thread_name_prefix="maintain") as executor:
            while True:
                seconds = 1.0
                try:
                    seconds = await loop.run_in_executor(
                        executor, self._authority.maintain
                    )
                except Exception as error:
                    event(_LOG, logging.ERROR, "maintenance-failed", error=error)
                await asyncio.sleep(max(0.05, seconds))

    async def _maintain_acme(self, acme: Site) -> None:
        while True:
            await asyncio.sleep(_ACME_PAUSE)
            try:
                await acme.maintain()
            except Exception as error:
                event(_LOG, logging.ERROR, "maintenance-failed", error=error)

    async def _tick(self) -> None:
        watchdog = watchdog_seconds()
        while True:
            await asyncio.sleep(1.0)
            for side in self._sides:
                side.tick()
            self._flush()
            if watchdog is not None:
                notify("WATCHDOG=1")

    def _flush(self) -> None:
        """Hand over what was counted, and said, since the last time."""
        metrics = self._metrics
        for name, side in zip(("https", "http"), self._sides, strict=False):
            metrics.connections.labels(name).set(len(side.connections))
            refusals, side.refusals = side.refusals, Counter()
            for why, count in refusals.items():
                metrics.refused.labels(name, why).inc(count)
        if self._plain is not None:
            replies, self._plain.replies = self._plain.replies, Counter()
            for (route, status), count in replies.items():
                metrics.requests.labels("http", route, str(status)).inc(count)
        answers, self._site.answers = self._site.answers, Counter()
        for answer, count in answers.items():
            metrics.ocsp.labels(answer).inc(count)
        flush_logs()

    # Signals.

    def _listen_to_signals(self, lifeline: int | None) -> None:
        loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        if lifeline is not None:
            loop.add_reader(lifeline, self._told_to_stop)
        wanted: dict[str, Callable[[], None]] = {
            "SIGTERM": self._told_to_stop,
            "SIGINT": self._told_to_stop,
            "SIGHUP": self._reload,
        }
        for name, handler in wanted.items():
            number = getattr(signal, name, None)
            if number is not None:
                handle_signal(loop, number, handler)

    def _told_to_stop(self) -> None:
        """Stop; at the second time without waiting for what runs."""
        self._is_urgent = self._stopping.is_set()
        self._stopping.set()

    def _reload(self) -> None:
        try:
            settings = self._service.reload()
        except TLSmithError as error:
            mistakes = "; ".join(getattr(error, "mistakes", ()))
            told = {"mistakes": mistakes} if mistakes else {}
            event(_LOG, logging.ERROR, "reload-refused", error=error, **told)
            return
        waiting = changed(self._settings, settings, live=False)
        taken = changed(self._settings, settings, live=True)
        self._settings = settings
        set_up_logs(settings.log)
        for side in self._sides:
            side.limits = settings.limits
        self._envelope.use(settings.limits)
        self._failures.per_minute = settings.limits.failures_per_minute
        self._failures.exempt = settings.limits.exempt
        event(_LOG, logging.INFO, "reloaded", changed=taken, needs_restart=waiting)
