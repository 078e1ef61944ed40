"""Waiting for the store from within the event loop: for a moment, and no longer."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from tlsmith.errors import StorageError

Result = TypeVar("Result")
_FIRST, _THEN = 1.0, 0.05


class Patience:
    """Has work done in a thread of its own, and waits for it for a moment only.

    A store whose machine or network is gone says nothing for a long while. Until what
    waits for it is over, nothing more is begun, and who asks is told at once.
    """

    def __init__(self) -> None:
        self._work: queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]]] = (
            queue.SimpleQueue()
        )
        self._late: Future[Any] | None = None
        self._seconds = _FIRST
        self._thread: threading.Thread | None = None

    def do(self, work: Callable[[], Result]) -> Result:
        """Return what `work` does; from one thread only.

        Raises:
            StorageError: it takes too long, or one before it does.
        """
        if self._late is not None:
            if not self._late.done():
                raise _slow()
            self._late = None
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._run, name="tlsmith-status", daemon=True
            )
            self._thread.start()
        future: Future[Result] = Future()
        self._work.put((work, future))
        try:
            result = future.result(self._seconds)
        except TimeoutError:
            self._late, self._seconds = future, _THEN
            raise _slow() from None
        self._seconds = _FIRST
        return result

    def _run(self) -> None:
        while True:
            work, future = self._work.get()
            try:
                result = work()
            except BaseException as error:
                future.set_exception(error)
            else:
                future.set_result(result)


def _slow() -> StorageError:
    return StorageError("the store does not answer", code="store-slow")
