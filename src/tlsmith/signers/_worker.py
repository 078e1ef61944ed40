"""One thread that makes every call of a module, so that no caller waits for ever.

A call into a PKCS#11 module cannot be interrupted: where a token hangs, the thread
that asked it hangs. Let that be one of ours.
"""

from __future__ import annotations

import os
import queue
import threading
import time
import weakref
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")


class NoAnswerError(Exception):
    """The call did not return in time."""


class Worker:
    """Makes calls one after the other, in a thread that a fork does not copy."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._start = threading.Lock()
        self.after_fork()
        _WORKERS.add(self)

    def after_fork(self) -> None:
        """Begin anew: the thread stayed in the parent, and so did who waits for it."""
        self.calling = threading.Lock()
        self._start = threading.Lock()
        self._queue: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]]]
        self._queue = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._since: float | None = None

    def run(self, work: Callable[[], T], seconds: float) -> T:
        """Return what `work` returns, or raise what it raises.

        Raises:
            NoAnswerError: it takes longer, or an earlier one does so still.
        """
        since = self._since
        if since is not None and time.monotonic() - since > seconds:
            raise NoAnswerError
        future = self.post(work)
        try:
            return future.result(seconds)
        except TimeoutError as error:
            future.cancel()
            raise NoAnswerError from error

    def post(self, work: Callable[[], T]) -> Future[T]:
        """Have `work` called when its turn comes, however long that takes."""
        self._ensure_thread()
        future: Future[T] = Future()
        self._queue.put((future, work))
        return future

    def _ensure_thread(self) -> None:
        if self._thread is not None:
            return
        with self._start:
            if self._thread is None:
                # A daemon: a token that hangs must not keep the process from its end.
                self._thread = threading.Thread(
                    target=self._loop, name=self._name, daemon=True
                )
                self._thread.start()

    def _loop(self) -> None:
        while True:
            future, work = self._queue.get()
            if not future.set_running_or_notify_cancel():
                continue
            self._since = time.monotonic()
            with self.calling:
                try:
                    result = work()
                except BaseException as error:
                    future.set_exception(error)
                else:
                    future.set_result(result)
            self._since = None
            del future, work


_WORKERS: weakref.WeakSet[Worker] = weakref.WeakSet()
_FORK_PATIENCE = 5.0
_held: list[Worker] = []


def _before_fork() -> None:
    """Let calls end: a module forked in the middle of one keeps its locks for ever."""
    _held.extend(
        worker
        for worker in list(_WORKERS)
        if worker.calling.acquire(timeout=_FORK_PATIENCE)
    )


def _after_in_parent() -> None:
    while _held:
        _held.pop().calling.release()


def _after_in_child() -> None:
    _held.clear()
    for worker in list(_WORKERS):
        worker.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork,
        after_in_parent=_after_in_parent,
        after_in_child=_after_in_child,
    )
