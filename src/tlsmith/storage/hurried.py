"""A connection to PostgreSQL on which an event loop does not wait for long."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, TypeVar

import psycopg

from tlsmith.storage.asked import Answer, Asked
from tlsmith.storage.exchange import Exchanges
from tlsmith.storage.reach import MOST, Reach

if TYPE_CHECKING:
    from psycopg.abc import PQGen

Result = TypeVar("Result")


class HurriedConnection(psycopg.Connection[Any]):
    """One that gives up what takes too long, where the thread is a hurried one.

    Attributes:
        reach: of the server; None while it is connected to.
    """

    reach: Reach | None = None
    _exchanges: Exchanges | None = None

    def ask(self, *asked: Asked) -> list[Answer]:
        """Run statements, sent together; see `Exchanges`."""
        exchanges = self._exchanges
        if exchanges is None:
            exchanges = self._exchanges = Exchanges(self)
        return self.wait(exchanges.exchange(asked))

    def wait(self, gen: PQGen[Result], *args: Any, **words: Any) -> Result:
        """Wait for an exchange.

        Raises:
            StorageError: store-slow: the connection is of no more use.
        """
        if self.reach is not None and self.reach.is_hurried:
            gen = _limited(gen, self.reach)
        return super().wait(gen, *args, **words)


def _limited(exchange: PQGen[Result], reach: Reach) -> PQGen[Result]:
    """Go through an exchange; the driver wakes it often, also for nothing."""
    late = time.monotonic() + MOST
    ready: Any = None
    while True:
        try:
            wanted = exchange.send(ready)
        except StopIteration as end:
            result: Result = end.value
            return result
        ready = yield wanted
        if not ready and time.monotonic() >= late:
            raise reach.give_up()
