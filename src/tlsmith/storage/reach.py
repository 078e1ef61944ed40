"""How far away a database is, as those see it who ask it."""

from __future__ import annotations

import threading
import time

from tlsmith.errors import StorageError

# Seconds in which one that is near has answered: to wait in a thread costs as much.
_SOON = 0.0003
# And that each statement beside the first takes the server.
_FURTHER = 0.00005
# So many late answers in a row are not due to a busy machine.
_LATE = 50
# Seconds that an event loop waits, and for which it waits no more after that.
MOST, _REST = 1.0, 30.0


class Reach:
    """Whether an event loop may wait for a database itself.

    It may where the database answers as soon as a disk does. What hangs is given up
    after a moment, and for a while after that others wait: threads.
    """

    def __init__(self) -> None:
        self._late = 0
        self._away_until = 0.0
        self._hurried: int | None = None

    @property
    def is_near(self) -> bool:
        """Whether it may."""
        return self._late < _LATE and time.monotonic() >= self._away_until

    def hurry_here(self) -> None:
        """Have this thread never wait for long."""
        self._hurried = threading.get_ident()

    @property
    def is_hurried(self) -> bool:
        """Whether this thread is the one that does not wait for long."""
        return threading.get_ident() == self._hurried

    def took(self, seconds: float, statements: int = 1) -> None:
        """Note how long an answer took: what was asked is in the server's memory.

        Args:
            statements: how many were asked for together.
        """
        if seconds <= _SOON + _FURTHER * (statements - 1):
            self._late = 0
        else:
            self._late += 1

    def give_up(self) -> StorageError:
        """Note that an answer does not come; return what is to be raised."""
        self._away_until = time.monotonic() + _REST
        return StorageError("the store does not answer", code="store-slow")
