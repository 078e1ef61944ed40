"""ACME authorizations, each with its challenges (RFC 8555 sections 7.1.4 and 7.1.5)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from tlsmith.storage.acme.over import delete_over
from tlsmith.storage.connection import Connection, Row, Transaction
from tlsmith.storage.moments import to_moment, to_seconds

PENDING, VALID, INVALID = "pending", "valid", "invalid"
DEACTIVATED, EXPIRED, REVOKED = "deactivated", "expired", "revoked"
PROCESSING = "processing"
# json.dumps would make one for each.
_encode_challenges = json.JSONEncoder(separators=(",", ":")).encode

_COLUMNS = (
    "id, account_id, order_id, type, value, wildcard, status, created_at, expires_at, "
    "token, challenges, proof, running_until"
)
_INSERT = (
    f"INSERT INTO acme_authorizations ({_COLUMNS}) "  # noqa: S608
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_SELECT = f"SELECT {_COLUMNS} FROM acme_authorizations WHERE "  # noqa: S608
AUTHORIZATION_BY_ID = _SELECT + "id = ?"
_VALID_FOR = "account_id = ? AND value = ? AND status = 'valid' "
_ANY_VALID = "SELECT 1 FROM acme_authorizations WHERE " + _VALID_FOR  # noqa: S608
# On PostgreSQL alone.
AUTHORIZATIONS_OF_ORDER = (
    _SELECT + "id = ANY (SELECT unnest(string_to_array(authorizations, ' ')) "
    "FROM acme_orders WHERE id = ?)"
)


class ChallengeRecord(NamedTuple):
    """A challenge; its token is the authorization's.

    Args:
        status: "pending", "processing", "valid" or "invalid".
        validated_at: seconds since 1970.
        error: the problem of the last attempt, as its document has it.
    """

    type: str
    status: str = PENDING
    validated_at: int | None = None
    error: dict[str, Any] | None = None


class AuthorizationRecord(NamedTuple):
    """An authorization.

    Args:
        order_id: the one order that waits for it; None for one asked for beforehand.
        value: of the identifier, without `*.`.
        proof: for one that needed no challenge, why: "binding ID", "network CIDR".
        running_until: until when somebody validates; afterwards anybody may.
    """

    id: str
    account_id: str
    order_id: str | None
    type: str
    value: str
    wildcard: bool
    status: str
    created_at: datetime
    expires_at: datetime
    token: str
    challenges: tuple[ChallengeRecord, ...]
    proof: str | None = None
    running_until: datetime | None = None

    def status_at(self, now: datetime) -> str:
        """Return its status at a moment: time alone makes one expire."""
        if self.status in (PENDING, VALID) and now >= self.expires_at:
            return EXPIRED
        return self.status


def insert_authorization(transaction: Transaction, record: AuthorizationRecord) -> None:
    """Put an authorization in; read by nobody before the commit."""
    until = record.running_until
    transaction.later(
        _INSERT,
        (
            record.id,
            record.account_id,
            record.order_id,
            record.type,
            record.value,
            int(record.wildcard),
            record.status,
            to_seconds(record.created_at),
            to_seconds(record.expires_at),
            record.token,
            _encode_challenges(record.challenges),
            record.proof,
            None if until is None else to_seconds(until),
        ),
    )


def authorization_by_id(
    connection: Connection, authorization_id: str
) -> AuthorizationRecord | None:
    """Return an authorization, or None."""
    row = connection.one(AUTHORIZATION_BY_ID, authorization_id)
    return None if row is None else authorization_of_row(row)


def authorizations_by_id(
    connection: Connection, ids: Sequence[str]
) -> list[AuthorizationRecord]:
    """Return those of some ids that there are, in the order of the ids."""
    if len(ids) == 1:
        one = authorization_by_id(connection, ids[0])
        return [] if one is None else [one]
    marks = ", ".join("?" * len(ids))
    rows = connection.all(_SELECT + f"id IN ({marks})", *ids)
    found = {row[0]: authorization_of_row(row) for row in rows}
    return [found[one] for one in ids if one in found]


def valid_authorizations(
    connection: Connection, account_id: str, value: str
) -> list[AuthorizationRecord]:
    """Return an account's authorizations for an identifier that were found valid."""
    rows = connection.all(
        _SELECT + _VALID_FOR + "ORDER BY expires_at DESC", account_id, value
    )
    return [authorization_of_row(row) for row in rows]


def has_no_valid_authorization(
    transaction: Transaction, account_id: str, value: str
) -> bool:
    """Tell whether an account has none for an identifier, as is likely."""
    return transaction.finds(0, _ANY_VALID, account_id, value)


def set_outcome(
    transaction: Transaction,
    record: AuthorizationRecord,
    now: datetime,
    before: str = PENDING,
) -> bool:
    """Keep a new state of an authorization that had the status `before`.

    Returns whether it had: what is decided stays decided, and expired what expired.
    """
    until = record.running_until
    return transaction.changes_one(
        "UPDATE acme_authorizations SET status = ?, expires_at = ?, challenges = ?, "
        "running_until = ? WHERE id = ? AND status = ? AND expires_at > ?",
        record.status,
        to_seconds(record.expires_at),
        _encode_challenges(record.challenges),
        None if until is None else to_seconds(until),
        record.id,
        before,
        to_seconds(now),
    )


def authorizations_left_running(
    connection: Connection, now: datetime, limit: int = 50
) -> list[AuthorizationRecord]:
    """Return those whose validation somebody began and did not end."""
    rows = connection.all(
        _SELECT + "running_until < ? AND status = 'pending' AND expires_at > ? "
        "ORDER BY running_until LIMIT ?",
        to_seconds(now),
        to_seconds(now),
        limit,
    )
    return [authorization_of_row(row) for row in rows]


def set_running(transaction: Transaction, ids: Sequence[str], until: datetime) -> None:
    """Note until when somebody validates some."""
    transaction.run_many(
        "UPDATE acme_authorizations SET running_until = ? WHERE id = ?",
        [(to_seconds(until), one) for one in ids],
    )


def revoke_authorizations(transaction: Transaction, account_id: str) -> int:
    """Have nothing that an account proved count any more; return how many."""
    return transaction.run(
        "UPDATE acme_authorizations SET status = 'revoked' "
        "WHERE account_id = ? AND status = 'valid'",
        account_id,
    )


def delete_authorizations(
    transaction: Transaction, before: str, now: datetime, limit: int
) -> int:
    """Delete some that were made before an id's moment and are over.

    Returns how many.
    """
    return delete_over(transaction, "acme_authorizations", before, now, limit)


def authorization_of_row(row: Row) -> AuthorizationRecord:
    """Return an authorization that `AUTHORIZATION_BY_ID` found."""
    until = row[12]
    return AuthorizationRecord(
        row[0],
        row[1],
        row[2],
        row[3],
        row[4],
        bool(row[5]),
        row[6],
        to_moment(row[7]),
        to_moment(row[8]),
        row[9],
        tuple(ChallengeRecord(*one) for one in json.loads(row[10])),
        row[11],
        None if until is None else to_moment(until),
    )
