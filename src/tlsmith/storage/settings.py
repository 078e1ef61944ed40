"""What holds for the whole store: settings by name, and the policy."""

from __future__ import annotations

from datetime import datetime
from secrets import token_bytes
from typing import TYPE_CHECKING

from tlsmith.storage.connection import Connection, Transaction
from tlsmith.storage.moments import to_seconds

if TYPE_CHECKING:
    from tlsmith.storage.base import Storage


def setting(connection: Connection, name: str) -> str | None:
    """Return a setting, or None where it was never set."""
    row = connection.one("SELECT value FROM settings WHERE name = ?", name)
    return None if row is None else str(row[0])


def set_setting(transaction: Transaction, name: str, value: str) -> None:
    """Set a setting."""
    transaction.run(
        "INSERT INTO settings (name, value) VALUES (?, ?) "
        "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        name,
        value,
    )


def secret(storage: Storage, name: str) -> bytes:
    """Return 32 bytes that all processes of a store know, made where there are none.

    Raises:
        StorageError: the store cannot be read or written.
    """
    with storage.read() as connection:
        kept = setting(connection, name)
    if kept is None:
        with storage.write() as transaction:
            kept = setting(transaction, name)
            if kept is None:
                kept = token_bytes(32).hex()
                set_setting(transaction, name, kept)
    return bytes.fromhex(kept)


def policy(connection: Connection) -> tuple[int, str]:
    """Return the number and the text of the policy in force; (0, "") without one."""
    row = connection.one(
        "SELECT version, text FROM policies ORDER BY version DESC LIMIT 1"
    )
    return (0, "") if row is None else (row[0], row[1])


def add_policy(transaction: Transaction, text: str, moment: datetime) -> int:
    """Put a policy into force; return its number. Earlier ones are kept."""
    version = policy(transaction)[0] + 1
    transaction.run(
        "INSERT INTO policies (version, text, at) VALUES (?, ?, ?)",
        version,
        text,
        to_seconds(moment),
    )
    return version
