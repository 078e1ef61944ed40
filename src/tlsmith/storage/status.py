"""CRLs and OCSP responders of the CAs of a store."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from tlsmith.storage.connection import Connection, Row, Transaction
from tlsmith.storage.moments import to_moment, to_seconds

COMPLETE, DELTA = "complete", "delta"
_COLUMNS = (
    "authority_id, shard, kind, number, base_number, this_update, next_update, "
    "revision, entries, generation, parts"
)


class CRLRecord(NamedTuple):
    """A CRL that was issued, without its bytes.

    Args:
        shard: 0 for all of the CA's certificates.
        kind: "complete" or "delta".
        revision: of the store it was made at.
        entries: how many it lists.
        generation: of its entries, and of how many parts they are: 0 where they are
            with the rest.
    """

    authority_id: int
    shard: int
    kind: str
    number: int
    base_number: int | None
    this_update: datetime
    next_update: datetime
    revision: int
    entries: int
    generation: int = 0
    parts: int = 0


class CRLBytes(NamedTuple):
    """A CRL around its entries: what stands before them, and after."""

    before: bytes
    after: bytes


class Change(NamedTuple):
    """A certificate's status as it was changed."""

    revision: int
    serial_number: bytes
    shard: int
    previous: int
    status: int
    reason: int | None
    at: int


class Scope(NamedTuple):
    """What CRLs of one CA and shard have in common.

    Args:
        number: of the last CRL.
        base_number: of the last one that was due by the clock, and the revision of
            the store it was made at: what deltas are made against.
    """

    number: int = 0
    base_number: int = 0
    base_revision: int = 0


def crl_scope(connection: Connection, authority_id: int, shard: int) -> Scope:
    """Return what was last issued for a CA and shard."""
    row = connection.one(
        "SELECT number, base_number, base_revision FROM crl_scopes "
        "WHERE authority_id = ? AND shard = ?",
        authority_id,
        shard,
    )
    return Scope() if row is None else Scope(*row)


def set_crl_scope(
    transaction: Transaction, authority_id: int, shard: int, scope: Scope
) -> None:
    """Note what was issued."""
    transaction.run(
        "INSERT INTO crl_scopes (authority_id, shard, number, base_number, "
        "base_revision) VALUES (?, ?, ?, ?, ?) ON CONFLICT (authority_id, shard) "
        "DO UPDATE SET number = excluded.number, base_number = excluded.base_number, "
        "base_revision = excluded.base_revision",
        authority_id,
        shard,
        *scope,
    )


def raise_crl_number(
    transaction: Transaction, authority_id: int, shard: int, number: int
) -> None:
    """Have the next CRL number be greater than one that another CA software gave."""
    transaction.run(
        "INSERT INTO crl_scopes (authority_id, shard, number) VALUES (?, ?, ?) "
        "ON CONFLICT (authority_id, shard) DO UPDATE SET number = excluded.number "
        "WHERE crl_scopes.number < excluded.number",
        authority_id,
        shard,
        number,
    )


def insert_crl(transaction: Transaction, record: CRLRecord, crl: CRLBytes) -> None:
    """Keep a CRL, and of the earlier ones of its kind nothing."""
    values = (
        *record[:5],
        to_seconds(record.this_update),
        to_seconds(record.next_update),
        *record[7:],
    )
    transaction.run(
        f"INSERT INTO crls ({_COLUMNS}, before_entries, after_entries) "  # noqa: S608
        f"VALUES ({', '.join('?' * (len(values) + 2))})",
        *values,
        *crl,
    )
    of_kind = record.authority_id, record.shard, record.kind, record.number
    transaction.run(
        "DELETE FROM crls WHERE authority_id = ? AND shard = ? AND kind = ? "
        "AND number < ?",
        *of_kind,
    )
    if record.kind == COMPLETE:
        transaction.run(
            "DELETE FROM crl_parts WHERE authority_id = ? AND shard = ? "
            "AND generation < ?",
            record.authority_id,
            record.shard,
            record.generation,
        )


def insert_crl_part(
    transaction: Transaction, record: CRLRecord, part: int, entries: bytes
) -> None:
    """Keep some entries of a complete CRL."""
    transaction.run(
        "INSERT INTO crl_parts (authority_id, shard, generation, part, entries) "
        "VALUES (?, ?, ?, ?, ?)",
        record.authority_id,
        record.shard,
        record.generation,
        part,
        entries,
    )


def crl_parts(connection: Connection, record: CRLRecord, first: int) -> list[bytes]:
    """Return the entries of a complete CRL from a part on."""
    rows = connection.all(
        "SELECT entries FROM crl_parts WHERE authority_id = ? AND shard = ? "
        "AND generation = ? AND part >= ? AND part < ? ORDER BY part",
        record.authority_id,
        record.shard,
        record.generation,
        first,
        record.parts,
    )
    return [bytes(row[0]) for row in rows]


def latest_crl(
    connection: Connection, authority_id: int, shard: int, kind: str
) -> CRLRecord | None:
    """Return the last CRL of a kind, or None."""
    row = connection.one(
        f"SELECT {_COLUMNS} FROM crls WHERE authority_id = ? AND shard = ? "  # noqa: S608
        "AND kind = ? ORDER BY number DESC LIMIT 1",
        authority_id,
        shard,
        kind,
    )
    return None if row is None else _record(row)


def crl_bytes(connection: Connection, record: CRLRecord) -> CRLBytes | None:
    """Return a CRL without the entries in parts, or None where it is gone."""
    row = connection.one(
        "SELECT before_entries, after_entries FROM crls WHERE authority_id = ? "
        "AND shard = ? AND kind = ? AND number = ?",
        record.authority_id,
        record.shard,
        record.kind,
        record.number,
    )
    return None if row is None else CRLBytes(bytes(row[0]), bytes(row[1]))


def latest_crls(connection: Connection) -> list[CRLRecord]:
    """Return the last CRL of each CA, shard and kind."""
    rows = connection.all(
        f"SELECT {_COLUMNS} FROM crls ORDER BY authority_id, shard, kind, number"  # noqa: S608
    )
    found = {(row[0], row[1], row[2]): _record(row) for row in rows}
    return list(found.values())


def changes(
    connection: Connection, authority_id: int, shard: int, after: int
) -> list[Change]:
    """Return the changes behind a revision of what CRLs list, of a shard or (0) all."""
    rows = connection.all(
        "SELECT revision, serial_number, shard, previous, status, reason, at "
        "FROM changes WHERE authority_id = ? AND revision > ? AND shard >= 0 "
        "ORDER BY revision",
        authority_id,
        after,
    )
    found = [Change(row[0], bytes(row[1]), *row[2:]) for row in rows]
    return [change for change in found if shard in (0, change.shard)]


def changed_serials(connection: Connection, after: int, most: int) -> list[int] | None:
    """Return the serial numbers whose status was changed behind a revision.

    None where there are more than `most`.
    """
    rows = connection.all(
        "SELECT serial_number FROM changes WHERE revision > ? ORDER BY revision "
        "LIMIT ?",
        after,
        most + 1,
    )
    if len(rows) > most:
        return None
    return [int.from_bytes(bytes(row[0]), "big") for row in rows]


def has_changed(
    connection: Connection, authority_id: int, shard: int, after: int
) -> bool:
    """Tell whether a status that CRLs list was changed behind a revision."""
    condition, values = "AND shard >= 0", [authority_id, after]
    if shard:
        condition, values = "AND shard = ?", [*values, shard]
    row = connection.one(
        "SELECT 1 FROM changes WHERE authority_id = ? AND revision > ? "  # noqa: S608
        f"{condition} LIMIT 1",
        *values,
    )
    return row is not None


def delete_changes(transaction: Transaction, before: datetime) -> int:
    """Delete changes older than any delta's base, and made before a moment."""
    return transaction.run(
        "DELETE FROM changes WHERE at < ? AND revision <= (SELECT "
        "COALESCE(MIN(base_revision), 0) FROM crl_scopes WHERE base_number > 0)",
        to_seconds(before),
    )


def insert_responder(
    transaction: Transaction,
    authority_id: int,
    certificate: bytes,
    material: bytes,
    not_after: datetime,
) -> None:
    """Keep a responder's certificate and encrypted key."""
    transaction.run(
        "INSERT INTO responders (authority_id, certificate, material, not_after) "
        "VALUES (?, ?, ?, ?)",
        authority_id,
        certificate,
        material,
        to_seconds(not_after),
    )


def latest_responder(
    connection: Connection, authority_id: int
) -> tuple[bytes, bytes, datetime] | None:
    """Return (certificate, encrypted key, not_after) of the last responder, or None."""
    row = connection.one(
        "SELECT certificate, material, not_after FROM responders "
        "WHERE authority_id = ? ORDER BY not_after DESC LIMIT 1",
        authority_id,
    )
    return None if row is None else (bytes(row[0]), bytes(row[1]), to_moment(row[2]))


def delete_responders(transaction: Transaction, before: datetime) -> int:
    """Delete responders that expired."""
    return transaction.run(
        "DELETE FROM responders WHERE not_after < ?", to_seconds(before)
    )


def _record(row: Row) -> CRLRecord:
    authority_id, shard, kind, number, base, this_update, next_update, *rest = row
    moments = to_moment(this_update), to_moment(next_update)
    return CRLRecord(authority_id, shard, kind, number, base, *moments, *rest)
