"""Short acts done in an event loop, turn by turn: a thread waits for the disk alone.

To wake a thread that runs Python, and to be woken by it, costs more than the
statements of most acts. So the loop begins a transaction itself where no other process
writes, does what is there to be done, and only the commit is another thread's.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from tlsmith.storage.work import Outcomes, Work, do_all, fail

if TYPE_CHECKING:
    from tlsmith.storage.base import Begun, Storage


class EventLoop(Protocol):
    """What is asked of the loop; asyncio's are such."""

    def call_soon(self, callback: Callable[[], Any]) -> object:
        """Call something in the next turn; called in the loop's thread."""
        ...

    def call_soon_threadsafe(self, callback: Callable[[], Any]) -> object:
        """Call something soon; called in any thread."""
        ...


class Patient(Protocol):
    """Who does what the loop cannot do at once."""

    @property
    def is_busy(self) -> bool:
        """Whether something waits there, or is done."""
        ...

    def do(self, batch: Sequence[Work]) -> None:
        """Have acts done later, in any order."""
        ...

    def do_apart(self, batch: Sequence[Work], error: Exception) -> None:
        """Do acts that could not be done together, and wait for them."""
        ...


class _Turn(NamedTuple):
    """Acts that are done, and not committed yet."""

    batch: Sequence[Work]
    outcomes: Outcomes
    begun: Begun


class Turns:
    """The acts of one event loop, in whose thread this is made."""

    def __init__(
        self,
        storage: Storage,
        loop: EventLoop,
        patient: Patient,
        observe: Callable[[int], None],
    ) -> None:
        self._storage, self._loop, self._patient = storage, loop, patient
        self._observe = observe
        self._home = threading.get_ident()
        self._waiting: list[Work] = []
        # Whether a turn is to come, or is committed.
        self._is_due = False
        self._commits: queue.SimpleQueue[_Turn | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def take(self, work: Work) -> bool:
        """Have an act done; tell whether this is the thread for it."""
        if threading.get_ident() != self._home:
            return False
        self._waiting.append(work)
        if not self._is_due:
            self._is_due = True
            self._loop.call_soon(self._turn)
        return True

    def _turn(self) -> None:
        """Do what waits, and have it committed."""
        batch, self._waiting = self._waiting, []
        turn = self._done(batch) if batch else None
        if turn is None:
            self._is_due = False
            self._patient.do(batch)
            return
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._commit_all, name="tlsmith-commits", daemon=True
            )
            self._thread.start()
        self._commits.put(turn)

    def _done(self, batch: Sequence[Work]) -> _Turn | None:
        """Do acts; return None where that cannot be, with nothing written."""
        begun = None
        try:
            # Who waits for the lock shall not wait for ever.
            if not self._patient.is_busy:
                begun = self._storage.begin_now()
            if begun is None:
                return None
            self._storage.kept.begin()
            transaction = begun.transaction
            outcomes = do_all(batch, transaction)
            transaction.flush()
        except Exception:
            # Whatever it is, it happens there again, and is told to whom it concerns.
            if begun is not None:
                begun.roll_back()
            return None
        changes = transaction.changes if outcomes.is_told else None
        self._storage.kept.expect(changes)
        return _Turn(batch, outcomes, begun)

    def _commit_all(self) -> None:
        while turn := self._commits.get():
            try:
                turn.begun.commit()
            except Exception as error:
                self._hand_back(self._go_on)
                self._patient.do_apart(turn.batch, error)
            else:
                self._hand_back(partial(self._committed, turn))

    def _hand_back(self, work: Callable[[], None]) -> None:
        try:
            self._loop.call_soon_threadsafe(work)
        except RuntimeError:  # the loop is closed
            work()

    def _committed(self, turn: _Turn) -> None:
        """Answer, once the next turn is on its way."""
        self._storage.kept.settle()
        self._go_on()
        self._observe(len(turn.outcomes.done))
        for work, result in turn.outcomes.done:
            work.future.set_result(result)
        for work, refusal in turn.outcomes.refused:
            fail(work, refusal)

    def _go_on(self) -> None:
        if self._waiting:
            self._turn()
        else:
            self._is_due = False

    def close(self) -> None:
        """Have what waits done elsewhere, and end."""
        batch, self._waiting = self._waiting, []
        self._patient.do(batch)
        self._commits.put(None)
        if self._thread is not None:
            self._thread.join()
