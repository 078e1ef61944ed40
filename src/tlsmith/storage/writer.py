"""Group commit: what is asked for at the same time is made durable at once.

A commit waits for the disk, a certificate does not: one thread takes everything that
waits, does it in one transaction, and answers when that is on disk.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from functools import partial
from typing import Any, TypeVar

from tlsmith.errors import (
    ConflictError,
    NotFoundError,
    StorageError,
)
from tlsmith.storage.base import Storage
from tlsmith.storage.connection import OvertakenError, Transaction
from tlsmith.storage.errand import Errand, HandOver
from tlsmith.storage.light_future import LightFuture
from tlsmith.storage.turns import EventLoop, Turns
from tlsmith.storage.work import Outcomes, Work, do_all, fail

Result = TypeVar("Result")
_MOST = 1024
# What is said of an act, or by a driver of its statement, and not of the store.
_OF_AN_ACT = (ConflictError, NotFoundError)
_OF_A_STATEMENT = StorageError.code


class Writer:
    """The one thread of a process that writes to a store.

    Args:
        observe: told how many acts each commit held.
    """

    def __init__(
        self, storage: Storage, *, observe: Callable[[int], None] = lambda _: None
    ) -> None:
        self._storage = storage
        self._observe = observe
        self._waiting: queue.SimpleQueue[Work | None] = queue.SimpleQueue()
        self._closed = False
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._hand_over: HandOver | None = None
        self._turns: Turns | None = None
        self._is_at_work = False
        # What was taken for the batch after this.
        self._held: Work | None = None

    def attend(self, loop: EventLoop) -> None:
        """Have short acts done in the thread of an event loop, without their commit.

        Two threads that run Python take turns at every statement, and each turn costs
        more than the statement. The loop does not wait for other processes: what is
        begun has the store's lock. Called in that thread.
        """
        self._storage.hurry_here()
        self._hand_over = loop.call_soon_threadsafe
        if self._storage.begins_now:
            self._turns = Turns(self._storage, loop, self, self._observe)

    def submit(self, act: Callable[[Transaction], Result]) -> Result:
        """Do `act` in a transaction with others; return once it is durable.

        An act that finds it cannot be done raises before it writes: then the others
        are not disturbed. It may be run twice, so it changes nothing but the store.

        Raises:
            StorageError: it could not be written.
        """
        return self.begin(act).result()

    def begin(
        self, act: Callable[[Transaction], Result], *, is_short: bool = False
    ) -> Future[Result]:
        """Have `act` done, as `submit` does, and return at once.

        It cannot be called off: whoever stops waiting, it is done all the same.

        Args:
            is_short: an event loop can do it, a few statements; see `attend`.
        """
        future: Future[Result] = LightFuture()
        with self._lock:
            if self._closed:
                raise StorageError("the store is closed", code="store-closed")
            work = Work(act, future, is_short)
            if self._turns is None or not is_short or not self._turns.take(work):
                self.do([work])
        return future

    @property
    def is_busy(self) -> bool:
        """Whether the thread has something to do."""
        return self._is_at_work or not self._waiting.empty()

    def do(self, batch: Sequence[Work]) -> None:
        """Have the thread do something."""
        if batch and self._thread is None:
            self._thread = threading.Thread(
                target=self._run, name="tlsmith-writer", daemon=True
            )
            self._thread.start()
        for work in batch:
            self._waiting.put(work)

    def waiting(self) -> int:
        """Return how many acts wait to be taken."""
        return self._waiting.qsize()

    def close(self) -> None:
        """Finish what waits, and end."""
        with self._lock:
            self._closed = True
        if self._turns is not None:
            self._turns.close()
        self._waiting.put(None)
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while True:
            batch = self._take()
            if not batch:
                return
            self._is_at_work = True
            self._commit(batch)
            self._is_at_work = False

    def _take(self) -> list[Work]:
        """Return everything that waits, at least one; nothing at the end."""
        first, self._held = self._held or self._waiting.get(), None
        batch = [first] if first is not None else []
        if batch:
            self._take_more(batch)
        return batch

    def _take_more(self, batch: list[Work], *, short: bool = False) -> None:
        """Add what waits by now.

        Args:
            short: only up to the first that is not.
        """
        while len(batch) < _MOST and self._held is None:
            try:
                work = self._waiting.get_nowait()
            except queue.Empty:
                return
            if work is None:
                self._waiting.put(None)
                return
            if short and not work.is_short:
                self._held = work
            else:
                batch.append(work)

    def _commit(self, batch: list[Work], *, is_open: bool = True) -> None:
        """Do a batch, and answer.

        Args:
            is_open: what was begun meanwhile may join.
        """
        try:
            done = self._try_together(batch, is_open=is_open)
        except Exception as error:
            self.do_apart(batch, error)
        except BaseException as unexpected:
            # Whatever it is, nobody is left waiting.
            for work in batch:
                fail(work, unexpected)
        else:
            self._observe(len(done))
            for work, result in done:
                work.future.set_result(result)

    def _try_together(
        self, batch: list[Work], *, is_open: bool
    ) -> list[tuple[Work, Any]]:
        try:
            writing = self._storage.write_trusting()
            return self._done_together(writing, batch, is_open=is_open)
        except OvertakenError:
            return self._done_together(self._storage.write(), batch, is_open=False)

    def _done_together(
        self,
        writing: AbstractContextManager[Transaction],
        batch: list[Work],
        *,
        is_open: bool,
    ) -> list[tuple[Work, Any]]:
        with writing as transaction:
            if all(one.is_short for one in batch):
                acts = partial(self._do_and_flush, batch, transaction, is_open=is_open)
                done, refused, _ = self._by_whom_it_is_quicker(acts)
            else:
                done, refused, _ = do_all(batch, transaction)
        self._storage.kept.note(transaction.changes)
        for work, refusal in refused:
            fail(work, refusal)
        return done

    def _by_whom_it_is_quicker(self, acts: Callable[[], Outcomes]) -> Outcomes:
        """Have acts done by an event loop, unless they wait for no statement."""
        if self._hand_over is None or self._storage.gathers:
            return acts()
        return Errand(acts).result_by(self._hand_over)

    def _do_and_flush(
        self, batch: list[Work], transaction: Transaction, *, is_open: bool
    ) -> Outcomes:
        # Until a store is to be had, or an event loop comes to it, there may be more.
        if is_open:
            self._take_more(batch, short=True)
        outcomes = do_all(batch, transaction)
        transaction.flush()
        return outcomes

    def do_apart(self, batch: Sequence[Work], error: Exception) -> None:
        """Do each act in a transaction of its own, so that only the bad one fails.

        Where the store itself is at fault, all fail as the first did.
        """
        is_store = isinstance(error, StorageError) and not (
            isinstance(error, _OF_AN_ACT) or error.code == _OF_A_STATEMENT
        )
        waiting = [work for work in batch if not work.future.done()]
        if is_store or len(waiting) == 1:
            for work in waiting:
                fail(work, error)
            return
        for work in waiting:
            self._commit([work], is_open=False)
