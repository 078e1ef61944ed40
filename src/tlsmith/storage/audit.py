"""The audit log: each record holds the hash of the one before."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple

from tlsmith.storage.connection import Connection, Row, Transaction
from tlsmith.storage.moments import to_moment, to_seconds

_INSERT = (
    "INSERT INTO audit (sequence, at, actor, action, object, detail, request_id, hash) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
_COLUMNS = "sequence, at, actor, action, object, detail, request_id, hash"
# json.dumps would make them for each record.
_encode_detail = json.JSONEncoder(separators=(",", ":"), sort_keys=True).encode
_encode_fields = json.JSONEncoder(separators=(",", ":")).encode
_PAGE = 5_000
# Records looked at in one step of a search, and seconds after which its page ends.
_STEP = 500
_PATIENCE = 0.02


class Act(NamedTuple):
    """Something that concerns security, and who did it.

    Args:
        actor: who, such as "token:ci" or "cli:root".
        action: what, such as "certificate.issue".
        object: to what: a serial number, a CA's slug, a token's id.
        detail: further facts, as JSON can hold them; never a secret.
    """

    actor: str
    action: str
    object: str
    detail: dict[str, Any]
    request_id: str = ""


class AuditRecord(NamedTuple):
    """A record of the log."""

    sequence: int
    at: datetime
    actor: str
    action: str
    object: str
    detail: str
    request_id: str
    hash: bytes


class Sought(NamedTuple):
    """What records are looked for; all that is given must hold."""

    actor: str | None = None
    action: str | None = None
    object: str | None = None

    def fits(self, record: AuditRecord) -> bool:
        """Tell whether a record is one of them."""
        pairs = zip(self, (record.actor, record.action, record.object), strict=True)
        return all(wanted is None or wanted == there for wanted, there in pairs)


def append(transaction: Transaction, act: Act, moment: datetime) -> int:
    """Append a record; return its number."""
    sequence = transaction.audit_sequence + 1
    at = to_seconds(moment)
    detail = _encode_detail(act.detail)
    fields = (sequence, at, act.actor, act.action, act.object, detail, act.request_id)
    digest = chained(transaction.audit_hash, fields)
    transaction.audit_sequence, transaction.audit_hash = sequence, digest
    transaction.later(_INSERT, (*fields, digest))
    return sequence


def chained(previous: bytes, fields: tuple[int | str, ...]) -> bytes:
    """Return the hash of a record: SHA-256 of the one before, and of its fields."""
    text = _encode_fields(fields)
    return sha256(previous + text.encode()).digest()


def records(connection: Connection, *, after: int = 0) -> Iterator[AuditRecord]:
    """Yield the records behind a number, in order, page by page."""
    while True:
        page = page_of_records(connection, after=after, limit=_PAGE)
        yield from page
        if len(page) < _PAGE:
            return
        after = page[-1].sequence


def page_of_records(
    connection: Connection, *, after: int = 0, limit: int
) -> list[AuditRecord]:
    """Return the next records behind a number."""
    rows = connection.all(
        f"SELECT {_COLUMNS} FROM audit WHERE sequence > ? ORDER BY sequence LIMIT ?",  # noqa: S608
        after,
        limit,
    )
    return [_record(row) for row in rows]


def latest_records(
    connection: Connection, *, before: int | None = None, limit: int
) -> list[AuditRecord]:
    """Return the last records, or the last ones before a number, newest first."""
    rows = connection.all(
        f"SELECT {_COLUMNS} FROM audit WHERE sequence < ? "  # noqa: S608
        "ORDER BY sequence DESC LIMIT ?",
        before if before is not None else 1 << 62,
        limit,
    )
    return [_record(row) for row in rows]


def find_records(
    connection: Connection, sought: Sought, *, before: int | None = None, limit: int
) -> tuple[list[AuditRecord], int | None]:
    """Return the last records that fit, newest first, and before which to go on.

    As pages of certificates, one of these reads a bounded number of rows: it may be
    short, and is the last one where there is nothing to go on before.
    """
    deadline = time.monotonic() + _PATIENCE
    found: list[AuditRecord] = []
    while True:
        page = latest_records(connection, before=before, limit=_STEP)
        for record in page:
            before = record.sequence
            if sought.fits(record):
                found.append(record)
                if len(found) == limit:
                    return found, before
        if len(page) < _STEP:
            return found, None
        if time.monotonic() > deadline:
            return found, before


def head(connection: Connection) -> tuple[int, bytes]:
    """Return the number and the hash of the last record, as the head has them."""
    row = connection.one("SELECT audit_sequence, audit_hash FROM head")
    return (0, b"") if row is None else (row[0], bytes(row[1]))


def _record(row: Row) -> AuditRecord:
    sequence, at, actor, action, thing, detail, request_id, digest = row
    return AuditRecord(
        sequence, to_moment(at), actor, action, thing, detail, request_id, bytes(digest)
    )
