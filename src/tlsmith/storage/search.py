"""Pages of certificates: quick, however many there are.

A page reads a bounded number of rows, so a filter that little matches may give a short
page, or an empty one, and where to go on. Whoever asks goes on until there is no more.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple

from tlsmith.storage.certificates import (
    BUCKET_BITS,
    COLUMNS,
    GOOD,
    ON_HOLD,
    REVOKED,
    CertificateRecord,
    by_serial_number,
    record_of,
    start_of,
)
from tlsmith.storage.connection import Connection
from tlsmith.storage.moments import to_seconds

# Seconds after which a page ends as it is.
_PATIENCE = 0.01
_BUCKETS = 32

STATUSES = {"good": GOOD, "revoked": REVOKED, "hold": ON_HOLD}


class Search(NamedTuple):
    """What certificates are looked for; all that is given must hold.

    Args:
        name: a name, or ".example.com" for all below a domain.
        fingerprint: SHA-256 of the certificate.
        key_hash: SHA-256 of its SubjectPublicKeyInfo.
        status: "good", "revoked" or "hold".
        expires_before: not_after is before this, and the soonest comes first.
    """

    name: str | None = None
    serial_number: int | None = None
    fingerprint: bytes | None = None
    key_hash: bytes | None = None
    requester: str | None = None
    profile: str | None = None
    status: str | None = None
    authority_id: int | None = None
    expires_after: datetime | None = None
    expires_before: datetime | None = None


class Page(NamedTuple):
    """Some certificates, and where to go on; None at the end."""

    records: list[CertificateRecord]
    next: str | None


def find(
    connection: Connection, search: Search, *, after: str | None = None, limit: int = 50
) -> Page:
    """Return a page of certificates, the newest first.

    Args:
        after: `next` of the page before.
    """
    if search.serial_number is not None:
        records = by_serial_number(connection, search.serial_number)
        return Page([one for one in records if _fits(one, search)], None)
    if search.expires_before is not None:
        return _by_expiry(connection, search, after, limit)
    start = _number(after, connection)
    if search.fingerprint is not None or search.key_hash is not None:
        found = _by_hash(connection, search, start)
    elif search.name is not None:
        found = _by_name(connection, search.name, start, limit)
    else:
        found = _in_order(connection, search, start)
    return _collect(connection, search, found, limit)


def _number(after: str | None, connection: Connection) -> int:
    """Return the number below which the page begins."""
    if after is not None and after.isdecimal():
        return int(after)
    row = connection.one("SELECT certificates FROM head")
    return (int(row[0]) if row else 0) + 1


def _collect(
    connection: Connection,
    search: Search,
    found: Iterator[tuple[list[int], int]],
    limit: int,
) -> Page:
    """Fetch what was found until the page is full or the time is over.

    Args:
        found: numbers, newest first, and below which number to go on behind them.
    """
    deadline = time.monotonic() + _PATIENCE
    records: list[CertificateRecord] = []
    for numbers, below in found:
        for record in _fetch(connection, numbers):
            if _fits(record, search):
                records.append(record)
                if len(records) == limit:
                    return Page(records, str(record.id))
        if below <= 1:
            break
        if time.monotonic() > deadline:
            return Page(records, str(below))
    return Page(records, None)


def _fetch(connection: Connection, numbers: list[int]) -> Iterator[CertificateRecord]:
    for at in range(0, len(numbers), 100):
        some = ", ".join(map(str, numbers[at : at + 100]))
        rows = connection.all(
            f"SELECT {COLUMNS} FROM certificates WHERE id IN ({some}) ORDER BY id DESC"  # noqa: S608
        )
        yield from map(record_of, rows)


def _buckets(start: int) -> Iterator[tuple[list[int], int]]:
    """Yield buckets, newest first, and the first number of the oldest."""
    last = (start - 1) >> BUCKET_BITS
    while last >= 0:
        first = max(0, last - _BUCKETS + 1)
        yield list(range(last, first - 1, -1)), first << BUCKET_BITS
        last = first - 1


def _by_hash(
    connection: Connection, search: Search, start: int
) -> Iterator[tuple[list[int], int]]:
    column, digest = "fingerprint_start", search.fingerprint
    if digest is None:
        column, digest = "key_start", search.key_hash or b""
    for buckets, first in _buckets(start):
        rows = connection.all(
            "SELECT id FROM certificates WHERE bucket IN "  # noqa: S608
            f"({', '.join(map(str, buckets))}) AND {column} = ? AND id < ?",
            start_of(digest),
            start,
        )
        yield sorted((row[0] for row in rows), reverse=True), first


def _by_name(
    connection: Connection, name: str, start: int, limit: int
) -> Iterator[tuple[list[int], int]]:
    """Yield the certificates of a name, or of all names below a domain."""
    reversed_name = name.lower()[::-1]
    where, values = "reversed = ?", [reversed_name]
    if name.startswith((".", "*.")):
        below = reversed_name.removesuffix("*")
        where, values = "reversed >= ? AND reversed < ?", [below, below + "\x7f"]
    last = (start - 1) >> BUCKET_BITS
    for bucket in range(last, -1, -1):
        below_number = start
        while True:
            rows = connection.all(
                "SELECT DISTINCT certificate_id FROM names WHERE bucket = ? "  # noqa: S608
                f"AND {where} AND certificate_id < ? "
                "ORDER BY certificate_id DESC LIMIT ?",
                bucket,
                *values,
                below_number,
                limit,
            )
            numbers = [row[0] for row in rows]
            if len(numbers) < limit:
                break
            below_number = numbers[-1]
            yield numbers, below_number
        yield numbers, bucket << BUCKET_BITS


def _in_order(
    connection: Connection, search: Search, start: int
) -> Iterator[tuple[list[int], int]]:
    where, values = _narrowest(search)
    below = start
    while True:
        rows = connection.all(
            f"SELECT id FROM certificates WHERE {where} AND id < ? "  # noqa: S608
            "ORDER BY id DESC LIMIT ?",
            *values,
            below,
            100,
        )
        numbers = [row[0] for row in rows]
        if len(numbers) < 100:
            yield numbers, 0
            return
        below = numbers[-1]
        yield numbers, below


def _narrowest(search: Search) -> tuple[str, list[Any]]:
    """Return the condition whose index leaves the fewest rows."""
    if search.status in ("revoked", "hold"):
        return "status = ? AND status <> 0", [STATUSES[search.status]]
    if search.requester is not None:
        return "requester = ?", [search.requester]
    if search.profile is not None:
        return "profile = ?", [search.profile]
    return "id > 0", []


def _by_expiry(
    connection: Connection, search: Search, after: str | None, limit: int
) -> Page:
    """Return certificates that expire soonest, from a moment on."""
    begin = to_seconds(search.expires_after) if search.expires_after else 0
    if after is not None:
        begin, _, last = after.partition("-")  # type: ignore[assignment]
        place = int(begin), int(last)
    else:
        place = begin, 0
    assert search.expires_before is not None  # noqa: S101 -- the caller's condition
    end = to_seconds(search.expires_before)
    deadline = time.monotonic() + _PATIENCE
    records: list[CertificateRecord] = []
    while True:
        rows = connection.all(
            f"SELECT {COLUMNS} FROM certificates WHERE (not_after, id) > (?, ?) "  # noqa: S608
            "AND not_after < ? ORDER BY not_after, id LIMIT ?",
            *place,
            end,
            100,
        )
        for record in map(record_of, rows):
            place = to_seconds(record.not_after), record.id
            if _fits(record, search):
                records.append(record)
                if len(records) == limit:
                    return Page(records, f"{place[0]}-{place[1]}")
        if len(rows) < 100:
            return Page(records, None)
        if time.monotonic() > deadline:
            return Page(records, f"{place[0]}-{place[1]}")


def _fits(record: CertificateRecord, search: Search) -> bool:
    """Tell whether everything that was asked for holds."""
    conditions = (
        search.requester is None or record.requester == search.requester,
        search.profile is None or record.profile == search.profile,
        search.status is None or record.status == STATUSES[search.status],
        search.authority_id is None or record.authority_id == search.authority_id,
        search.expires_after is None or record.not_after >= search.expires_after,
        search.expires_before is None or record.not_after < search.expires_before,
        search.name is None or _has_name(record, search.name.lower()),
    )
    return all(conditions) and _has_hashes(record, search)


def _has_name(record: CertificateRecord, name: str) -> bool:
    if name.startswith((".", "*.")):
        return any(one.endswith(name.removeprefix("*")) for one in record.names)
    return name in record.names


def _has_hashes(record: CertificateRecord, search: Search) -> bool:
    if search.fingerprint is None and search.key_hash is None:
        return True
    if record.certificate is None:
        return False
    if search.fingerprint not in (None, sha256(record.certificate).digest()):
        return False
    if search.key_hash is None:
        return True
    from tlsmith.core.view import view_certificate

    info = view_certificate(record.certificate).public_key_info
    return sha256(info).digest() == search.key_hash


def timeline(
    connection: Connection, what: str, first_day: int, last_day: int
) -> list[tuple[int, int]]:
    """Return (day, number) of what was "issued", "revoked" or "expires" by day."""
    rows = connection.all(
        "SELECT day, number FROM tallies WHERE what = ? AND day >= ? AND day <= ? "
        "ORDER BY day",
        what,
        first_day,
        last_day,
    )
    return [(row[0], row[1]) for row in rows]


class Totals(NamedTuple):
    """How many certificates there ever were.

    Args:
        expired: of `issued`, those whose last day is over.
    """

    issued: int
    revoked: int
    expired: int


def totals(connection: Connection, today: int) -> Totals:
    """Return how many there were until a day, without counting rows.

    Args:
        today: in days since 1970.
    """
    rows = connection.all(
        "SELECT what, COALESCE(SUM(number), 0), "
        "COALESCE(SUM(CASE WHEN day < ? THEN number ELSE 0 END), 0) "
        "FROM tallies GROUP BY what",
        today,
    )
    found = {row[0]: (int(row[1]), int(row[2])) for row in rows}
    nothing = (0, 0)
    return Totals(
        found.get("issued", nothing)[0],
        found.get("revoked", nothing)[0],
        found.get("expires", nothing)[1],
    )


def held(connection: Connection, most: int) -> int:
    """Return how many certificates are on hold, counting up to `most`."""
    row = connection.one(
        "SELECT COUNT(*) FROM (SELECT 1 FROM certificates WHERE status = ? "
        "AND status <> 0 LIMIT ?) AS counted",
        ON_HOLD,
        most,
    )
    return int(row[0]) if row else 0
