"""Certificate revocation lists (RFC 5280 section 5)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tlsmith.core.describe.certificate import (
    read_outer,
    read_signature,
    serial_text,
)
from tlsmith.core.describe.described import Context, Described
from tlsmith.core.describe.dissect import (
    GENERALIZED_TIME,
    INTEGER,
    SEQUENCE,
    UTC_TIME,
    Dissection,
    Node,
    Reader,
)
from tlsmith.core.describe.distinguished import read_distinguished_name
from tlsmith.core.describe.extensions import by_name, read_extensions
from tlsmith.core.describe.findings import NOTE, PROBLEM, WARNING
from tlsmith.core.describe.found import Found
from tlsmith.core.describe.judge_certificate import WEAK_HASHES
from tlsmith.core.describe.plain import iso
from tlsmith.core.describe.signature import Signature, hash_name, read_algorithm
from tlsmith.core.describe.validity import EXPIRED, FUTURE, read_validity
from tlsmith.core.describe.values import integer, time_choice

# Entries that are listed; all are counted. A small machine's memory holds no more.
MOST_ENTRIES = 100_000
_MOST_KNOWN = 10_000
_TIMES = (UTC_TIME, GENERALIZED_TIME)


def describe_revocation_list(found: Found, context: Context) -> Described:
    """Return the facts of a certificate revocation list."""
    dissection = Dissection(found.content)
    described = Described(found, {}, dissection.findings)
    outer = read_outer(dissection, "revocation list")
    if outer is None:
        return described
    reader = dissection.reader(outer)
    tbs = reader.take("tbsCertList", SEQUENCE)
    if tbs is not None:
        _read_list(described, dissection, dissection.reader(tbs), context)
    described.signature = read_signature(dissection, reader, tbs)
    reader.finish()
    if described.signature is not None:
        judge_algorithms(described, described.signature)
    return described


def _read_list(
    described: Described, dissection: Dissection, fields: Reader, context: Context
) -> None:
    fields.where = "tbsCertList"
    version = integer(dissection, fields.optional("version", INTEGER))
    algorithm = read_algorithm(dissection, fields.take("signature", SEQUENCE))
    issuer = read_distinguished_name(dissection, fields.take("issuer", SEQUENCE))
    first = time_choice(dissection, fields.take("thisUpdate", *_TIMES))
    last = time_choice(dissection, fields.optional("nextUpdate", *_TIMES))
    revoked = fields.optional("revokedCertificates", SEQUENCE)
    wrapper = fields.optional("crlExtensions", 0xA0)
    fields.finish()
    described.issuer = issuer.der
    described.inner_algorithm = algorithm
    if version not in (None, 1):
        message = f"the version is {version + 1}; a revocation list has 1 or 2"
        described.add(PROBLEM, "unknown-version", message)
    facts = described.facts
    facts |= {
        "version": 1 if version is None else version + 1,
        "issuer": issuer.text,
        "this_update": iso(first),
        "next_update": iso(last),
    }
    facts |= read_validity(first, last, context.now)
    facts["signature_algorithm"] = algorithm.name
    facts |= _read_entries(dissection, revoked)
    extensions = []
    if wrapper is not None:
        inner = dissection.reader(wrapper).take("extensions", SEQUENCE)
        extensions = read_extensions(dissection, inner)
    for name, extension in by_name(extensions).items():
        if name.isidentifier() and name not in facts:
            facts[name] = extension["value"]
    facts["extensions"] = extensions
    _judge(described)
    if algorithm.digest in WEAK_HASHES:
        message = f"signed with {hash_name(algorithm.digest)}, which can be forged"
        described.add(PROBLEM, "weak-signature", message)


def judge_algorithms(described: Described, signature: Signature) -> None:
    """Find fault where the two places that name the algorithm differ."""
    inner = described.inner_algorithm
    if inner is not None and inner.encoded != signature.algorithm.encoded:
        message = f"signed with {signature.algorithm.name}, and says {inner.name}"
        described.add(PROBLEM, "algorithm-mismatch", message)


def _judge(described: Described) -> None:
    facts = described.facts
    if facts["status"] == EXPIRED:
        message = f"out of date: its next one was due at {facts['next_update']}"
        described.add(PROBLEM, "expired", message)
    elif facts["status"] == FUTURE:
        message = f"it is from the future: {facts['remaining']}; check the clock"
        described.add(PROBLEM, "not-yet-valid", message)
    if facts["next_update"] is None:
        message = "no nextUpdate: nobody can tell whether it is out of date"
        described.add(WARNING, "no-next-update", message)
    if "crl_number" not in facts:
        message = "no cRLNumber, which RFC 5280 section 5.2.3 asks for"
        described.add(NOTE, "no-crl-number", message)
    if "authority_key_identifier" not in facts:
        message = "no authorityKeyIdentifier, which RFC 5280 section 5.2.1 asks for"
        described.add(NOTE, "no-authority-key-identifier", message)


def _read_entries(dissection: Dissection, node: Node | None) -> dict[str, Any]:
    reasons: dict[str, int] = {}
    entries: list[dict[str, Any]] = []
    count = 0
    for entry in _entries(dissection, node):
        count += 1
        reason = entry["reason"]
        reasons[reason] = reasons.get(reason, 0) + 1
        if len(entries) < MOST_ENTRIES:
            entries.append(entry)
    return {
        "revoked_count": count,
        "revoked_reasons": reasons,
        "revoked": entries,
        "revoked_complete": len(entries) == count,
    }


def _entries(dissection: Dissection, node: Node | None) -> Iterator[dict[str, Any]]:
    if node is None:
        return
    # What stands behind the serial number, date and reason, is the same in most
    # entries of a long list: it is read once.
    known: dict[bytes, dict[str, Any]] = {}
    for entry in dissection.reader(node).each(SEQUENCE):
        reader = dissection.reader(entry)
        serial = integer(dissection, reader.take("userCertificate", INTEGER))
        found: dict[str, Any] = {"serial_number": serial_text(serial)}
        rest = dissection.data[reader.offset : reader.end]
        seen = known.get(rest)
        if seen is None:
            before = len(dissection.findings)
            seen = _rest_of_entry(dissection, reader)
            if len(dissection.findings) == before and len(known) < _MOST_KNOWN:
                known[rest] = seen
        yield found | seen


def _rest_of_entry(dissection: Dissection, reader: Reader) -> dict[str, Any]:
    date = time_choice(dissection, reader.take("revocationDate", *_TIMES))
    found = {"revocation_date": iso(date), "reason": "unspecified"}
    more = reader.optional("crlEntryExtensions", SEQUENCE)
    for extension in read_extensions(dissection, more):
        if extension["name"] == "reason":
            found["reason"] = extension["text"][0]
        else:
            found[extension["name"]] = extension["value"]
    reader.finish()
    return found
