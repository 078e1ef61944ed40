"""External account bindings (RFC 8555 section 7.3.4)."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from tlsmith.storage.connection import Connection, Row, Transaction
from tlsmith.storage.moments import to_moment, to_seconds

_COLUMNS = (
    "id, name, mac_key, is_reusable, profiles, names, preauthorized, created_at, "
    "expires_at, used_at, revoked_at"
)


class BindingRecord(NamedTuple):
    """What an account may be bound to, and so what it may have.

    Args:
        id: the key identifier that a client is given.
        name: whose it is, in words.
        mac_key: what a client proves to have; None once it cannot be used any more.
        profiles: those that its accounts may use; empty for all.
        names: domains, with all below, that they may ask for; empty for all.
        preauthorized: those of them that need no challenge.
    """

    id: str
    name: str
    mac_key: bytes | None
    is_reusable: bool
    profiles: tuple[str, ...]
    names: tuple[str, ...]
    preauthorized: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None = None
    used_at: datetime | None = None
    revoked_at: datetime | None = None


def insert_binding(transaction: Transaction, record: BindingRecord) -> None:
    """Put a binding in."""
    expires = record.expires_at
    transaction.run(
        f"INSERT INTO acme_bindings ({_COLUMNS}) "  # noqa: S608
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL)",
        record.id,
        record.name,
        record.mac_key,
        int(record.is_reusable),
        " ".join(record.profiles),
        " ".join(record.names),
        " ".join(record.preauthorized),
        to_seconds(record.created_at),
        None if expires is None else to_seconds(expires),
    )


def binding_by_id(connection: Connection, binding_id: str) -> BindingRecord | None:
    """Return a binding, or None."""
    row = connection.one(
        f"SELECT {_COLUMNS} FROM acme_bindings WHERE id = ?",  # noqa: S608
        binding_id,
    )
    return None if row is None else _binding(row)


def bindings(connection: Connection) -> list[BindingRecord]:
    """Return every binding, the oldest first."""
    rows = connection.all(
        f"SELECT {_COLUMNS} FROM acme_bindings ORDER BY created_at, id"  # noqa: S608
    )
    return [_binding(row) for row in rows]


def use_binding(transaction: Transaction, record: BindingRecord, now: datetime) -> None:
    """Note that an account was bound; a binding for one only is used up by that."""
    keep = "mac_key" if record.is_reusable else "NULL"
    transaction.run(
        f"UPDATE acme_bindings SET used_at = ?, mac_key = {keep} WHERE id = ?",  # noqa: S608
        to_seconds(now),
        record.id,
    )


def revoke_binding(transaction: Transaction, binding_id: str, now: datetime) -> bool:
    """Have a binding bind no more; tell whether it did until now."""
    changed = transaction.run(
        "UPDATE acme_bindings SET revoked_at = ?, mac_key = NULL "
        "WHERE id = ? AND revoked_at IS NULL",
        to_seconds(now),
        binding_id,
    )
    return changed == 1


def accounts_bound(connection: Connection, binding_id: str) -> list[str]:
    """Return the ids of the accounts that are bound to one."""
    rows = connection.all(
        "SELECT id FROM acme_accounts WHERE binding = ? ORDER BY id", binding_id
    )
    return [row[0] for row in rows]


def _binding(row: Row) -> BindingRecord:
    key = row[2]
    return BindingRecord(
        row[0],
        row[1],
        None if key is None else bytes(key),
        bool(row[3]),
        tuple(row[4].split()),
        tuple(row[5].split()),
        tuple(row[6].split()),
        to_moment(row[7]),
        *(None if value is None else to_moment(value) for value in row[8:]),
    )
