"""Several workers on the same sockets: started, replaced, reloaded and stopped.

Workers are forked, before there is a thread or an open store: what they need to open
the CA's key is in the memory they inherit, and never in arguments, the environment or
a file.
"""

from __future__ import annotations

import json
import logging
import os
import select
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import NoReturn

from tlsmith.errors import TLSmithError
from tlsmith.server.logs import event, set_up_logs
from tlsmith.server.metrics import forget_worker
from tlsmith.server.metrics_folder import metrics_folder
from tlsmith.server.notify import notify, watchdog_seconds
from tlsmith.server.settings import ServeSettings
from tlsmith.server.sockets import Sockets
from tlsmith.server.worker import Service, run_worker

# A worker that dies young is replaced a little later each time.
YOUNG, FIRST_DELAY, LONGEST_DELAY = 10.0, 0.1, 10.0
_FAILED = 3
_LOG = logging.getLogger("tlsmith.server")


@dataclass(slots=True)
class _Child:
    process: int
    report: int
    born: float
    is_ready: bool = False


class Supervisor:
    """The process that the workers are children of; it answers nothing itself."""

    def __init__(
        self,
        settings: ServeSettings,
        sockets: Sockets,
        service: Service,
        on_ready: Callable[[], None],
    ) -> None:
        self._settings = settings
        self._sockets = sockets
        self._service = service
        self._on_ready = on_ready
        self._children: dict[int, _Child] = {}
        self._is_stopping = False
        self._is_running = False
        self._deadline = float("inf")
        self._delay = 0.0
        self._due = 0.0
        self._error: TLSmithError | None = None
        self._signals: list[int] = []

    def run(self) -> None:
        """Keep the workers running until SIGTERM or SIGINT.

        Raises:
            TLSmithError: a worker could not begin.
        """
        set_up_logs(self._settings.log)
        lifeline, self._lifeline = os.pipe()
        self._inherited = lifeline
        watchdog = watchdog_seconds()
        with metrics_folder(), self._wake_on_signals() as woken:
            while not self._is_over():
                self._start_missing()
                self._wait(woken, watchdog)
                self._take_signals()
                self._reap()
                self._kill_late()
                if watchdog is not None:
                    notify("WATCHDOG=1")
        os.close(lifeline)
        os.close(self._lifeline)
        if self._error is not None:
            raise self._error

    def _is_over(self) -> bool:
        return self._is_stopping and not self._children

    # Starting.

    def _start_missing(self) -> None:
        now = time.monotonic()
        missing = self._settings.workers - len(self._children)
        if self._is_stopping or now < self._due:
            return
        for _ in range(missing):
            self._start()

    def _start(self) -> None:
        report, write = os.pipe()
        # Held back until the child has let go of our handlers: one of them would
        # swallow a SIGTERM that comes as early as that.
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        process = os.fork()
        if process == 0:
            os.close(report)
            self._be_worker(write)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        os.close(write)
        self._children[process] = _Child(process, report, time.monotonic())

    def _be_worker(self, report: int) -> NoReturn:
        """Be the child: nothing of the supervisor is left to it but memory."""
        code = _FAILED
        try:
            signal.set_wakeup_fd(-1)
            for number in _SIGNALS:
                # A reload that comes before there is something to reload is no reason
                # to die.
                early = signal.SIG_IGN if number == signal.SIGHUP else signal.SIG_DFL
                signal.signal(number, early)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            os.close(self._lifeline)
            for child in self._children.values():
                os.close(child.report)
            for name in ("NOTIFY_SOCKET", "WATCHDOG_USEC"):  # not its business
                os.environ.pop(name, None)
            run_worker(
                self._settings,
                self._sockets,
                self._service,
                lambda: _tell(report, {}),
                self._inherited,
            )
            code = 0
        except TLSmithError as error:
            hint = error.hint
            _tell(report, {"error": error.message, "code": error.code, "hint": hint})
        except Exception as error:
            event(_LOG, logging.ERROR, "worker-failed", error=error)
            _tell(report, {"error": f"a worker failed: {type(error).__name__}"})
        finally:
            os._exit(code)

    # Waiting.

    @contextmanager
    def _wake_on_signals(self) -> Iterator[socket.socket]:
        """Have every signal end the wait, and be dealt with behind it."""
        woken, waker = socket.socketpair()
        woken.setblocking(False)
        waker.setblocking(False)
        before = {
            number: signal.signal(number, lambda got, _: self._signals.append(got))
            for number in _SIGNALS
        }
        old = signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
        try:
            yield woken
        finally:
            signal.set_wakeup_fd(old)
            for number, handler in before.items():
                signal.signal(number, handler)
            woken.close()
            waker.close()

    def _wait(self, woken: socket.socket, watchdog: float | None) -> None:
        reports = {
            child.report: child
            for child in self._children.values()
            if not child.is_ready
        }
        until = min(watchdog or 60.0, 60.0)
        now = time.monotonic()
        for moment in (self._due, self._deadline):
            if moment > now:
                until = min(until, moment - now)
        ready, _, _ = select.select([woken.fileno(), *reports], [], [], until)
        for each in ready:
            if each == woken.fileno():
                with suppress(BlockingIOError):
                    woken.recv(4096)
            else:
                self._hear(reports[each])

    def _hear(self, child: _Child) -> None:
        """Take what a worker says of its beginning."""
        said = os.read(child.report, 65536)
        child.is_ready = True
        if not said:
            return  # it died: that is seen elsewhere
        facts = json.loads(said)
        if "error" in facts:
            self._error = TLSmithError(
                facts["error"], code=facts.get("code"), hint=facts.get("hint")
            )
        elif not self._is_running and all(
            each.is_ready for each in self._children.values()
        ):
            self._is_running = True
            self._on_ready()

    # Signals and deaths.

    def _take_signals(self) -> None:
        taken, self._signals = self._signals, []
        for number in taken:
            if number in (signal.SIGTERM, signal.SIGINT):
                self._stop()
            elif number == signal.SIGHUP:
                self._reload()

    def _stop(self) -> None:
        notify("STOPPING=1")
        self._is_stopping = True
        # No worker is started any more. Were they left open, connections would go on
        # being taken after the workers closed theirs, and never be answered.
        self._sockets.close()
        limits = self._settings.limits
        self._deadline = time.monotonic() + limits.drain + limits.stop + 5
        self._tell_all(signal.SIGTERM)

    def _reload(self) -> None:
        """Have workers started from now on know it too; each reads it again itself."""
        with suppress(TLSmithError):  # the workers say what is wrong
            again = self._service.reload()
            self._settings = again
        self._tell_all(signal.SIGHUP)

    def _tell_all(self, number: int) -> None:
        for process in self._children:
            with suppress(ProcessLookupError):
                os.kill(process, number)

    def _reap(self) -> None:
        for process in list(self._children):
            found, status = os.waitpid(process, os.WNOHANG)
            if found:
                self._bury(self._children.pop(process), status)

    def _bury(self, child: _Child, status: int) -> None:
        if not child.is_ready:
            self._hear(child)
        os.close(child.report)
        forget_worker(child.process)
        if self._is_stopping:
            return
        code = os.waitstatus_to_exitcode(status)
        event(_LOG, logging.ERROR, "worker-died", process=child.process, exit_code=code)
        if not self._is_running:
            self._error = self._error or TLSmithError("a worker died as it began")
            self._stop()
            return
        self._error = None
        is_young = time.monotonic() - child.born < YOUNG
        longer = min(max(self._delay * 2, FIRST_DELAY), LONGEST_DELAY)
        self._delay = longer if is_young else 0.0
        self._due = time.monotonic() + self._delay

    def _kill_late(self) -> None:
        if time.monotonic() > self._deadline:
            self._deadline = float("inf")
            self._tell_all(signal.SIGKILL)


_SIGNALS = tuple(
    getattr(signal, name)
    for name in ("SIGTERM", "SIGINT", "SIGHUP", "SIGCHLD")
    if hasattr(signal, name)
)


def _tell(report: int, facts: dict[str, str | None]) -> None:
    with suppress(OSError):  # the supervisor is gone: the lifeline says so
        os.write(report, json.dumps(facts).encode())
