"""DER by hand, and certificates with one thing wrong that are otherwise whole."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from strategies import NOW, key_of_kind
from tlsmith.core import der
from tlsmith.core.describe.describe import describe
from tlsmith.core.describe.dissect import Dissection, Node
from tlsmith.core.describe.findings import Finding
from tlsmith.core.describe.report import Report

ECDSA_SHA256 = "1.2.840.10045.4.3.2"
DAY = timedelta(days=1)


def oid(dotted: str) -> bytes:
    return der.object_identifier(dotted)


def text(value: str, tag: int = der.UTF8_STRING) -> bytes:
    return der.encode(tag, value.encode())


def true() -> bytes:
    return der.TRUE


def explicit(number: int, *parts: bytes) -> bytes:
    return der.context(number, *parts, constructed=True)


def algorithm(dotted: str, *parameters: bytes) -> bytes:
    return der.sequence(oid(dotted), *parameters)


def name(*attributes: tuple[str, str | bytes]) -> bytes:
    """Return a Name; a value in bytes stands as it is, with its tag."""
    return der.sequence(
        *(
            der.encode(
                der.SET,
                der.sequence(
                    oid(kind), value if isinstance(value, bytes) else text(value)
                ),
            )
            for kind, value in attributes
        )
    )


CN = "2.5.4.3"
LEAF_NAME = name((CN, "leaf"))
CA_NAME = name((CN, "ca"))


def extension(dotted: str, content: bytes, *, critical: bool = False) -> bytes:
    flag = [true()] if critical else []
    return der.sequence(oid(dotted), *flag, der.octet_string(content))


def dns_names(*names: str) -> bytes:
    return der.sequence(*(der.context(2, one.encode()) for one in names))


SAN, BASIC, USAGE, PURPOSES = "2.5.29.17", "2.5.29.19", "2.5.29.15", "2.5.29.37"
SKI, AKI, CONSTRAINTS = "2.5.29.14", "2.5.29.35", "2.5.29.30"
SERVER, CLIENT = "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"

LEAF_EXTENSIONS = {
    SAN: extension(SAN, dns_names("app.test")),
    USAGE: extension(USAGE, der.bit_string(b"\x80", 7), critical=True),
    PURPOSES: extension(PURPOSES, der.sequence(oid(SERVER))),
    SKI: extension(SKI, der.octet_string(b"leaf")),
    AKI: extension(AKI, der.sequence(der.context(0, b"ca"))),
}
CA_EXTENSIONS = {
    BASIC: extension(BASIC, der.sequence(true()), critical=True),
    USAGE: extension(USAGE, der.bit_string(b"\x06", 1), critical=True),
    SKI: extension(SKI, der.octet_string(b"ca")),
}


@cache
def ca_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def spki(key: Any) -> bytes:
    encoded: bytes = key.public_key().public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )
    return encoded


def validity(first: datetime = NOW - DAY, last: datetime = NOW + 90 * DAY) -> bytes:
    return der.sequence(der.time(first), der.time(last))


def sign(tbs: bytes, key: Any = None, outer: bytes | None = None) -> bytes:
    """Return `tbs` with its signature, as certificates and lists have it."""
    made = (key or ca_key()).sign(tbs, ec.ECDSA(hashes.SHA256()))
    return der.sequence(tbs, outer or algorithm(ECDSA_SHA256), der.bit_string(made))


def tbs(**fields: Any) -> bytes:
    """Return a TBSCertificate of a leaf that `ca` signed, but for `fields`."""
    key = fields.get("key") or key_of_kind("p256")
    extensions = fields.get("extensions", LEAF_EXTENSIONS)
    if isinstance(extensions, dict):
        extensions = explicit(3, der.sequence(*extensions.values()))
    return der.sequence(
        fields.get("version", explicit(0, der.integer(2))),
        fields.get("serial", der.integer(1 << 100)),
        fields.get("signature", algorithm(ECDSA_SHA256)),
        fields.get("issuer", CA_NAME),
        fields.get("validity", validity()),
        fields.get("subject", LEAF_NAME),
        fields.get("spki") or spki(key),
        extensions,
    )


def leaf(**fields: Any) -> bytes:
    """Return a certificate that `ca` signed, with nothing wrong but `fields`."""
    return sign(tbs(**fields), fields.get("signer"), fields.get("outer"))


def with_extension(dotted: str, content: bytes | None, **more: Any) -> bytes:
    """Return a leaf with this extension instead of its own; None for without."""
    extensions = {**LEAF_EXTENSIONS}
    extensions.pop(dotted, None)
    if content is not None:
        extensions[dotted] = extension(dotted, content, **more)
    return leaf(extensions=extensions)


def ca(**fields: Any) -> bytes:
    """Return the root CA that signs what `leaf` makes, but for `fields`."""
    given = {
        "extensions": CA_EXTENSIONS,
        "subject": CA_NAME,
        "key": ca_key(),
        "validity": validity(NOW - DAY, NOW + 3650 * DAY),
    }
    return leaf(**{**given, **fields})


def ca_with(dotted: str, content: bytes | None, **more: Any) -> bytes:
    extensions = {**CA_EXTENSIONS}
    extensions.pop(dotted, None)
    if content is not None:
        extensions[dotted] = extension(dotted, content, **more)
    return ca(extensions=extensions)


def look(data: bytes, **more: Any) -> Report:
    return describe(data, now=NOW, **more)


def codes(findings: Sequence[Finding] | Report, level: str | None = None) -> list[str]:
    """Return the codes of findings, or of those of one level."""
    listed = findings.findings if isinstance(findings, Report) else findings
    return [one.code for one in listed if level in (None, one.level)]


def message(report: Report, code: str) -> str:
    """Return the message of the first finding of this code."""
    return next(one.message for one in report.findings if one.code == code)


def facts(data: bytes, **more: Any) -> dict[str, Any]:
    """Return the facts of the first object."""
    found: dict[str, Any] = look(data, **more).facts()["objects"][0]
    return found


def node(data: bytes, **more: Any) -> tuple[Dissection, Node]:
    """Return a dissection of `data`, and its first element."""
    dissection = Dissection(data, **more)
    outer = dissection.outer("it")
    assert outer is not None
    return dissection, outer
