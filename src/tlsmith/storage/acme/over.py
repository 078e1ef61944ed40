"""Deleting what was made long ago, and is over."""

from __future__ import annotations

from datetime import datetime

from tlsmith.storage.connection import Transaction
from tlsmith.storage.moments import to_seconds


def delete_over(
    transaction: Transaction, table: str, before: str, now: datetime, limit: int
) -> int:
    """Delete some rows of a table; return how many.

    Args:
        table: whose ids begin with when their rows were made; never from outside.
        before: an id; only rows made before its moment are deleted, if they expired.
    """
    rows = transaction.all(
        f"SELECT id FROM {table} WHERE id < ? AND expires_at < ? "  # noqa: S608
        "ORDER BY id LIMIT ?",
        before,
        to_seconds(now),
        limit,
    )
    if rows:
        transaction.run_many(
            f"DELETE FROM {table} WHERE id = ?",  # noqa: S608
            [tuple(row) for row in rows],
        )
    return len(rows)
