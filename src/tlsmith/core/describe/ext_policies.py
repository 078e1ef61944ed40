"""Certificate policies (RFC 5280 sections 4.2.1.4 and 4.2.1.5)."""

from __future__ import annotations

from typing import Any

from tlsmith.core.describe.dissect import (
    IA5_STRING,
    INTEGER,
    OID,
    SEQUENCE,
    Dissection,
    Node,
)
from tlsmith.core.describe.distinguished import check_text
from tlsmith.core.describe.ext_keys import Read
from tlsmith.core.describe.findings import WARNING
from tlsmith.core.describe.oids import POLICIES
from tlsmith.core.describe.values import integer, oid, text

_CPS = "1.3.6.1.5.5.7.2.1"
_NOTICE = "1.3.6.1.5.5.7.2.2"


def certificate_policies(dissection: Dissection, node: Node) -> Read:
    value, words = [], []
    for part in dissection.reader(node).each(SEQUENCE):
        reader = dissection.reader(part)
        identifier = oid(dissection, reader.take("policyIdentifier", OID))
        facts: dict[str, Any] = {"oid": identifier}
        line = _policy(identifier)
        qualifiers = reader.optional("policyQualifiers", SEQUENCE)
        lines = []
        if qualifiers is not None:
            facts["qualifiers"] = []
            for qualifier in dissection.reader(qualifiers).each(SEQUENCE):
                one, word = _qualifier(dissection, qualifier)
                facts["qualifiers"].append(one)
                lines.append(word)
        reader.finish()
        value.append(facts)
        words += [line, *(f"  {one}" for one in lines)]
    return value, words or ["(none)"]


def _policy(identifier: str) -> str:
    name = POLICIES.get(identifier)
    return f"{name} ({identifier})" if name else identifier


def _qualifier(dissection: Dissection, node: Node) -> tuple[dict[str, Any], str]:
    reader = dissection.reader(node)
    kind = oid(dissection, reader.take("policyQualifierId", OID))
    value = reader.take("qualifier")
    reader.finish()
    if value is None:
        return {"oid": kind}, kind
    if kind == _CPS:
        url = text(dissection, value)
        if value.tag != IA5_STRING:
            message = f"{value.where} is not the IA5String it should be"
            dissection.add(WARNING, "bad-qualifier", message, value)
        check_text(dissection, value, value.where, url)
        return {"cps": url}, f"statement: {url}"
    if kind == _NOTICE:
        notice = _notice(dissection, value)
        return {"notice": notice}, f"notice: {notice}"
    message = f"a policy qualifier {kind} that RFC 5280 section 4.2.1.4 does not have"
    dissection.add(WARNING, "unknown-qualifier", message, node)
    return {"oid": kind, "value": value.whole[:64].hex()}, f"{kind}"


def _notice(dissection: Dissection, node: Node) -> str:
    reader = dissection.reader(node)
    parts = []
    reference = reader.optional("noticeRef", SEQUENCE)
    if reference is not None:
        fields = dissection.reader(reference)
        parts.append(text(dissection, fields.take("organization")))
        numbers = fields.take("noticeNumbers", SEQUENCE)
        if numbers is not None:
            for number in dissection.reader(numbers).each(INTEGER):
                integer(dissection, number)
        fields.finish()
    if reader.more:
        parts.append(text(dissection, reader.read("explicitText")))
    reader.finish()
    return ": ".join(parts)


def policy_mappings(dissection: Dissection, node: Node) -> Read:
    value, words = [], []
    for part in dissection.reader(node).each(SEQUENCE):
        reader = dissection.reader(part)
        issuer = oid(dissection, reader.take("issuerDomainPolicy", OID))
        subject = oid(dissection, reader.take("subjectDomainPolicy", OID))
        reader.finish()
        value.append({"issuer": issuer, "subject": subject})
        words.append(f"{_policy(issuer)} counts as {_policy(subject)}")
    return value, words or ["(none)"]
