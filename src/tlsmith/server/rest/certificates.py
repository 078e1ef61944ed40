"""Endpoints that find certificates."""

from __future__ import annotations

import re
from typing import Any

from tlsmith.authority.chains import chain_without_root
from tlsmith.authority.records import certificate_facts
from tlsmith.authority.service import Authority
from tlsmith.core.formats import encode_chain
from tlsmith.core.names import parse_name
from tlsmith.errors import ConflictError, InputError, NotFoundError
from tlsmith.server.rest import answers, messages
from tlsmith.server.rest.endpoint import (
    PEM_CHAIN,
    Answer,
    Call,
    Endpoint,
    json_answer,
)
from tlsmith.storage.certificates import CertificateRecord, by_serial_number
from tlsmith.storage.search import Search, find


def _list(call: Call) -> Answer:
    query = call.query
    search = _search(call)
    wanted = r"[0-9]+" if search.expires_before is None else r"[0-9]+-[0-9]+"
    if query.cursor is not None and not re.fullmatch(wanted, query.cursor):
        raise InputError(
            "this cursor is of another query",
            code="bad-cursor",
            hint="give `next` of the page before, and the same filters",
        )
    with call.authority.storage.read() as connection:
        page = find(connection, search, after=query.cursor, limit=query.limit)
    return json_answer(
        {"certificates": facts_of(call.authority, page.records), "next": page.next}
    )


def _search(call: Call) -> Search:
    query: messages.CertificateQuery = call.query
    search = Search(
        name=None if query.name is None else name_to_find(query.name),
        serial_number=_number(query.serial_number),
        fingerprint=_digest(query.fingerprint),
        key_hash=_digest(query.key),
        requester=query.requester,
        profile=query.profile,
        status=query.status,
        expires_after=query.expires_after,
        expires_before=query.expires_before,
    )
    if query.status == "expired":
        now = call.authority.clock()
        before = min(now, query.expires_before or now)
        search = search._replace(status=None, expires_before=before)
    return search


def _show(call: Call) -> Answer:
    return json_answer(facts_of(call.authority, [one_record(call)])[0])


def _chain(call: Call) -> Answer:
    record = one_record(call)
    if record.certificate is None:
        raise NotFoundError(
            f"of {record.serial_number:x} the number alone is known",
            hint="it was adopted without the certificate itself",
        )
    records = call.authority.issuers.records()
    issuer = next(one for one in records if one.id == record.authority_id)
    chain = (record.certificate, *chain_without_root(issuer, records))
    return Answer(200, encode_chain(chain), PEM_CHAIN)


def one_record(call: Call) -> CertificateRecord:
    """Return the certificate that a path names.

    Raises:
        NotFoundError: there is none.
        ConflictError: two CAs have one of that number.
    """
    number = _number(call.place.serial_number)
    assert number is not None  # noqa: S101 -- the path's type has it
    with call.authority.storage.read() as connection:
        found = by_serial_number(connection, number)
    if not found:
        raise NotFoundError(
            f"no certificate with the serial number {number:x}",
            hint="see which there are: GET /certificates",
        )
    if len(found) > 1:
        raise ConflictError(
            f"two CAs issued a certificate {number:x}",
            code="ambiguous",
            hint="name it by its fingerprint: POST /revocations",
        )
    return found[0]


def facts_of(
    authority: Authority, records: list[CertificateRecord]
) -> list[dict[str, Any]]:
    """Return the facts of certificates."""
    slugs = {one.id: one.slug for one in authority.issuers.records()}
    return [certificate_facts(one, slugs.get(one.authority_id, "")) for one in records]


def name_to_find(text: str) -> str:
    """Return a name, or `.DOMAIN`, in the form the store has.

    Raises:
        InputError: it is no name.
    """
    if text.startswith("."):
        return "." + parse_name(text[1:], loose=True).value
    return parse_name(text, loose=True).value


def _number(text: str | None) -> int | None:
    if text is None:
        return None
    digits = text.replace(":", "")
    if not 1 <= len(digits) <= 40:
        raise InputError(
            "not a serial number",
            code="bad-serial-number",
            hint="give up to 40 hexadecimal digits",
        )
    return int(digits, 16)


def _digest(text: str | None) -> bytes | None:
    return None if text is None else bytes.fromhex(text)


ENDPOINTS = (
    Endpoint(
        "GET",
        "/certificates",
        _list,
        "Find certificates, the newest first",
        "viewer",
        answers.CertificatePage,
        query=messages.CertificateQuery,
    ),
    Endpoint(
        "GET",
        "/certificates/{serial_number}",
        _show,
        "Show a certificate and what became of it",
        "viewer",
        answers.Certificate,
        place=messages.BySerialNumber,
    ),
    Endpoint(
        "GET",
        "/certificates/{serial_number}/chain",
        _chain,
        "Get a certificate with its chain",
        "viewer",
        PEM_CHAIN,
        place=messages.BySerialNumber,
    ),
)
