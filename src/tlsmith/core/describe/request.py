"""Certificate signing requests (PKCS#10, RFC 2986)."""

from __future__ import annotations

from typing import Any

from tlsmith.core.describe.certificate import read_outer, read_signature
from tlsmith.core.describe.described import Context, Described
from tlsmith.core.describe.dissect import (
    INTEGER,
    OID,
    SEQUENCE,
    SET,
    Dissection,
    Node,
    Reader,
)
from tlsmith.core.describe.distinguished import read_distinguished_name
from tlsmith.core.describe.extensions import by_name, read_extensions
from tlsmith.core.describe.facts import Facts
from tlsmith.core.describe.findings import NOTE, PROBLEM, WARNING, Finding
from tlsmith.core.describe.found import Found
from tlsmith.core.describe.judge_names import judge_dns_name
from tlsmith.core.describe.keys import read_public_key
from tlsmith.core.describe.oids import CSR_ATTRIBUTES, known
from tlsmith.core.describe.signature import WRONG, check, hash_name
from tlsmith.core.describe.values import integer, oid, text

# Attributes that may hold a secret, or nothing a reader could use.
_SECRET = ("challenge_password",)


def describe_request(found: Found, context: Context) -> Described:
    """Return the facts of a certificate signing request."""
    dissection = Dissection(found.content)
    described = Described(found, {}, dissection.findings)
    outer = read_outer(dissection, "certificate signing request")
    if outer is None:
        return described
    reader = dissection.reader(outer)
    info = reader.take("certificationRequestInfo", SEQUENCE)
    if info is not None:
        _read_info(described, dissection, dissection.reader(info))
    signature = read_signature(dissection, reader, info)
    reader.finish()
    if signature is not None:
        described.facts["signature_algorithm"] = signature.algorithm.name
        described.facts["signature"] = check(signature, described.spki)
        if described.facts["signature"] == WRONG:
            message = "its signature was not made by its own key: no CA will sign it"
            described.add(PROBLEM, "wrong-signature", message)
        if signature.algorithm.digest in ("md2", "md5", "sha1"):
            message = (
                f"signed with {hash_name(signature.algorithm.digest)}: many refuse"
            )
            described.add(WARNING, "weak-signature", message)
    return described


def _read_info(described: Described, dissection: Dissection, fields: Reader) -> None:
    fields.where = "certificationRequestInfo"
    version = integer(dissection, fields.take("version", INTEGER))
    subject = read_distinguished_name(dissection, fields.take("subject", SEQUENCE))
    key = fields.take("subjectPKInfo", SEQUENCE)
    described.spki = key.whole if key is not None and not key.cut else b""
    described.facts |= {
        "version": None if version is None else version + 1,
        "subject": subject.text,
        "names": [],
        "public_key": read_public_key(dissection, key),
    }
    attributes = fields.optional("attributes", 0xA0)
    fields.finish()
    extensions: list[Facts] = []
    described.facts["attributes"] = []
    if attributes is not None:
        for node in dissection.reader(attributes).each(SEQUENCE):
            name, value = _attribute(dissection, node, extensions)
            if name != "extension_request":
                described.facts["attributes"].append({"name": name, "value": value})
            if name in _SECRET:
                message = "a challenge password is in the request, for anyone to read"
                described.add(WARNING, "challenge-password", message)
    if version not in (0, None):
        message = f"the version is {version + 1}; a request has 1"
        described.add(PROBLEM, "unknown-version", message)
    _take_extensions(described, extensions)


def _attribute(
    dissection: Dissection, node: Node, extensions: list[Facts]
) -> tuple[str, Any]:
    reader = dissection.reader(node)
    name = known(oid(dissection, reader.take("type", OID)), CSR_ATTRIBUTES)
    values = reader.take("values", SET)
    if name in _SECRET:
        return name, "not shown"
    if values is None:
        return name, None
    inside = dissection.reader(values)
    if name == "extension_request":
        extensions += read_extensions(dissection, inside.take("extensions", SEQUENCE))
        return name, None
    shown = [
        one.content[:64].hex() if one.tag & 0x20 else text(Dissection(b""), one)
        for one in inside.each()
    ]
    return name, ", ".join(shown)


def _take_extensions(described: Described, extensions: list[Facts]) -> None:
    facts = described.facts
    named = by_name(extensions)
    for name, extension in named.items():
        if name.isidentifier() and name not in facts:
            facts[name] = extension["value"]
    facts["extensions"] = extensions
    names = facts.get("subject_alt_name") or []
    if isinstance(names, list):
        facts["names"] = [name["value"] for name in names]
        for name in names:
            if name["type"] == "dns":
                described.findings += judge_dns_name(name["value"])
    if not facts["names"]:
        message = "asks for no subjectAltName: the CA has to know the names otherwise"
        described.findings.append(Finding(NOTE, "no-subject-alt-name", message))
