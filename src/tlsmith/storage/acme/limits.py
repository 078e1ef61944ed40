"""Rate limits that hold whichever replica is asked: one number each.

The generic cell rate algorithm: kept is the moment at which everything asked for so
far is paid off, at a steady rate. What lies further ahead than the burst is too much.
"""

from __future__ import annotations

from typing import NamedTuple

from tlsmith.storage.connection import Connection, Transaction

PAID_AT = "SELECT paid_at FROM acme_limits WHERE name = ?"
_ANY = "SELECT 1 FROM acme_limits WHERE name >= ? AND name < ? LIMIT 1"


class Limit(NamedTuple):
    """How much of something there may be.

    Args:
        name: of what is limited, and whose, such as "order:ACCOUNT".
        most: in a period, all at once if need be.
        period: seconds.
    """

    name: str
    most: int
    period: int


def wait_for(connection: Connection, limit: Limit, milliseconds: int) -> int:
    """Return the milliseconds until one more is allowed, 0 for now; count nothing.

    Args:
        milliseconds: since 1970.
    """
    row = connection.one(PAID_AT, limit.name)
    paid_at = max(milliseconds, row[0] if row else 0)
    whole = limit.period * 1000
    ahead = paid_at + whole // limit.most - milliseconds
    return max(0, ahead - whole)


def is_any_counted(connection: Connection, beginning: str) -> bool:
    """Tell whether anything counts against limits whose names begin so.

    Args:
        beginning: ASCII; as bytes are sorted, which SQLite does.
    """
    end = beginning[:-1] + chr(ord(beginning[-1]) + 1)
    return connection.one(_ANY, beginning, end) is not None


def spend(transaction: Transaction, limit: Limit, milliseconds: int) -> None:
    """Count one more, which `wait_for` allowed."""
    each = limit.period * 1000 // limit.most
    transaction.run(
        "INSERT INTO acme_limits (name, paid_at) VALUES (?, ?) "
        "ON CONFLICT (name) DO UPDATE SET paid_at = "
        "CASE WHEN acme_limits.paid_at > ? THEN acme_limits.paid_at + ? "
        "ELSE excluded.paid_at END",
        limit.name,
        milliseconds + each,
        milliseconds,
        each,
    )


def delete_paid(transaction: Transaction, milliseconds: int) -> int:
    """Forget what is paid off; return how many."""
    return transaction.run("DELETE FROM acme_limits WHERE paid_at < ?", milliseconds)
