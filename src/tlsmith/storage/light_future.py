"""A future that costs little where nobody waits for it in a thread of their own."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar, cast

Result = TypeVar("Result")
_LOG = logging.getLogger("tlsmith.storage")


class LightFuture(Future[Result]):
    """The library's, without the condition by which threads wait: 40 calls of it.

    It is running from the beginning, so it cannot be cancelled. `result` and
    `exception` wait for it; the library's `wait` and `as_completed` cannot, which want
    the condition.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: list[Callable[[Future[Result]], object]] = []
        self._is_done = False
        self._value: Any = None
        self._failure: BaseException | None = None

    def cancel(self) -> bool:
        """See the base."""
        return False

    def cancelled(self) -> bool:
        """See the base."""
        return False

    def running(self) -> bool:
        """See the base."""
        return not self._is_done

    def done(self) -> bool:
        """See the base."""
        return self._is_done

    def add_done_callback(self, fn: Callable[[Future[Result]], object]) -> None:
        """See the base."""
        with self._lock:
            if not self._is_done:
                self._calls.append(fn)
                return
        self._call(fn)

    def result(self, timeout: float | None = None) -> Result:
        """See the base."""
        failure = self.exception(timeout)
        if failure is not None:
            raise failure
        return cast("Result", self._value)

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """See the base."""
        if not self._is_done:
            there = threading.Event()
            self.add_done_callback(lambda _: there.set())
            if not there.wait(timeout):
                raise TimeoutError
        return self._failure

    def set_running_or_notify_cancel(self) -> bool:
        """See the base."""
        return True

    def set_result(self, result: Result) -> None:
        """See the base."""
        self._settle(result, None)

    def set_exception(self, exception: BaseException | None) -> None:
        """See the base."""
        self._settle(None, exception)

    def _settle(self, value: Any, failure: BaseException | None) -> None:
        with self._lock:
            self._value, self._failure, self._is_done = value, failure, True
            calls, self._calls = self._calls, []
        for call in calls:
            self._call(call)

    def _call(self, call: Callable[[Future[Result]], object]) -> None:
        try:
            call(self)
        except Exception:
            # As the library does: who is called next shall not suffer from it.
            _LOG.exception("a callback of a future failed")
