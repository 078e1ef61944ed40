"""ACME orders (RFC 8555 section 7.1.3), each in one row."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from tlsmith.storage.acme.over import delete_over
from tlsmith.storage.connection import Connection, Row, Transaction
from tlsmith.storage.moments import to_moment, to_seconds

PENDING, READY, VALID, INVALID = "pending", "ready", "valid", "invalid"

_COLUMNS = (
    "id, account_id, status, created_at, expires_at, identifiers, authorizations, "
    "profile, not_before, not_after, replaces, error, certificate_id"
)
_INSERT = (
    f"INSERT INTO acme_orders ({_COLUMNS}) "  # noqa: S608
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_SELECT = f"SELECT {_COLUMNS} FROM acme_orders WHERE "  # noqa: S608
ORDER_BY_ID = _SELECT + "id = ?"
# What nobody completed in time has failed as well.
_NOT_FAILED = (
    "(status = 'valid' OR (status IN ('pending', 'ready') AND expires_at > ?))"
)
_SOONER = "expires_at = CASE WHEN expires_at > ? THEN ? ELSE expires_at END"


class OrderRecord(NamedTuple):
    """An order.

    Args:
        status: "pending", "ready", "valid" or "invalid" (section 7.1.6). While it is
            finalized, one process alone knows.
        identifiers: (type, value), as they were asked for.
        authorizations: their ids, in the identifiers' order.
        not_before: what the client asked for, as `not_after`.
        replaces: the certificate that is renewed (RFC 9773 section 5).
        error: the problem document, JSON, of one that became invalid.
        certificate_id: the certificate's number in the store.
    """

    id: str
    account_id: str
    status: str
    created_at: datetime
    expires_at: datetime
    identifiers: tuple[tuple[str, str], ...]
    authorizations: tuple[str, ...]
    profile: str | None = None
    not_before: datetime | None = None
    not_after: datetime | None = None
    replaces: str | None = None
    error: str | None = None
    certificate_id: int | None = None


def insert_order(transaction: Transaction, record: OrderRecord) -> None:
    """Put an order in; read by nobody before the commit, unless it replaces."""
    row = (
        record.id,
        record.account_id,
        record.status,
        to_seconds(record.created_at),
        to_seconds(record.expires_at),
        " ".join(f"{kind}:{value}" for kind, value in record.identifiers),
        " ".join(record.authorizations),
        record.profile,
        _seconds(record.not_before),
        _seconds(record.not_after),
        record.replaces,
        record.error,
        record.certificate_id,
    )
    if record.replaces is None:
        transaction.later(_INSERT, row)
    else:
        transaction.run(_INSERT, *row)


def order_by_id(connection: Connection, order_id: str) -> OrderRecord | None:
    """Return an order, or None."""
    row = connection.one(ORDER_BY_ID, order_id)
    return None if row is None else order_of_row(row)


def order_that_replaces(
    connection: Connection, replaces: str, now: datetime
) -> OrderRecord | None:
    """Return an order that replaces a certificate, and did not fail, or None."""
    row = connection.one(
        f"{_SELECT}replaces = ? AND {_NOT_FAILED}", replaces, to_seconds(now)
    )
    return None if row is None else order_of_row(row)


def count_replacements(connection: Connection, replaces: str) -> int:
    """Return how many orders replace a certificate, or were to."""
    row = connection.one(
        "SELECT count(*) FROM acme_orders WHERE replaces = ?", replaces
    )
    return int(row[0]) if row else 0


def orders_of_account(
    connection: Connection,
    account_id: str,
    now: datetime,
    *,
    after: str = "",
    limit: int = 100,
) -> list[OrderRecord]:
    """Return an account's orders that did not fail, in the order they were made."""
    rows = connection.all(
        f"{_SELECT}account_id = ? AND id > ? AND {_NOT_FAILED} ORDER BY id LIMIT ?",
        account_id,
        after,
        to_seconds(now),
        limit,
    )
    return [order_of_row(row) for row in rows]


def latest_orders(
    connection: Connection,
    *,
    status: str | None = None,
    account_id: str | None = None,
    now: datetime | None = None,
    before: str | None = None,
    limit: int = 50,
) -> list[OrderRecord]:
    """Return orders, the latest first.

    Args:
        now: those that nobody completed by then count as invalid, as clients see them.
        before: only those made before this one.
    """
    wanted, values = _of_status(status, now)
    if account_id is not None:
        wanted += " AND account_id = ?"
        values.append(account_id)
    if before is not None:
        wanted += " AND id < ?"
        values.append(before)
    rows = connection.all(
        _SELECT + wanted + " ORDER BY id DESC LIMIT ?", *values, limit
    )
    return [order_of_row(row) for row in rows]


def _of_status(status: str | None, now: datetime | None) -> tuple[str, list[Any]]:
    """Return a condition and its values."""
    if status is None:
        return "1 = 1", []
    over = None if now is None else to_seconds(now)
    if status == INVALID:
        # In words of the statement: an index is for them alone.
        if over is None:
            return "status = 'invalid'", []
        lapsed = "status IN ('pending', 'ready') AND expires_at <= ?"
        return f"(status = 'invalid' OR ({lapsed}))", [over]
    if over is None or status == VALID:
        return "status = ?", [status]
    return "status = ? AND expires_at > ?", [status, over]


def make_ready(
    transaction: Transaction,
    order_id: str,
    until: datetime,
    *,
    only: str | None = None,
    is_likely: bool = False,
) -> bool:
    """Have a pending order be ready; tell whether it was pending.

    Args:
        until: when it expires, if not before: with the first of its authorizations.
        only: have it be so where it needs this authorization and no other.
        is_likely: so it most likely does.
    """
    seconds = to_seconds(until)
    which, values = ("", ()) if only is None else (" AND authorizations = ?", (only,))
    statement = (
        f"UPDATE acme_orders SET status = 'ready', {_SOONER} "  # noqa: S608
        "WHERE id = ? AND status = 'pending'" + which
    )
    row = (seconds, seconds, order_id, *values)
    if is_likely:
        return transaction.changes_one(statement, *row)
    return transaction.run(statement, *row) == 1


def expire_by(transaction: Transaction, order_id: str, until: datetime) -> None:
    """Have a pending order expire at a moment, if not before."""
    seconds = to_seconds(until)
    transaction.run(
        f"UPDATE acme_orders SET {_SOONER} WHERE id = ? AND status = 'pending'",  # noqa: S608
        seconds,
        seconds,
        order_id,
    )


def make_invalid(
    transaction: Transaction, order_id: str, error: str | None = None
) -> bool:
    """Have an order that is open fail; tell whether it was open."""
    changed = transaction.run(
        "UPDATE acme_orders SET status = 'invalid', error = ? "
        "WHERE id = ? AND status IN ('pending', 'ready')",
        error,
        order_id,
    )
    return changed == 1


def make_all_invalid(
    transaction: Transaction,
    accounts: Sequence[str],
    error: str,
    *,
    authorization: str | None = None,
    since: str = "",
) -> int:
    """Have the open orders of some accounts fail; return how many those were.

    Args:
        authorization: only those that need this one.
        since: the id that theirs are not less than.
    """
    which, values = "", []
    if authorization is not None:
        which, values = " AND authorizations LIKE ?", [f"%{authorization}%"]
    changed = 0
    for account_id in accounts:
        changed += transaction.run(
            "UPDATE acme_orders SET status = 'invalid', error = ? WHERE "  # noqa: S608
            "account_id = ? AND id >= ? AND status IN ('pending', 'ready')" + which,
            error,
            account_id,
            since,
            *values,
        )
    return changed


def make_valid(
    transaction: Transaction, order_id: str, certificate_id: int, now: datetime
) -> bool:
    """Give a ready order its certificate; tell whether it was ready at a moment."""
    return transaction.changes_one(
        "UPDATE acme_orders SET status = 'valid', certificate_id = ? "
        "WHERE id = ? AND status = 'ready' AND expires_at > ?",
        certificate_id,
        order_id,
        to_seconds(now),
    )


def status_at(connection: Connection, order_id: str, now: datetime) -> str:
    """Return the status of an order at a moment; of one that is gone, "invalid"."""
    row = connection.one(
        "SELECT status, expires_at FROM acme_orders WHERE id = ?", order_id
    )
    if row is None or (row[0] in (PENDING, READY) and row[1] <= to_seconds(now)):
        return INVALID
    return str(row[0])


def delete_orders(
    transaction: Transaction, before: str, now: datetime, limit: int
) -> int:
    """Delete some that were made before an id's moment and are over.

    Returns how many.
    """
    return delete_over(transaction, "acme_orders", before, now, limit)


def order_of_row(row: Row) -> OrderRecord:
    """Return an order that `ORDER_BY_ID` found."""
    return OrderRecord(
        row[0],
        row[1],
        row[2],
        to_moment(row[3]),
        to_moment(row[4]),
        tuple(_identifier(word) for word in row[5].split()),
        tuple(row[6].split()),
        row[7],
        _moment(row[8]),
        _moment(row[9]),
        *row[10:],
    )


def _identifier(word: str) -> tuple[str, str]:
    kind, _, value = word.partition(":")
    return kind, value


def _seconds(moment: datetime | None) -> int | None:
    return None if moment is None else to_seconds(moment)


def _moment(seconds: int | None) -> datetime | None:
    return None if seconds is None else to_moment(seconds)
