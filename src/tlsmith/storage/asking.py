"""A connection that reads, and whose queries go out together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tlsmith.storage.asked import Answer, Asked
from tlsmith.storage.connection import Connection, Cursor, Row

# Runs statements, sent together.
Ask = Callable[..., list[Answer]]


class AskingConnection(Connection):
    """See the base."""

    def __init__(self, ask: Ask) -> None:
        super().__init__(self._run, self._run_each)
        self._ask = ask

    def each(self, *asked: Asked) -> list[Cursor]:
        """See the base."""
        return [*self._ask(*asked)]

    def _run(self, statement: str, values: Sequence[Any] = ()) -> Answer:
        return self._ask((statement, values))[0]

    def _run_each(self, statement: str, rows: Sequence[Row]) -> None:
        self._ask(*((statement, row) for row in rows))
