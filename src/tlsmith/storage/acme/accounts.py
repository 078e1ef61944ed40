"""ACME accounts (RFC 8555 section 7.1.2)."""

from __future__ import annotations

import json
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from tlsmith.storage.connection import Connection, Row, Transaction
from tlsmith.storage.moments import to_moment, to_seconds

VALID, DEACTIVATED, REVOKED = "valid", "deactivated", "revoked"

_COLUMNS = (
    "id, thumbprint, jwk, status, contacts, terms_agreed_at, binding, address, "
    "created_at"
)

ACCOUNT_BY_ID = f"SELECT {_COLUMNS} FROM acme_accounts WHERE id = ?"  # noqa: S608


class AccountRecord(NamedTuple):
    """An account.

    Args:
        thumbprint: of its key (RFC 7638).
        jwk: its key, JSON in the one form of RFC 7638.
        status: "valid", "deactivated" by its holder, "revoked" by us.
        contacts: URLs.
        binding: the id of the external account it is bound to.
        address: of the client that made it.
    """

    id: str
    thumbprint: str
    jwk: str
    status: str
    contacts: tuple[str, ...]
    terms_agreed_at: datetime | None
    binding: str | None
    address: str
    created_at: datetime


class AccountCount(NamedTuple):
    """How an account is used.

    Args:
        orders: how many it has, and of these, `valid` ones.
        last_order_at: None where there is none.
    """

    orders: int
    valid: int
    last_order_at: datetime | None


def insert_account(transaction: Transaction, record: AccountRecord) -> None:
    """Put an account in.

    Raises:
        ConflictError: there is one with its key.
    """
    agreed = record.terms_agreed_at
    transaction.run(
        f"INSERT INTO acme_accounts ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
        record.id,
        record.thumbprint,
        record.jwk,
        record.status,
        json.dumps(record.contacts),
        None if agreed is None else to_seconds(agreed),
        record.binding,
        record.address,
        to_seconds(record.created_at),
    )


def account_by_id(connection: Connection, account_id: str) -> AccountRecord | None:
    """Return an account, or None."""
    row = connection.one(ACCOUNT_BY_ID, account_id)
    return None if row is None else account_of_row(row)


def is_in_use(transaction: Transaction, account_id: str) -> bool:
    """Tell whether an account is there and valid, as it most likely is."""
    return transaction.finds(
        1, "SELECT 1 FROM acme_accounts WHERE id = ? AND status = 'valid'", account_id
    )


def is_no_account(transaction: Transaction, thumbprint: str) -> bool:
    """Tell whether a key is no account's, as is most likely."""
    return transaction.finds(
        0, "SELECT 1 FROM acme_accounts WHERE thumbprint = ?", thumbprint
    )


def account_by_thumbprint(
    connection: Connection, thumbprint: str
) -> AccountRecord | None:
    """Return the account with a key, or None."""
    row = connection.one(
        f"SELECT {_COLUMNS} FROM acme_accounts WHERE thumbprint = ?",  # noqa: S608
        thumbprint,
    )
    return None if row is None else account_of_row(row)


def accounts(
    connection: Connection, *, after: str = "", limit: int = 500
) -> list[AccountRecord]:
    """Return accounts in the order they were made."""
    rows = connection.all(
        f"SELECT {_COLUMNS} FROM acme_accounts WHERE id > ? ORDER BY id LIMIT ?",  # noqa: S608
        after,
        limit,
    )
    return [account_of_row(row) for row in rows]


def count_orders(connection: Connection, account_id: str) -> AccountCount:
    """Return how an account is used."""
    row = connection.one(
        "SELECT COUNT(*), COUNT(certificate_id), MAX(created_at) FROM acme_orders "
        "WHERE account_id = ?",
        account_id,
    )
    orders, valid, last = row or (0, 0, None)
    return AccountCount(orders, valid, None if last is None else to_moment(last))


def set_contacts(
    transaction: Transaction, account_id: str, contacts: tuple[str, ...]
) -> None:
    """Give an account other contacts."""
    transaction.run(
        "UPDATE acme_accounts SET contacts = ? WHERE id = ?",
        json.dumps(contacts),
        account_id,
    )


def set_terms(transaction: Transaction, account_id: str, moment: datetime) -> None:
    """Note that an account's holder agreed to the terms."""
    transaction.run(
        "UPDATE acme_accounts SET terms_agreed_at = ? WHERE id = ?",
        to_seconds(moment),
        account_id,
    )


def set_account_status(transaction: Transaction, account_id: str, status: str) -> bool:
    """Change the status of a valid account; tell whether it was one."""
    changed = transaction.run(
        "UPDATE acme_accounts SET status = ? WHERE id = ? AND status = 'valid'",
        status,
        account_id,
    )
    return changed == 1


def set_account_key(
    transaction: Transaction, account_id: str, thumbprint: str, jwk: str
) -> None:
    """Give an account another key (RFC 8555 section 7.3.5)."""
    transaction.run(
        "UPDATE acme_accounts SET thumbprint = ?, jwk = ? WHERE id = ?",
        thumbprint,
        jwk,
        account_id,
    )


@lru_cache(maxsize=4096)
def account_of_row(row: Row) -> AccountRecord:
    """Return an account that `ACCOUNT_BY_ID` found."""
    agreed = row[5]
    return AccountRecord(
        row[0],
        row[1],
        row[2],
        row[3],
        tuple(json.loads(row[4])),
        None if agreed is None else to_moment(agreed),
        row[6],
        row[7],
        to_moment(row[8]),
    )
