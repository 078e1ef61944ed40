"""What a DER structure is, told from the types of its first few elements."""

from __future__ import annotations

from tlsmith.core.describe.dissect import (
    BIT_STRING,
    ENUMERATED,
    GENERALIZED_TIME,
    INTEGER,
    OCTET_STRING,
    OID,
    SEQUENCE,
    UTC_TIME,
    Dissection,
    Node,
)

# DER contents of the arcs that tell an encrypted key from a digest, and what is CMS.
_PASSWORD_BASED = (
    b"\x2a\x86\x48\x86\xf7\x0d\x01\x05",
    b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c",
)
_CMS = (
    b"\x2a\x86\x48\x86\xf7\x0d\x01\x07",
    b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01",
)

_WIDEST = 12  # elements that are looked at; no structure here needs more

Shape = tuple[str, str]
UNKNOWN: Shape = ("unknown", "der")


def shape(data: bytes, offset: int = 0) -> Shape:
    """Return the kind and form of the DER structure at `offset`, else `UNKNOWN`.

    Works on what is there of a structure that is cut short.
    """
    dissection = Dissection(data)
    outer = dissection.outer("data", offset)
    if outer is None or outer.tag != SEQUENCE:
        return UNKNOWN
    parts = _parts(dissection, outer)
    first = parts[0].tag if parts else None
    if first == SEQUENCE:
        return _starting_with_sequence(dissection, parts)
    if first == INTEGER:
        return _starting_with_integer(dissection, parts)
    if first == OID and parts[0].content.startswith(_CMS):
        return ("pkcs7", "der")
    return ("ocsp-response", "der") if first == ENUMERATED else UNKNOWN


def _parts(dissection: Dissection, node: Node) -> list[Node]:
    reader = dissection.reader(node)
    parts: list[Node] = []
    while len(parts) < _WIDEST and (part := reader.read("part")) is not None:
        parts.append(part)
    return parts


def _starting_with_sequence(dissection: Dissection, parts: list[Node]) -> Shape:
    inner = _parts(dissection, parts[0])
    tags = [node.tag for node in inner]
    if tags[:1] == [OID]:
        second = parts[1].tag if len(parts) > 1 else None
        password_based = inner[0].content.startswith(_PASSWORD_BASED)
        if password_based and second in (OCTET_STRING, None):
            return ("private-key", "encrypted-pkcs8")
        if second == BIT_STRING or (second is None and parts[0].cut):
            return ("public-key", "spki")
        return UNKNOWN
    if _is_ocsp_request(dissection, inner):
        return ("ocsp-request", "der")
    return _signed(dissection, inner)


def _signed(dissection: Dissection, inner: list[Node]) -> Shape:
    """Return which of certificate, request and revocation list has these fields."""
    tags = [node.tag for node in inner]
    time = (UTC_TIME, GENERALIZED_TIME)
    third, fourth = [*tags, None, None, None, None][2:4]
    kind = "unknown"
    if tags[:2] == [0xA0, INTEGER]:
        kind = "certificate"
    elif tags[:2] == [SEQUENCE, SEQUENCE] and third in time:
        kind = "certificate-revocation-list"
    elif tags[:2] == [INTEGER, SEQUENCE] and third in (SEQUENCE, None):
        if fourth in time:
            kind = "certificate-revocation-list"
        elif not _starts_with_oid(dissection, inner[1]):
            # A name: in the other two, an algorithm stands there.
            kind = "certificate-signing-request" if fourth in (0xA0, None) else kind
        elif fourth in (SEQUENCE, None):
            kind = "certificate"
    return (kind, "der")


def _starts_with_oid(dissection: Dissection, node: Node) -> bool:
    return [part.tag for part in _parts(dissection, node)][:1] == [OID]


def _is_ocsp_request(dissection: Dissection, inner: list[Node]) -> bool:
    """Find the CertID of RFC 6960 section 4.1.1: four levels down, an algorithm."""
    lists = [node for node in inner if node.tag == SEQUENCE]
    if len(lists) != 1 or any(
        node.tag not in (SEQUENCE, 0xA0, 0xA1, 0xA2) for node in inner
    ):
        return False
    node = lists[0]
    for _ in range(3):
        parts = _parts(dissection, node)
        if not parts or parts[0].tag != SEQUENCE:
            return False
        node = parts[0]
    return _starts_with_oid(dissection, node)


def _starting_with_integer(dissection: Dissection, parts: list[Node]) -> Shape:
    tags = [node.tag for node in parts]
    second = tags[1] if len(tags) > 1 else None
    if second == OCTET_STRING:
        return ("private-key", "sec1")
    if second == SEQUENCE:
        inner = _parts(dissection, parts[1])
        if inner and inner[0].tag == OID:
            if inner[0].content.startswith(_CMS):
                return ("pkcs12", "der")
            return ("private-key", "pkcs8")
        return UNKNOWN
    if second == INTEGER and set(tags[:9]) == {INTEGER}:
        return _integers(parts, cut=parts[-1].cut)
    return UNKNOWN


def _integers(parts: list[Node], *, cut: bool) -> Shape:
    """Tell apart the structures that are nothing but numbers."""
    if parts[0].content == b"\0" and len(parts) > 2:
        dsa = len(parts) == 6 and not cut
        return ("private-key", "dsa" if dsa else "pkcs1")
    if len(parts) == 2 and len(parts[0].content) > 32 and _is_exponent(parts[1]):
        return ("public-key", "pkcs1")
    if len(parts) in (2, 3) and len(parts[0].content) > 32:
        return ("parameters", "der")
    return UNKNOWN


def _is_exponent(node: Node) -> bool:
    """Tell an RSA exponent from a Diffie-Hellman generator, which is 2 or 5."""
    return node.content[-1:] >= b"\x01" and node.content not in (b"\x02", b"\x05")
