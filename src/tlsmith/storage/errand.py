"""Work that another thread is asked to do, since it would only be waited for there."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Result = TypeVar("Result")
# Has a thread, such as an event loop's, call something soon; asyncio's
# `call_soon_threadsafe`.
HandOver = Callable[[Callable[[], None]], object]
# Seconds until it is done here: the other thread may be waiting for this one.
_PATIENCE = 0.05


class Errand(Generic[Result]):
    """Work that is done once, by the thread that comes to it first."""

    def __init__(self, work: Callable[[], Result]) -> None:
        self._work = work
        self._claim, self._running = threading.Lock(), threading.Lock()
        self._running.acquire()
        self._error: BaseException | None = None

    def run(self) -> None:
        """Do the work, unless somebody does."""
        if not self._claim.acquire(blocking=False):
            return
        try:
            self._result = self._work()
        except BaseException as error:
            # Whoever waits raises it.
            self._error = error
        finally:
            self._running.release()

    def result_by(self, hand_over: HandOver) -> Result:
        """Have the work done by another thread, or by this one where that is late."""
        try:
            hand_over(self.run)
            is_done = self._running.acquire(timeout=_PATIENCE)
        except RuntimeError:  # its event loop is closed
            is_done = False
        if not is_done:
            self.run()
            self._running.acquire()
        if self._error is not None:
            raise self._error
        return self._result
