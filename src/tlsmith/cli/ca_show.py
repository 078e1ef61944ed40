"""`tlsmith ca show` and `ca export` with a store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tlsmith.authority.chains import chain_to_root
from tlsmith.authority.issuers import is_issuing
from tlsmith.authority.records import authority_facts
from tlsmith.cli.fingerprints import ca_lines, fingerprint_lines, key_lines
from tlsmith.cli.output import counted, emit, emit_json, say
from tlsmith.cli.store import open_authority
from tlsmith.core.formats import encode_chain, encode_pem
from tlsmith.core.keys import fingerprint
from tlsmith.errors import NotFoundError
from tlsmith.storage.authorities import (
    PENDING,
    ROOT,
    AuthorityRecord,
    further_certificates,
)
from tlsmith.storage.status import latest_crls

if TYPE_CHECKING:
    from tlsmith.authority.service import Authority
    from tlsmith.storage.status import CRLRecord


def show_store(store: str, as_json: bool) -> None:
    """Show every CA of a store."""
    with open_authority(store) as authority:
        records = authority.issuers.records()
        with authority.storage.read() as connection:
            crls = latest_crls(connection)
            further = further_certificates(connection)
    if as_json:
        emit_json([_facts(record, crls, further) for record in records])
        return
    for number, record in enumerate(records):
        lines = key_lines(record.name, record.public_key_info)
        if record.certificate is not None:
            lines = ca_lines(record.name, record.certificate)
        lines += _further_lines(record, crls)
        lines += _cross_signed_lines(record, further)
        emit(("\n" if number else "") + "\n".join(lines))


def export_store(store: str, which: str) -> str:
    """Return a store's roots, the chain of its latest issuing CA, or its request.

    Raises:
        NotFoundError: there is none.
    """
    with open_authority(store) as authority:
        records = authority.issuers.records()
        if which == "csr":
            return _request(authority)
        if which == "revoked":
            from tlsmith.authority.revocation_list import encode_revocations

            with authority.storage.read() as connection:
                return encode_revocations(connection, records)
        if which == "root":
            found = [one.certificate for one in records if one.role == ROOT]
            chain = [one for one in found if one is not None]
        else:
            issuing = [one for one in records if is_issuing(one)]
            chain = chain_to_root(issuing[-1], records) if issuing else []
    if not chain:
        raise NotFoundError(
            f"the store {authority.storage.url} has no such certificate"
        )
    return encode_chain(chain).decode()


def _request(authority: Authority) -> str:
    for record in reversed(authority.issuers.records()):
        if record.state == PENDING and record.request is not None:
            say("\n".join(key_lines(record.name, record.public_key_info)))
            return encode_pem("CERTIFICATE REQUEST", record.request).decode()
    raise NotFoundError(
        "no request waits for its certificate",
        hint="a CA whose root is elsewhere begins with: tlsmith ca init --offline-root",
    )


def _cross_signed_lines(
    record: AuthorityRecord, further: list[tuple[int, str, bytes]]
) -> list[str]:
    return [
        line
        for number, kind, der in further
        if number == record.id
        for line in fingerprint_lines(kind, der)
    ]


def _facts(
    record: AuthorityRecord,
    crls: list[CRLRecord],
    further: list[tuple[int, str, bytes]],
) -> dict[str, Any]:
    facts = authority_facts(record)
    facts["further_certificates"] = [
        {"kind": kind, "fingerprint_sha256": fingerprint(der)}
        for number, kind, der in further
        if number == record.id
    ]
    facts["crls"] = [
        {
            "kind": crl.kind,
            "shard": crl.shard,
            "number": crl.number,
            "entries": crl.entries,
            "this_update": crl.this_update.isoformat(),
            "next_update": crl.next_update.isoformat(),
        }
        for crl in crls
        if crl.authority_id == record.id
    ]
    return facts


def _further_lines(record: AuthorityRecord, crls: list[CRLRecord]) -> list[str]:
    facts = authority_facts(record)
    key = facts["signer"] or "not here: it is kept offline"
    lines = [f"  state       {record.state}", f"  key         {key}"]
    for title, url in (
        ("CRLs", record.crl_url),
        ("OCSP", record.ocsp_url if record.role != ROOT else ""),
        ("certificate", record.ca_url),
    ):
        if url:
            lines.append(f"  {title:<12}{url}")
    for crl in crls:
        if crl.authority_id == record.id and crl.kind == "complete":
            of = f" of shard {crl.shard}" if crl.shard else ""
            lines.append(
                f"  CRL{of:<9}number {crl.number}, "
                f"{counted(crl.entries, 'entry', 'entries')}, next by "
                f"{crl.next_update:%Y-%m-%d %H:%M}"
            )
    return lines
