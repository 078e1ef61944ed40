"""PKCS#7 and CMS (RFC 5652): in practice a bag of certificates."""

from __future__ import annotations

from tlsmith.core.describe.certificate import read_outer
from tlsmith.core.describe.described import Context, Described
from tlsmith.core.describe.dissect import (
    INTEGER,
    OID,
    SEQUENCE,
    SET,
    Dissection,
    Reader,
)
from tlsmith.core.describe.findings import NOTE, WARNING
from tlsmith.core.describe.found import Found
from tlsmith.core.describe.oids import CONTENT_TYPES, known
from tlsmith.core.describe.values import integer, oid

_SIGNED = "1.2.840.113549.1.7.2"


def describe_pkcs7(found: Found, context: Context) -> Described:
    """Return the facts of a PKCS#7 message; its certificates and lists are inside."""
    dissection = Dissection(found.content, ber=True)
    described = Described(found, {}, dissection.findings)
    outer = read_outer(dissection, "PKCS#7 message")
    if outer is None:
        return described
    reader = dissection.reader(outer)
    kind = oid(dissection, reader.take("contentType", OID))
    described.facts["content_type"] = known(kind, CONTENT_TYPES)
    wrapper = reader.optional("content", 0xA0)
    if kind != _SIGNED:
        message = f"it holds {known(kind, CONTENT_TYPES)}: no certificates in the clear"
        described.add(NOTE, "no-certificates", message)
    elif wrapper is not None:
        content = dissection.reader(wrapper).take("signedData", SEQUENCE)
        if content is not None:
            _read_signed(described, dissection, dissection.reader(content))
    return described


def _read_signed(described: Described, dissection: Dissection, fields: Reader) -> None:
    described.facts["version"] = integer(dissection, fields.take("version", INTEGER))
    fields.take("digestAlgorithms", SET)
    fields.take("encapContentInfo", SEQUENCE)
    for name, tag, kind in (
        ("certificates", 0xA0, "certificate"),
        ("crls", 0xA1, "certificate-revocation-list"),
    ):
        group = fields.optional(name, tag)
        for node in dissection.reader(group).each() if group is not None else ():
            if node.tag == SEQUENCE:
                described.inner.append(Found(kind, "der", node.whole))
    signers = fields.take("signerInfos", SET)
    count = 0
    if signers is not None:
        count = sum(1 for _ in dissection.reader(signers).each(SEQUENCE))
    fields.finish()
    described.facts["signers"] = count
    if count:
        message = "a signed message; its signature is not checked here"
        described.add(NOTE, "signed-message", message)
    if not described.inner:
        described.add(WARNING, "no-certificates", "there is no certificate in it")
