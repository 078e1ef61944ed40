"""What a database is asked, and what it answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

# A statement with `?` for its values, and these.
Asked = tuple[str, Sequence[Any]]


class Answer:
    """What came of a statement; has what a cursor has."""

    __slots__ = ("_rows", "rowcount")

    def __init__(self, rows: list[tuple[Any, ...]], rowcount: int) -> None:
        self._rows, self.rowcount = rows, rowcount

    def fetchone(self) -> Any:
        """Return the first row, or None."""
        return self._rows[0] if self._rows else None

    def fetchall(self) -> list[Any]:
        """Return every row."""
        return self._rows
