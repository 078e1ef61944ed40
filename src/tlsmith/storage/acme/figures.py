"""How ACME is used, from the latest orders: what a summary can read in a moment."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from tlsmith.storage.acme.accounts import AccountCount
from tlsmith.storage.connection import Connection
from tlsmith.storage.moments import to_moment, to_seconds

# Of an order that nobody completed in time; clients see it as "invalid".
LAPSED = "lapsed"


class Use(NamedTuple):
    """Orders of one account that stand alike.

    Args:
        status: as the store has it, or `LAPSED`.
        number: how many.
        last_at: when the last one was made.
    """

    account_id: str
    status: str
    number: int
    last_at: datetime


def latest_use(connection: Connection, now: datetime, most: int) -> list[Use]:
    """Return how the latest orders stand, by account and status.

    Args:
        most: so many orders are looked at: the time it takes does not grow with the
            store.
    """
    rows = connection.all(
        "SELECT account_id, state, COUNT(*), MAX(created_at) FROM ("
        "SELECT account_id, created_at, CASE WHEN status IN ('pending', 'ready') "
        "AND expires_at <= ? THEN 'lapsed' ELSE status END AS state "
        "FROM acme_orders ORDER BY id DESC LIMIT ?) AS latest "
        "GROUP BY account_id, state ORDER BY account_id, state",
        to_seconds(now),
        most,
    )
    return [Use(row[0], row[1], row[2], to_moment(row[3])) for row in rows]


def count_all_orders(
    connection: Connection, account_ids: Sequence[str]
) -> dict[str, AccountCount]:
    """Return how some accounts are used; those without orders are left out."""
    if not account_ids:
        return {}
    marks = ", ".join("?" * len(account_ids))
    statement = (
        "SELECT account_id, COUNT(*), COUNT(certificate_id), MAX(created_at) "  # noqa: S608
        f"FROM acme_orders WHERE account_id IN ({marks}) GROUP BY account_id"
    )
    rows = connection.all(statement, *account_ids)
    return {row[0]: AccountCount(row[1], row[2], to_moment(row[3])) for row in rows}
