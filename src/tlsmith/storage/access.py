"""Who may use a store's CA over the network: tokens, and certificates' names."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from tlsmith.storage.connection import Connection, Row, Transaction
from tlsmith.storage.moments import to_moment, to_seconds

_COLUMNS = "id, name, role, profiles, names, created_at, expires_at, revoked_at"


class TokenRecord(NamedTuple):
    """A token, without the token.

    Args:
        id: what it is called in commands and logs; no secret.
        profiles: those it may use; empty for all.
        names: those it may ask for, domains with all below; empty for all.
    """

    id: str
    name: str
    role: str
    profiles: tuple[str, ...]
    names: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


class GrantRecord(NamedTuple):
    """What a client certificate of this CA may do, by a name in it."""

    identity: str
    role: str
    profiles: tuple[str, ...]
    names: tuple[str, ...]
    created_at: datetime


def insert_token(
    transaction: Transaction, record: TokenRecord, token_hash: bytes
) -> None:
    """Put a token in, by its SHA-256."""
    expires = record.expires_at
    transaction.run(
        "INSERT INTO tokens (id, name, token_hash, role, profiles, names, created_at, "
        "expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        record.id,
        record.name,
        token_hash,
        record.role,
        " ".join(record.profiles),
        " ".join(record.names),
        to_seconds(record.created_at),
        None if expires is None else to_seconds(expires),
    )


def token_by_hash(connection: Connection, token_hash: bytes) -> TokenRecord | None:
    """Return the token of a SHA-256, or None."""
    row = connection.one(
        f"SELECT {_COLUMNS} FROM tokens WHERE token_hash = ?",  # noqa: S608
        token_hash,
    )
    return None if row is None else _token(row)


def tokens(connection: Connection) -> list[TokenRecord]:
    """Return every token, the oldest first."""
    rows = connection.all(f"SELECT {_COLUMNS} FROM tokens ORDER BY created_at, id")  # noqa: S608
    return [_token(row) for row in rows]


def revoke_token(transaction: Transaction, number: str, moment: datetime) -> bool:
    """Have a token no longer work; tell whether there was one that did."""
    changed = transaction.run(
        "UPDATE tokens SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL",
        to_seconds(moment),
        number,
    )
    return changed > 0


def set_grant(transaction: Transaction, record: GrantRecord) -> None:
    """Say what certificates with a name may do."""
    transaction.run(
        "INSERT INTO grants (identity, role, profiles, names, created_at) "
        "VALUES (?, ?, ?, ?, ?) ON CONFLICT (identity) DO UPDATE SET "
        "role = excluded.role, profiles = excluded.profiles, names = excluded.names",
        record.identity,
        record.role,
        " ".join(record.profiles),
        " ".join(record.names),
        to_seconds(record.created_at),
    )


def grants(connection: Connection) -> list[GrantRecord]:
    """Return every grant, in the order of names."""
    rows = connection.all(
        "SELECT identity, role, profiles, names, created_at FROM grants "
        "ORDER BY identity"
    )
    return [
        GrantRecord(
            row[0],
            row[1],
            tuple(row[2].split()),
            tuple(row[3].split()),
            to_moment(row[4]),
        )
        for row in rows
    ]


def granted_among(connection: Connection, names: tuple[str, ...]) -> list[str]:
    """Return those of some names to which something is granted."""
    if not names:
        return []
    rows = connection.all(f"{_granted(names)} ORDER BY identity", *names)
    return [row[0] for row in rows]


def is_nothing_granted(transaction: Transaction, names: tuple[str, ...]) -> bool:
    """Tell whether nothing is granted to some names, as is most likely."""
    return not names or transaction.finds(0, _granted(names), *names)


def _granted(names: tuple[str, ...]) -> str:
    places = ", ".join("?" * len(names))
    return f"SELECT identity FROM grants WHERE identity IN ({places})"  # noqa: S608


def delete_grant(transaction: Transaction, identity: str) -> bool:
    """Take a grant away; tell whether there was one."""
    return transaction.run("DELETE FROM grants WHERE identity = ?", identity) > 0


def reply(
    connection: Connection, actor: str, key: str
) -> tuple[bytes, int, bytes] | None:
    """Return (request hash, status, body) of an answer already given, or None."""
    row = connection.one(
        "SELECT request_hash, status, body FROM replies WHERE actor = ? AND key = ?",
        actor,
        key,
    )
    return None if row is None else (bytes(row[0]), row[1], bytes(row[2]))


def keep_reply(
    transaction: Transaction,
    who: tuple[str, str],
    request_hash: bytes,
    answer: tuple[int, bytes],
    moment: datetime,
) -> None:
    """Keep an answer, so that a replay of the request gets the same one.

    Args:
        who: the actor and the Idempotency-Key.
        answer: HTTP status and body.

    Raises:
        ConflictError: one is kept already.
    """
    transaction.run(
        "INSERT INTO replies (actor, key, request_hash, status, body, at) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        *who,
        request_hash,
        *answer,
        to_seconds(moment),
    )


def delete_replies(transaction: Transaction, before: datetime) -> int:
    """Forget answers that are old."""
    return transaction.run("DELETE FROM replies WHERE at < ?", to_seconds(before))


def _token(row: Row) -> TokenRecord:
    return TokenRecord(
        row[0],
        row[1],
        row[2],
        tuple(row[3].split()),
        tuple(row[4].split()),
        to_moment(row[5]),
        None if row[6] is None else to_moment(row[6]),
        None if row[7] is None else to_moment(row[7]),
    )
