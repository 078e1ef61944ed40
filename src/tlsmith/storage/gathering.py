"""A transaction on PostgreSQL whose statements wait until an answer is needed.

Most acts know what their statements find: what they were told a moment ago. So that is
taken for granted, and statements go out together, at the end. Where one finds something
else, nothing is committed, and the acts are done again, step by step.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tlsmith.storage.asked import Answer, Asked
from tlsmith.storage.asking import Ask
from tlsmith.storage.connection import Cursor, Head, OvertakenError, Row, Transaction

# Statements that are sent together; what is adopted has millions.
_MOST = 500


class GatheringTransaction(Transaction):
    """See above.

    Args:
        ask: runs statements, sent together.
        trusts: whether what is likely is taken for granted.
    """

    def __init__(self, ask: Ask, head: Head, *, trusts: bool) -> None:
        super().__init__(self._run_now, self._run_each, lambda: head)
        self._ask, self._trusts = ask, trusts
        self._waiting: list[Asked] = []
        # How many rows each of them is to find, or change; None for any number.
        self._likely: list[int | None] = []

    def changes_one(self, statement: str, *values: Any) -> bool:
        """See the base."""
        if not self._trusts:
            return super().changes_one(statement, *values)
        self.writes += 1
        self._put_off((statement, values), 1)
        return True

    def finds(self, number: int, statement: str, *values: Any) -> bool:
        """See the base."""
        if not self._trusts:
            return super().finds(number, statement, *values)
        self._put_off((statement, values), number)
        return True

    def flush(self) -> None:
        """See the base."""
        for statement, rows in self._take_later():
            for row in rows:
                self._put_off((statement, row), None)
        if self._waiting:
            self._settle()

    def _put_off(self, asked: Asked, likely: int | None) -> None:
        self._waiting.append(asked)
        self._likely.append(likely)
        if len(self._waiting) >= _MOST:
            self._settle()

    def _run_now(self, statement: str, values: Sequence[Any] = ()) -> Cursor:
        return self._settle((statement, values))

    def _run_each(self, statement: str, rows: Sequence[Row]) -> None:
        for row in rows:
            self._put_off((statement, row), None)
        if self._waiting:
            self._settle()

    def _settle(self, *last: Asked) -> Answer:
        """Run what waits, and a last statement; return what came of that.

        Raises:
            OvertakenError: something taken for granted was not so.
        """
        waiting, self._waiting = self._waiting, []
        likely, self._likely = self._likely, []
        answers = self._ask(*waiting, *last)
        for answer, number in zip(answers, likely, strict=False):
            if number is not None and answer.rowcount != number:
                raise OvertakenError
        return answers[-1]
