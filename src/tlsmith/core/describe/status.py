"""OCSP requests and responses (RFC 6960)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tlsmith.core.describe.certificate import (
    read_outer,
    read_signature,
    serial_text,
)
from tlsmith.core.describe.described import Context, Described
from tlsmith.core.describe.dissect import (
    ENUMERATED,
    GENERALIZED_TIME,
    INTEGER,
    OCTET_STRING,
    OID,
    SEQUENCE,
    Dissection,
    Node,
    Reader,
)
from tlsmith.core.describe.distinguished import read_distinguished_name
from tlsmith.core.describe.ext_points import reason_name
from tlsmith.core.describe.extensions import by_name, read_extensions
from tlsmith.core.describe.facts import Facts
from tlsmith.core.describe.findings import PROBLEM, WARNING
from tlsmith.core.describe.found import Found
from tlsmith.core.describe.oids import HASHES
from tlsmith.core.describe.plain import iso
from tlsmith.core.describe.signature import hash_name
from tlsmith.core.describe.validity import EXPIRED, FUTURE, read_validity
from tlsmith.core.describe.values import integer, moment, oid

_STATUSES = {
    0: "successful",
    1: "malformed_request",
    2: "internal_error",
    3: "try_later",
    5: "sig_required",
    6: "unauthorized",
}
_BASIC = "1.3.6.1.5.5.7.48.1.1"
_CERTIFICATE_STATUSES = {0: "good", 1: "revoked", 2: "unknown"}
_MOST = 10_000


def describe_ocsp_request(found: Found, context: Context) -> Described:
    """Return the facts of an OCSP request."""
    dissection = Dissection(found.content)
    described = Described(found, {}, dissection.findings)
    outer = read_outer(dissection, "OCSP request")
    if outer is None:
        return described
    reader = dissection.reader(outer)
    tbs = reader.take("tbsRequest", SEQUENCE)
    described.facts["signed"] = reader.optional("optionalSignature", 0xA0) is not None
    reader.finish()
    requests: list[Facts] = []
    extensions: list[Facts] = []
    if tbs is not None:
        fields = dissection.reader(tbs)
        for name, tag in (("version", 0xA0), ("requestorName", 0xA1)):
            fields.optional(name, tag)
        listing = fields.take("requestList", SEQUENCE)
        for node in dissection.reader(listing).each(SEQUENCE) if listing else ():
            identifier = dissection.reader(node).take("reqCert", SEQUENCE)
            requests.append(_certificate_id(dissection, identifier))
        extensions = _wrapped(dissection, fields, "requestExtensions", 0xA2)
        fields.finish()
    described.facts["requests"] = requests
    _take_extensions(described.facts, extensions)
    return described


def _take_extensions(facts: Facts, extensions: list[Facts]) -> None:
    for name, extension in by_name(extensions).items():
        if name.isidentifier() and name not in facts:
            facts[name] = extension["value"]
    facts["extensions"] = extensions


def _wrapped(
    dissection: Dissection, fields: Reader, name: str, tag: int
) -> list[Facts]:
    """Return the extensions behind an optional explicit tag."""
    wrapper = fields.optional(name, tag)
    if wrapper is None:
        return []
    inner = dissection.reader(wrapper).take("extensions", SEQUENCE)
    return read_extensions(dissection, inner)


def _certificate_id(dissection: Dissection, node: Node | None) -> Facts:
    if node is None:
        return {}
    reader = dissection.reader(node)
    algorithm = reader.take("hashAlgorithm", SEQUENCE)
    digest = "?"
    if algorithm is not None:
        identifier = oid(
            dissection, dissection.reader(algorithm).take("algorithm", OID)
        )
        digest = HASHES.get(identifier, identifier)
    name = reader.take("issuerNameHash", OCTET_STRING)
    key = reader.take("issuerKeyHash", OCTET_STRING)
    serial = integer(dissection, reader.take("serialNumber", INTEGER))
    reader.finish()
    return {
        "serial_number": serial_text(serial),
        "hash_algorithm": hash_name(digest),
        "issuer_name_hash": name.content.hex() if name is not None else None,
        "issuer_key_hash": key.content.hex() if key is not None else None,
    }


def describe_ocsp_response(found: Found, context: Context) -> Described:
    """Return the facts of an OCSP response."""
    dissection = Dissection(found.content)
    described = Described(found, {}, dissection.findings)
    outer = read_outer(dissection, "OCSP response")
    if outer is None:
        return described
    reader = dissection.reader(outer)
    code = integer(dissection, reader.take("responseStatus", ENUMERATED))
    wrapper = reader.optional("responseBytes", 0xA0)
    reader.finish()
    status = _STATUSES.get(-1 if code is None else code, f"status {code}")
    described.facts["response_status"] = status
    if code != 0:
        message = f"the responder gave no answer: {status.replace('_', ' ')}"
        described.add(PROBLEM, "ocsp-error", message)
    if wrapper is not None:
        _read_basic(described, dissection, wrapper, context)
    elif code == 0 and not outer.cut:
        message = "it says it is successful, and holds no answer"
        described.add(PROBLEM, "empty-response", message)
    return described


def _read_basic(
    described: Described, dissection: Dissection, wrapper: Node, context: Context
) -> None:
    inside = dissection.reader(wrapper).take("responseBytes", SEQUENCE)
    if inside is None:
        return
    reader = dissection.reader(inside)
    kind = oid(dissection, reader.take("responseType", OID))
    if kind != _BASIC:
        message = f"a response of type {kind}, which nobody but its responder reads"
        described.add(PROBLEM, "unknown-response-type", message)
        return
    octets = reader.take("response", OCTET_STRING)
    basic = dissection.reader(octets).take("basic", SEQUENCE) if octets else None
    if basic is None:
        return
    reader = dissection.reader(basic)
    data = reader.take("tbsResponseData", SEQUENCE)
    if data is not None:
        _read_data(described, dissection, dissection.reader(data), context)
    described.signature = read_signature(dissection, reader, data)
    if described.signature is not None:
        described.facts["signature_algorithm"] = described.signature.algorithm.name
    certificates = reader.optional("certs", 0xA0)
    reader.finish()
    if certificates is not None:
        listing = dissection.reader(certificates).take("certs", SEQUENCE)
        for node in dissection.reader(listing).each(SEQUENCE) if listing else ():
            described.inner.append(Found("certificate", "der", node.whole))


def _read_data(
    described: Described, dissection: Dissection, fields: Reader, context: Context
) -> None:
    facts = described.facts
    fields.where = "tbsResponseData"
    fields.optional("version", 0xA0)
    responder = fields.read("responderID")
    if responder is not None:
        inner = dissection.reader(responder).read("responderID")
        if responder.tag == 0xA1:
            name = read_distinguished_name(dissection, inner)
            facts["responder"] = name.text
            described.issuer = name.der
        elif inner is not None:
            facts["responder_key_hash"] = inner.content.hex()
    produced = moment(dissection, fields.take("producedAt", GENERALIZED_TIME))
    facts["produced_at"] = iso(produced)
    facts["responses"] = []
    listing = fields.take("responses", SEQUENCE)
    for node in dissection.reader(listing).each(SEQUENCE) if listing else ():
        if len(facts["responses"]) < _MOST:
            one = _single(described, dissection, node, context.now)
            facts["responses"].append(one)
    extensions = _wrapped(dissection, fields, "responseExtensions", 0xA1)
    fields.finish()
    _take_extensions(facts, extensions)


def _single(
    described: Described, dissection: Dissection, node: Node, now: datetime
) -> dict[str, Any]:
    reader = dissection.reader(node)
    facts = _certificate_id(dissection, reader.take("certID", SEQUENCE))
    status = reader.take("certStatus")
    number = status.tag & 0x1F if status is not None else None
    facts["status"] = _CERTIFICATE_STATUSES.get(-1 if number is None else number, "?")
    serial = facts.get("serial_number")
    if status is not None and number == 1:
        inside = dissection.reader(status)
        time = moment(dissection, inside.take("revocationTime", GENERALIZED_TIME))
        facts["revocation_time"] = iso(time)
        reason = inside.optional("revocationReason", 0xA0)
        if reason is not None:
            inner = dissection.reader(reason).take("reason", ENUMERATED)
            code = integer(dissection, inner)
            facts["revocation_reason"] = reason_name(code)
        message = f"the certificate {serial} was revoked at {facts['revocation_time']}"
        described.add(PROBLEM, "revoked", message)
    elif number == 2:
        message = f"the responder does not know the certificate {serial}"
        described.add(WARNING, "unknown-certificate", message)
    first = moment(dissection, reader.take("thisUpdate", GENERALIZED_TIME))
    following = reader.optional("nextUpdate", 0xA0)
    last = None
    if following is not None:
        inner = dissection.reader(following).take("nextUpdate", GENERALIZED_TIME)
        last = moment(dissection, inner)
    facts |= {"this_update": iso(first), "next_update": iso(last)}
    _judge_times(described, facts, read_validity(first, last, now))
    facts["extensions"] = _wrapped(dissection, reader, "singleExtensions", 0xA1)
    reader.finish()
    return facts


def _judge_times(described: Described, facts: Facts, validity: Facts) -> None:
    facts["remaining"] = validity["remaining"]
    if validity["status"] == EXPIRED:
        message = f"the answer on {facts.get('serial_number')} is out of date"
        described.add(PROBLEM, "expired", f"{message}: {validity['remaining']}")
    elif validity["status"] == FUTURE:
        message = f"the answer on {facts.get('serial_number')} is from the future"
        described.add(PROBLEM, "not-yet-valid", f"{message}: check the clock")
