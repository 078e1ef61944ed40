"""The CAs of a store."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from tlsmith.errors import NotFoundError
from tlsmith.storage.connection import Connection, Row, Transaction
from tlsmith.storage.moments import to_moment, to_seconds

ROOT, INTERMEDIATE = "root", "intermediate"
# A request that waits for its certificate; one that issues; one that only signs its
# CRLs and OCSP answers; one that was revoked.
PENDING, ACTIVE, RETIRED, REVOKED = "pending", "active", "retired", "revoked"

_COLUMNS = (
    "id, slug, name, role, state, parent_id, certificate, request, public_key_info, "
    "signer, material, shards, crl_url, ocsp_url, ca_url, created_at"
)


class AuthorityRecord(NamedTuple):
    """A CA in the store.

    Args:
        slug: its name in paths: the start of its subjectKeyIdentifier, hexadecimal.
        certificate: DER; None while a request waits for it.
        signer: where its key is; empty where it is elsewhere, as a root's.
        material: of the signer `store:`, the encrypted key.
        shards: how many CRLs its certificates are spread over; 0 for the complete one.
        crl_url: under which its CRLs are read; like the next two it may be empty.
        ocsp_url: where its OCSP responder is.
        ca_url: under which its own certificate is read.
    """

    id: int
    slug: str
    name: str
    role: str
    state: str
    parent_id: int | None
    certificate: bytes | None
    request: bytes | None
    public_key_info: bytes
    signer: str
    material: bytes | None
    shards: int
    crl_url: str
    ocsp_url: str
    ca_url: str
    created_at: datetime


def insert_authority(transaction: Transaction, record: AuthorityRecord) -> int:
    """Put a CA in; its id is chosen here, and returned."""
    row = transaction.one("SELECT COALESCE(MAX(id), 0) FROM authorities")
    number = (row[0] if row else 0) + 1
    values = record._replace(id=number, created_at=to_seconds(record.created_at))  # type: ignore[arg-type]
    transaction.run(
        f"INSERT INTO authorities ({_COLUMNS}) "  # noqa: S608
        f"VALUES ({', '.join('?' * len(values))})",
        *values,
    )
    return number


def authorities(connection: Connection) -> list[AuthorityRecord]:
    """Return every CA, in the order they were put in."""
    rows = connection.all(f"SELECT {_COLUMNS} FROM authorities ORDER BY id")  # noqa: S608
    return [_record(row) for row in rows]


def authority(connection: Connection, slug: str) -> AuthorityRecord:
    """Return a CA by its slug.

    Raises:
        NotFoundError: there is none.
    """
    row = connection.one(f"SELECT {_COLUMNS} FROM authorities WHERE slug = ?", slug)  # noqa: S608
    if row is None:
        raise NotFoundError(
            f"no CA is called {slug!r}", hint="see which there are: tlsmith ca show"
        )
    return _record(row)


def set_state(transaction: Transaction, number: int, state: str) -> None:
    """Change what a CA may do."""
    transaction.run("UPDATE authorities SET state = ? WHERE id = ?", state, number)


def set_certificate(
    transaction: Transaction, number: int, certificate: bytes, parent_id: int | None
) -> None:
    """Give a CA that waited its certificate."""
    transaction.run(
        "UPDATE authorities SET certificate = ?, parent_id = ?, state = ? WHERE id = ?",
        certificate,
        parent_id,
        ACTIVE,
        number,
    )


def add_certificate(
    transaction: Transaction,
    number: int,
    kind: str,
    fingerprint: bytes,
    certificate: bytes,
) -> None:
    """Add a further certificate of the same CA, such as a cross-signed one."""
    transaction.run(
        "INSERT INTO authority_certificates (fingerprint, authority_id, kind, "
        "certificate) VALUES (?, ?, ?, ?) ON CONFLICT (fingerprint) DO NOTHING",
        fingerprint,
        number,
        kind,
        certificate,
    )


def further_certificates(connection: Connection) -> list[tuple[int, str, bytes]]:
    """Return (CA, kind, DER) of every further certificate."""
    rows = connection.all(
        "SELECT authority_id, kind, certificate FROM authority_certificates "
        "ORDER BY authority_id, kind, fingerprint"
    )
    return [(row[0], row[1], bytes(row[2])) for row in rows]


def _record(row: Row) -> AuthorityRecord:
    blobs = {at: row[at] and bytes(row[at]) for at in (6, 7, 8, 10)}
    values = [blobs.get(at, value) for at, value in enumerate(row)]
    values[15] = to_moment(row[15])
    return AuthorityRecord(*values)
