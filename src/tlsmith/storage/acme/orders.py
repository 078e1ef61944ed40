"""ACME orders (RFC 8555 section 7.1.3), each in one row."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

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
    row = connection.one(_SELECT + "id = ?", order_id)
    return None if row is None else _order(row)


def order_that_replaces(connection: Connection, replaces: str) -> OrderRecord | None:
    """Return an order that replaces a certificate, and did not fail, or None."""
    row = connection.one(_SELECT + "replaces = ? AND status <> 'invalid'", replaces)
    return None if row is None else _order(row)


def orders_of_account(
    connection: Connection, account_id: str, *, after: str = "", limit: int = 100
) -> list[OrderRecord]:
    """Return an account's orders that did not fail, in the order they were made."""
    rows = connection.all(
        _SELECT + "account_id = ? AND id > ? AND status <> 'invalid' "
        "ORDER BY id LIMIT ?",
        account_id,
        after,
        limit,
    )
    return [_order(row) for row in rows]


def open_orders_with(
    connection: Connection, account_id: str, authorization_id: str
) -> list[str]:
    """Return the ids of an account's open orders that need an authorization."""
    rows = connection.all(
        "SELECT id, authorizations FROM acme_orders WHERE account_id = ? "
        "AND status IN ('pending', 'ready')",
        account_id,
    )
    return [row[0] for row in rows if authorization_id in row[1].split()]


def latest_orders(
    connection: Connection,
    *,
    status: str | None = None,
    account_id: str | None = None,
    before: str | None = None,
    limit: int = 50,
) -> list[OrderRecord]:
    """Return orders, the latest first.

    Args:
        before: only those made before this one.
    """
    wanted, values = ["1 = 1"], []
    for column, value in (("status = ?", status), ("account_id = ?", account_id)):
        if value is not None:
            # As words of the statement where an index is for them alone.
            wanted.append(column)
            values.append(value)
    if status == INVALID:
        wanted.append("status = 'invalid'")
    if before is not None:
        wanted.append("id < ?")
        values.append(before)
    rows = connection.all(
        _SELECT + " AND ".join(wanted) + " ORDER BY id DESC LIMIT ?", *values, limit
    )
    return [_order(row) for row in rows]


def make_ready(transaction: Transaction, order_id: str) -> bool:
    """Have a pending order be ready; tell whether it was pending."""
    changed = transaction.run(
        "UPDATE acme_orders SET status = 'ready' WHERE id = ? AND status = 'pending'",
        order_id,
    )
    return changed == 1


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


def make_valid(transaction: Transaction, order_id: str, certificate_id: int) -> None:
    """Give a ready order its certificate."""
    transaction.run(
        "UPDATE acme_orders SET status = 'valid', certificate_id = ? "
        "WHERE id = ? AND status = 'ready'",
        certificate_id,
        order_id,
    )


def status_of(connection: Connection, order_id: str) -> str | None:
    """Return the status of an order, or None."""
    row = connection.one("SELECT status FROM acme_orders WHERE id = ?", order_id)
    return None if row is None else str(row[0])


def delete_orders(
    transaction: Transaction, before: str, now: datetime, limit: int
) -> int:
    """Delete some that were made before an id's moment and are over.

    Returns how many.
    """
    rows = transaction.all(
        "SELECT id, authorizations FROM acme_orders WHERE id < ? AND expires_at < ? "
        "ORDER BY id LIMIT ?",
        before,
        to_seconds(now),
        limit,
    )
    if not rows:
        return 0
    transaction.run_many(
        "DELETE FROM acme_orders WHERE id = ?", [(row[0],) for row in rows]
    )
    return len(rows)


def _order(row: Row) -> OrderRecord:
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
