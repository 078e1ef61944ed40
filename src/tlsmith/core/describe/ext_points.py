"""Extensions that say where to find more (RFC 5280 4.2.1.13, 4.2.2, 5.2.5)."""

from __future__ import annotations

from typing import Any

from tlsmith.core.describe.dissect import OID, SEQUENCE, Dissection, Node, Reader
from tlsmith.core.describe.distinguished import escape, read_relative_name
from tlsmith.core.describe.ext_keys import Read
from tlsmith.core.describe.general import (
    in_words,
    read_general_name,
    read_general_names,
)
from tlsmith.core.describe.oids import ACCESS_METHODS
from tlsmith.core.describe.plain import iso
from tlsmith.core.describe.values import boolean, moment, named_bits, oid, text

REASONS = (
    "unspecified",
    "key_compromise",
    "ca_compromise",
    "affiliation_changed",
    "superseded",
    "cessation_of_operation",
    "certificate_hold",
    "privilege_withdrawn",
    "aa_compromise",
)
# The codes of section 5.3.1: 7 is not used, 8 undoes a hold.
_CODES = (*REASONS[:7], None, "remove_from_crl", *REASONS[7:])


def reason_name(code: int | None) -> str:
    """Return the name of a reason code of a revocation (RFC 5280 section 5.3.1)."""
    known = _CODES[code] if code is not None and 0 <= code < len(_CODES) else None
    return known or f"code {code}"


def distribution_points(dissection: Dissection, node: Node) -> Read:
    value, words = [], []
    for point in dissection.reader(node).each(SEQUENCE):
        reader = dissection.reader(point)
        facts, lines = _point_name(dissection, reader)
        reasons = reader.optional("reasons", 0x81)
        if reasons is not None:
            facts["reasons"] = _reasons(dissection, reasons)
            lines.append(_only_for(facts["reasons"]))
        issuer = reader.optional("cRLIssuer", 0xA2)
        if issuer is not None:
            facts["crl_issuer"] = read_general_names(dissection, issuer)
            lines += [f"signed by {in_words(name)}" for name in facts["crl_issuer"]]
        reader.finish()
        value.append(facts)
        words += lines
    return value, words or ["(none)"]


def _point_name(
    dissection: Dissection, reader: Reader
) -> tuple[dict[str, Any], list[str]]:
    point = reader.optional("distributionPoint", 0xA0)
    if point is None:
        return {}, []
    inner = dissection.reader(point)
    full = inner.optional("fullName", 0xA0)
    if full is not None:
        inner.finish()
        names = read_general_names(dissection, full)
        return {"full_name": names}, [in_words(name) for name in names]
    relative = inner.take("nameRelativeToCRLIssuer", 0xA1)
    if relative is None:
        return {}, []
    pairs = read_relative_name(dissection, relative, "the distribution point")
    value = "+".join(f"{kind}={escape(one)}" for kind, one in pairs)
    return {"relative_name": value}, [f"below the issuer's name: {value}"]


def _reasons(dissection: Dissection, node: Node) -> list[str]:
    return [
        REASONS[bit]
        for bit in sorted(named_bits(dissection, node))
        if bit < len(REASONS)
    ]


def _only_for(reasons: list[str]) -> str:
    return "only for " + ", ".join(reasons).replace("_", " ")


def issuing_distribution_point(dissection: Dissection, node: Node) -> Read:
    reader = dissection.reader(node)
    value, words = _point_name(dissection, reader)
    for name, key, tag, meaning in (
        ("onlyContainsUserCerts", "only_contains_user_certs", 0x81, "end entities"),
        ("onlyContainsCACerts", "only_contains_ca_certs", 0x82, "CAs"),
        ("onlySomeReasons", "only_some_reasons", 0x83, ""),
        ("indirectCRL", "indirect_crl", 0x84, ""),
        ("onlyContainsAttributeCerts", "only_attribute_certs", 0x85, "attributes"),
    ):
        part = reader.optional(name, tag)
        if part is None:
            continue
        if tag == 0x83:
            value[key] = _reasons(dissection, part)
            words.append(_only_for(value[key]))
        elif boolean(dissection, part):
            value[key] = True
            words.append(f"only for {meaning}" if meaning else "of several issuers")
    reader.finish()
    return value, words or ["(empty)"]


def information_access(dissection: Dissection, node: Node) -> Read:
    value, words = [], []
    for part in dissection.reader(node).each(SEQUENCE):
        reader = dissection.reader(part)
        method = oid(dissection, reader.take("accessMethod", OID))
        location = reader.take("accessLocation")
        key, text_ = ACCESS_METHODS.get(method, (method, method))
        if location is not None:
            name = read_general_name(dissection, location)
            value.append({"method": key, "location": name})
            reader.finish()
            words.append(f"{text_}: {in_words(name).removeprefix('URI ')}")
    return value, words or ["(none)"]


def crl_reference(dissection: Dissection, node: Node) -> Read:
    """Read the CRL References of an OCSP response (RFC 6960 section 4.4.2)."""
    reader = dissection.reader(node)
    value: dict[str, Any] = {}
    url = reader.optional("crlUrl", 0xA0)
    if url is not None:
        value["url"] = text(dissection, dissection.reader(url).read("url"))
    number = reader.optional("crlNum", 0xA1)
    if number is not None:
        inner = dissection.reader(number).read("number")
        value["number"] = inner.content.hex() if inner is not None else ""
    time = reader.optional("crlTime", 0xA2)
    if time is not None:
        value["time"] = iso(moment(dissection, dissection.reader(time).read("time")))
    return value, [f"{key}: {one}" for key, one in value.items()] or ["(empty)"]
