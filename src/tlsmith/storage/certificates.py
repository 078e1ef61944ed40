"""The certificates of a store: put in, found, their status changed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple

from tlsmith.core.crl import RevokedEntry, encode_entry, read_entries, reason_name
from tlsmith.errors import NotFoundError
from tlsmith.storage.connection import Connection, Row, Transaction
from tlsmith.storage.moments import DAY, to_moment, to_seconds

GOOD, REVOKED, ON_HOLD = 0, 1, 2
# In the place of a CRL's shard.
UNLISTED = -1
BUCKET_BITS = 16
# Entries of a CRL that are read at a time: a megabyte or so.
_ENTRIES = 20_000

COLUMNS = (
    "id, authority_id, serial_number, profile, requester, names, not_before, "
    "not_after, issued_at, shard, status, revoked_at, reason, certificate"
)
_INSERT = (
    "INSERT INTO certificates (id, bucket, authority_id, serial_number, "
    "fingerprint_start, key_start, profile, requester, names, not_before, not_after, "
    "issued_at, shard, status, revoked_at, reason, certificate) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_INSERT_NAME = "INSERT INTO names (bucket, reversed, certificate_id) VALUES (?, ?, ?)"
_WHY_BLOCKED = "SELECT reason FROM blocked_keys WHERE key_hash = ?"
_CHANGE = (
    "INSERT INTO changes (revision, authority_id, certificate_id, serial_number, "
    "shard, previous, status, reason, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


class NewCertificate(NamedTuple):
    """A certificate to be put in.

    Args:
        key_hash: SHA-256 of its SubjectPublicKeyInfo.
        names: as text, subjectAltName's order.
        shard: of its CRL; 0 where there is the complete one alone; UNLISTED where no
            CRL is to list it.
        revocation: (status, moment, reason) of one adopted as revoked.
    """

    authority_id: int
    serial_number: int
    certificate: bytes | None
    key_hash: bytes
    names: tuple[str, ...]
    not_before: datetime
    not_after: datetime
    issued_at: datetime
    profile: str
    requester: str
    shard: int = 0
    revocation: tuple[int, datetime, int | None] | None = None


class CertificateRecord(NamedTuple):
    """A certificate in the store.

    Args:
        reason: CRLReason's number (RFC 5280 section 5.3.1), or None.
        certificate: DER; None for one adopted of which only the number is known.
    """

    id: int
    authority_id: int
    serial_number: int
    profile: str
    requester: str
    names: tuple[str, ...]
    not_before: datetime
    not_after: datetime
    issued_at: datetime
    shard: int
    status: int
    revoked_at: datetime | None
    reason: int | None
    certificate: bytes | None

    @property
    def fingerprint(self) -> str | None:
        """SHA-256 of the certificate, hexadecimal."""
        return sha256(self.certificate).hexdigest() if self.certificate else None


def start_of(digest: bytes) -> int:
    """Return the part of a hash that is indexed."""
    return int.from_bytes(digest[:8], "big", signed=True)


def serial_bytes(serial_number: int) -> bytes:
    """Return a serial number as the store keeps it: in the order of numbers."""
    return serial_number.to_bytes(max(20, (serial_number.bit_length() + 7) // 8), "big")


def insert_certificate(transaction: Transaction, new: NewCertificate) -> int:
    """Put a certificate in; return its number."""
    number = transaction.certificates = transaction.certificates + 1
    bucket = number >> BUCKET_BITS
    digest = sha256(new.certificate).digest() if new.certificate else b""
    issued_at, not_after = to_seconds(new.issued_at), to_seconds(new.not_after)
    status, revoked_at, reason = _revocation(new)
    transaction.later(
        _INSERT,
        (
            number,
            bucket,
            new.authority_id,
            serial_bytes(new.serial_number),
            start_of(digest),
            start_of(new.key_hash),
            new.profile,
            new.requester,
            " ".join(new.names),
            to_seconds(new.not_before),
            not_after,
            issued_at,
            new.shard,
            status,
            revoked_at,
            reason,
            new.certificate,
        ),
    )
    for name in dict.fromkeys(new.names):
        transaction.later(_INSERT_NAME, (bucket, name[::-1], number))
    transaction.tally(issued_at // DAY, "issued")
    transaction.tally(not_after // DAY, "expires")
    if revoked_at is not None:
        _note_change(transaction, number, new, (GOOD, status, reason, revoked_at))
        _list_entry(transaction, number, new, (status, reason, revoked_at))
    return number


def _revocation(new: NewCertificate) -> tuple[int, int | None, int | None]:
    if new.revocation is None:
        return GOOD, None, None
    status, moment, reason = new.revocation
    return status, to_seconds(moment), reason


def _note_change(
    transaction: Transaction,
    number: int,
    record: CertificateRecord | NewCertificate,
    change: tuple[int, int, int | None, int],
) -> None:
    """Note (previous status, status, reason, moment)."""
    revision = transaction.revision = transaction.revision + 1
    serial = serial_bytes(record.serial_number)
    of_what = record.authority_id, number, serial, record.shard
    transaction.later(_CHANGE, (revision, *of_what, *change))


def _list_entry(
    transaction: Transaction,
    number: int,
    record: CertificateRecord | NewCertificate,
    state: tuple[int, int | None, int],
) -> None:
    """Have CRLs list a certificate, or no longer: (status, reason, moment)."""
    if record.shard == UNLISTED:
        return
    status, reason, at = state
    if status == GOOD:
        transaction.run(
            "DELETE FROM revoked WHERE authority_id = ? AND certificate_id = ?",
            record.authority_id,
            number,
        )
        return
    entry = RevokedEntry(record.serial_number, to_moment(at), reason_name(reason))
    transaction.run(
        "INSERT INTO revoked (authority_id, certificate_id, shard, not_after, entry) "
        "VALUES (?, ?, ?, ?, ?) ON CONFLICT (authority_id, certificate_id) "
        "DO UPDATE SET entry = excluded.entry",
        record.authority_id,
        number,
        record.shard,
        to_seconds(record.not_after),
        encode_entry(entry),
    )


def change_status(
    transaction: Transaction,
    record: CertificateRecord,
    status: int,
    moment: datetime,
    reason: int | None,
) -> CertificateRecord:
    """Change a certificate's status; return it as it is then."""
    at = to_seconds(moment)
    transaction.run(
        "UPDATE certificates SET status = ?, revoked_at = ?, reason = ? WHERE id = ?",
        status,
        None if status == GOOD else at,
        reason,
        record.id,
    )
    changed = record._replace(
        status=status,
        revoked_at=None if status == GOOD else to_moment(at),
        reason=reason,
    )
    change = record.status, status, reason, at
    _note_change(transaction, record.id, record, change)
    _list_entry(transaction, record.id, record, change[1:])
    if status == REVOKED:
        transaction.tally(at // DAY, "revoked")
    return changed


def record_of(row: Row) -> CertificateRecord:
    """Return the record of a row of `COLUMNS`."""
    return CertificateRecord(
        row[0],
        row[1],
        int.from_bytes(row[2], "big"),
        row[3],
        row[4],
        tuple(row[5].split(" ")) if row[5] else (),
        to_moment(row[6]),
        to_moment(row[7]),
        to_moment(row[8]),
        row[9],
        row[10],
        None if row[11] is None else to_moment(row[11]),
        row[12],
        None if row[13] is None else bytes(row[13]),
    )


def record_of_new(number: int, new: NewCertificate) -> CertificateRecord:
    """Return the record of a certificate that was put in."""
    status, revoked_at, reason = _revocation(new)
    return CertificateRecord(
        number,
        new.authority_id,
        new.serial_number,
        new.profile,
        new.requester,
        new.names,
        to_moment(to_seconds(new.not_before)),
        to_moment(to_seconds(new.not_after)),
        to_moment(to_seconds(new.issued_at)),
        new.shard,
        status,
        None if revoked_at is None else to_moment(revoked_at),
        reason,
        new.certificate,
    )


def by_serial_number(
    connection: Connection, serial_number: int, authority_id: int | None = None
) -> list[CertificateRecord]:
    """Return the certificates of a serial number: of each CA, one."""
    statement = f"SELECT {COLUMNS} FROM certificates WHERE serial_number = ?"  # noqa: S608
    values: list[Any] = [serial_bytes(serial_number)]
    if authority_id is not None:
        statement += " AND authority_id = ?"
        values.append(authority_id)
    return [record_of(row) for row in connection.all(statement, *values)]


def by_id(connection: Connection, number: int) -> CertificateRecord:
    """Return a certificate by its number in the store.

    Raises:
        NotFoundError: there is none.
    """
    row = connection.one(f"SELECT {COLUMNS} FROM certificates WHERE id = ?", number)  # noqa: S608
    if row is None:
        raise NotFoundError(f"no certificate number {number}")
    return record_of(row)


def status_of(
    connection: Connection, authority_id: int, serial_number: int
) -> tuple[int, int | None, int | None, int] | None:
    """Return (status, revoked_at, reason, not_after) of a certificate, or None.

    Times are seconds since 1970: this is what OCSP asks, thousands of times a second.
    """
    row = connection.one(
        "SELECT status, revoked_at, reason, not_after FROM certificates "
        "WHERE serial_number = ? AND authority_id = ?",
        serial_bytes(serial_number),
        authority_id,
    )
    return None if row is None else (row[0], row[1], row[2], row[3])


def statuses(
    connection: Connection, authority_id: int, span: tuple[int, int], now: datetime
) -> list[tuple[int, int, int, int | None, int | None]]:
    """Return (id, serial number, status, revoked_at, reason) of some certificates.

    Args:
        span: the id they come after, and the last one.
        now: those that expired before are left out.
    """
    rows = connection.all(
        "SELECT id, serial_number, status, revoked_at, reason FROM certificates "
        "WHERE id > ? AND id <= ? AND authority_id = ? AND not_after >= ? ORDER BY id",
        *span,
        authority_id,
        to_seconds(now),
    )
    return [(row[0], int.from_bytes(row[1], "big"), *row[2:5]) for row in rows]


def joined_revoked(
    connection: Connection, authority_id: int, shard: int, not_before: datetime
) -> Iterator[tuple[bytes, int]]:
    """Yield the joined entries of a CRL, and how many those are, oldest first.

    Args:
        shard: 0 for all of the CA's.
        not_before: what expired before is left out.
    """
    condition, values = "", [to_seconds(not_before)]
    if shard:
        condition, values = "AND shard = ?", [*values, shard]
    after = 0
    while True:
        rows = connection.all(
            "SELECT certificate_id, entry FROM revoked WHERE authority_id = ? "  # noqa: S608
            f"AND certificate_id > ? AND not_after >= ? {condition} "
            "ORDER BY certificate_id LIMIT ?",
            authority_id,
            after,
            *values,
            _ENTRIES,
        )
        if rows:
            yield b"".join([row[1] for row in rows]), len(rows)
        if len(rows) < _ENTRIES:
            return
        after = rows[-1][0]


def revoked_entries(
    connection: Connection, authority_id: int, not_before: datetime
) -> Iterator[RevokedEntry]:
    """Yield what the CRL of a CA lists, oldest first.

    Args:
        not_before: what expired before is left out.
    """
    for joined, _ in joined_revoked(connection, authority_id, 0, not_before):
        yield from read_entries(joined)


def block_key(
    transaction: Transaction, key_hash: bytes, reason: str, moment: datetime
) -> None:
    """Have a key never certified again."""
    transaction.run(
        "INSERT INTO blocked_keys (key_hash, reason, at) VALUES (?, ?, ?) "
        "ON CONFLICT (key_hash) DO NOTHING",
        key_hash,
        reason,
        to_seconds(moment),
    )


def why_blocked(connection: Connection, key_hash: bytes) -> str | None:
    """Return why a key may not be certified, or None where it may."""
    row = connection.one(_WHY_BLOCKED, key_hash)
    return None if row is None else str(row[0])


def is_unblocked(transaction: Transaction, key_hash: bytes) -> bool:
    """Tell whether a key may be certified, as it most likely may."""
    return transaction.finds(0, _WHY_BLOCKED, key_hash)


def delete_expired(transaction: Transaction, before: datetime, most: int) -> int:
    """Delete certificates that expired before a moment; return how many."""
    rows = transaction.all(
        "SELECT id, bucket, names, authority_id FROM certificates WHERE not_after < ? "
        "ORDER BY not_after, id LIMIT ?",
        to_seconds(before),
        most,
    )
    if not rows:
        return 0
    transaction.run_many(
        "DELETE FROM names WHERE bucket = ? AND reversed = ? AND certificate_id = ?",
        [
            (bucket, name[::-1], number)
            for number, bucket, names, _ in rows
            for name in names.split(" ")
        ],
    )
    transaction.run_many(
        "DELETE FROM revoked WHERE authority_id = ? AND certificate_id = ?",
        [(row[3], row[0]) for row in rows],
    )
    numbers = [(row[0],) for row in rows]
    transaction.run_many("DELETE FROM certificates WHERE id = ?", numbers)
    return len(rows)
