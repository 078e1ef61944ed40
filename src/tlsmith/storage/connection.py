"""What runs a statement: a connection, and a transaction that also writes."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, Protocol

from tlsmith.storage.asked import Asked

Row = tuple[Any, ...]
Head = tuple[int, int, bytes, int]
_TALLY = (
    "INSERT INTO tallies (day, what, number) VALUES (?, ?, ?) "
    "ON CONFLICT (day, what) DO UPDATE SET number = tallies.number + excluded.number"
)
_COUNTED = (
    "UPDATE head SET certificates = ?, audit_sequence = ?, audit_hash = ?, revision = ?"
)


class OvertakenError(Exception):
    """Something that a transaction took for granted was not so; nothing is written."""


class Cursor(Protocol):
    """What both drivers' cursors have."""

    @property
    def rowcount(self) -> int: ...

    def fetchone(self) -> Any: ...

    def fetchall(self) -> list[Any]: ...


Execute = Callable[..., Cursor]
ExecuteMany = Callable[..., object]


class Connection:
    """A connection that reads.

    Args:
        execute: runs one statement with `?` for its values.
        execute_many: runs one statement for each of many rows.
    """

    def __init__(self, execute: Execute, execute_many: ExecuteMany) -> None:
        self._execute = execute
        self._execute_many = execute_many

    def all(self, statement: str, *values: Any) -> list[Row]:
        """Return every row of a query."""
        return self._execute(statement, values).fetchall()

    def each(self, *asked: Asked) -> list[Cursor]:
        """Run several queries; where the store is another process, at once."""
        return [self._execute(*one) for one in asked]

    def one(self, statement: str, *values: Any) -> Row | None:
        """Return the first row of a query, or None."""
        row: Row | None = self._execute(statement, values).fetchone()
        return row


class Transaction(Connection):
    """A transaction that holds the head: nobody else writes meanwhile.

    Rows that nothing in the transaction reads back are put in at its end, all of one
    kind together.

    Attributes:
        certificates: how many there ever were, which is the number of the last one.
        audit_sequence: the number of the last audit record, and its hash.
        revision: how many changes of status there ever were.
        writes: how often something was changed.
        changes: records as they are by then, by what they are kept by; see `Kept`.
        told: how often that was said.
    """

    certificates: int
    audit_sequence: int
    audit_hash: bytes
    revision: int

    def __init__(
        self, execute: Execute, execute_many: ExecuteMany, read_head: Callable[[], Head]
    ) -> None:
        super().__init__(execute, execute_many)
        self._read_head = read_head
        self._head: Head | None = None
        self._later: dict[str, list[Row]] = {}
        self._tallies: dict[tuple[int, str], int] = {}
        self.writes = 0
        self.changes: dict[Hashable, Any] = {}
        self.told = 0

    def __getattr__(self, name: str) -> Any:
        """Read the head once one of its numbers is needed: most acts need none."""
        if name not in Transaction.__annotations__:
            raise AttributeError(name)
        self._head = head = self._read_head()
        self.certificates, self.audit_sequence, self.audit_hash, self.revision = head
        return getattr(self, name)

    def tell(self, key: Hashable, record: Any) -> None:
        """Say what a record is by now; None where that is not known.

        An act that says so once says so of all it changes that is kept.
        """
        self.told += 1
        self.changes[key] = record

    def run(self, statement: str, *values: Any) -> int:
        """Run a statement that changes something; return how many rows it did."""
        self.writes += 1
        return self._execute(statement, values).rowcount

    def changes_one(self, statement: str, *values: Any) -> bool:
        """Run a statement that most likely changes one row; tell whether it does.

        That may be taken for granted: see `Storage.write_trusting`.
        """
        changed = self._execute(statement, values).rowcount
        if changed:
            self.writes += 1
        return changed == 1

    def finds(self, number: int, statement: str, *values: Any) -> bool:
        """Tell whether a query finds so many rows, as it most likely does.

        That may be taken for granted: see `Storage.write_trusting`.
        """
        return len(self.all(statement, *values)) == number

    def run_many(self, statement: str, rows: Sequence[Row]) -> None:
        """Run a statement for each of many rows, now."""
        self.writes += 1
        self._execute_many(statement, rows)

    def later(self, statement: str, row: Row) -> None:
        """Have a row put in before the commit."""
        self.writes += 1
        rows = self._later.get(statement)
        if rows is None:
            self._later[statement] = [row]
        else:
            rows.append(row)

    def tally(self, day: int, what: str, number: int = 1) -> None:
        """Count something that happens on a day (days since 1970)."""
        self.writes += 1
        self._tallies[day, what] = self._tallies.get((day, what), 0) + number

    def flush(self) -> None:
        """Write what is to be written before the commit."""
        for statement, rows in self._take_later():
            self._execute_many(statement, rows)

    def _take_later(self) -> list[tuple[str, list[Row]]]:
        """Return what is to be written before the commit, each statement with rows."""
        later, self._later = [*self._later.items()], {}
        tallies, self._tallies = self._tallies, {}
        if tallies:
            rows = [(*key, number) for key, number in sorted(tallies.items())]
            later.append((_TALLY, rows))
        if self._head is None:
            return later
        head = self.certificates, self.audit_sequence, self.audit_hash, self.revision
        if head != self._head:
            later.append((_COUNTED, [head]))
            self._head = head
        return later
