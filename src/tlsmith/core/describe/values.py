"""The values of DER's basic types, read tolerantly: faults become findings."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from tlsmith.core.describe import dissect
from tlsmith.core.describe.dissect import Dissection, Node, tag_name
from tlsmith.core.describe.findings import NOTE, PROBLEM, WARNING

_LONGEST_OID = 128

_CODECS = {
    dissect.UTF8_STRING: "utf-8",
    dissect.BMP_STRING: "utf-16-be",
    dissect.UNIVERSAL_STRING: "utf-32-be",
    # TeletexString is T.61, a maze no program walks: everybody writes Latin-1.
    dissect.TELETEX_STRING: "latin-1",
}
_STRINGS = (
    *_CODECS,
    dissect.PRINTABLE_STRING,
    dissect.IA5_STRING,
    dissect.VISIBLE_STRING,
    dissect.NUMERIC_STRING,
)
_PRINTABLE = re.compile(rb"[A-Za-z0-9 '()+,./:=?-]*")
# An arc that starts with a zero, or that the contents end in the middle of.
_BAD_OID = re.compile(rb"(?:\A|[\x00-\x7f])\x80|[\x80-\xff]\Z", re.DOTALL)
_TIME = (
    r"(?P<month>\d\d)(?P<day>\d\d)(?P<hour>\d\d)(?P<minute>\d\d)"
    r"(?P<second>\d\d)?(?P<fraction>[.,]\d{1,9})?(?P<zone>Z|[+-]\d{4})?"
)
_UTC_TIME = re.compile(r"(?P<year>\d\d)" + _TIME, re.ASCII)
_GENERALIZED_TIME = re.compile(r"(?P<year>\d{4})" + _TIME, re.ASCII)


def integer(dissection: Dissection, node: Node | None) -> int | None:
    """Return an INTEGER or ENUMERATED, which may be negative."""
    if node is None:
        return None
    octets = node.content
    if not octets:
        dissection.add(PROBLEM, "empty-integer", _at(node, "is empty"), node)
        return None
    if len(octets) > 1 and (
        (octets[0] == 0 and octets[1] < 0x80)
        or (octets[0] == 0xFF and octets[1] >= 0x80)
    ):
        dissection.add(
            PROBLEM,
            "non-minimal-integer",
            _at(node, "has a leading octet too many: BER, not DER"),
            node,
        )
    return int.from_bytes(octets, "big", signed=True)


def count(dissection: Dissection, node: Node | None) -> int | None:
    """Return an INTEGER that counts something, and so is small and not negative."""
    value = integer(dissection, node)
    if value is not None and not 0 <= value < 1 << 31:
        dissection.add(PROBLEM, "bad-number", _at(node, "counts nothing real"), node)
    return value


def boolean(dissection: Dissection, node: Node) -> bool:
    octets = node.content
    if octets not in (b"\0", b"\xff"):
        dissection.add(
            PROBLEM,
            "bad-boolean",
            _at(node, f"is {octets[:4].hex() or 'empty'}, where DER has 00 or ff"),
            node,
        )
    return any(octets)


def oid(dissection: Dissection, node: Node | None) -> str:
    """Return an OBJECT IDENTIFIER in dotted form, "?" where there is none."""
    if node is None:
        return "?"
    octets = node.content
    if not octets or len(octets) > _LONGEST_OID or _BAD_OID.search(octets):
        dissection.add(
            PROBLEM, "bad-oid", _at(node, "is no well-formed object identifier"), node
        )
    return dotted(octets[:_LONGEST_OID])


@lru_cache(maxsize=512)
def dotted(octets: bytes) -> str:
    """Return the dotted form of an OID's contents (X.690 section 8.19), else "?"."""
    arcs: list[int] = []
    value = 0
    for octet in octets:
        value = value << 7 | octet & 0x7F
        if octet < 0x80:
            arcs.append(value)
            value = 0
    if not arcs:
        return "?"
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))


def bits(dissection: Dissection, node: Node | None) -> bytes:
    """Return the octets of a BIT STRING, without the octet that counts unused bits."""
    if node is None:
        return b""
    unused, octets = node.content[:1], node.content[1:]
    spare = unused[0] if unused else 8
    if spare > 7 or (spare and not octets):
        dissection.add(
            PROBLEM, "bad-bit-string", _at(node, "has no right count of bits"), node
        )
    elif octets and octets[-1] & ((1 << spare) - 1):
        dissection.add(
            PROBLEM,
            "bad-bit-string",
            _at(node, "has ones among its unused bits: BER, not DER"),
            node,
        )
    return octets


def named_bits(dissection: Dissection, node: Node) -> set[int]:
    """Return the numbers of the bits that are set; bit 0 is the first."""
    octets = bits(dissection, node)
    spare = node.content[0] & 7 if node.content else 0
    if octets and not octets[-1] >> spare & 1:
        # X.690 section 11.2.2: no trailing zero bits where the bits have names.
        dissection.add(
            NOTE, "bit-string-zeros", _at(node, "has trailing zero bits"), node
        )
    return {
        8 * index + bit
        for index, octet in enumerate(octets[:8])
        for bit in range(8)
        if octet & 0x80 >> bit
    }


def octets(dissection: Dissection, node: Node | None) -> bytes:
    """Return an OCTET STRING, its segments joined where BER has cut it in pieces."""
    if node is None:
        return b""
    if not node.tag & 0x20:
        return node.content
    return b"".join(part.content for part in dissection.reader(node).each())


def text(dissection: Dissection, node: Node | None, tag: int | None = None) -> str:
    """Return a string of any ASN.1 type; what does not decode is marked with U+FFFD.

    Args:
        tag: the type, where the node's own tag is implicit.
    """
    if node is None:
        return ""
    kind = node.tag if tag is None else tag
    content = node.content
    if kind not in _STRINGS:
        dissection.add(
            PROBLEM,
            "not-a-string",
            _at(node, f"is of type {tag_name(kind)}, where a string belongs"),
            node,
        )
        return "#" + node.whole[:64].hex()
    if kind == dissect.PRINTABLE_STRING and not _PRINTABLE.fullmatch(content):
        dissection.add(
            PROBLEM,
            "not-printable-string",
            _at(node, "has characters that PrintableString does not allow"),
            node,
        )
        return _decode_loosely(content)
    if kind == dissect.TELETEX_STRING and not content.isascii():
        dissection.add(
            WARNING,
            "teletex-string",
            _at(node, "is a TeletexString beyond ASCII, which programs read apart"),
            node,
        )
    try:
        return content.decode(_CODECS.get(kind, "ascii"))
    except UnicodeDecodeError:
        dissection.add(
            PROBLEM,
            "bad-string",
            _at(node, f"holds octets that are no {tag_name(kind)}"),
            node,
        )
        return _decode_loosely(content)


def _decode_loosely(content: bytes) -> str:
    return content.decode("utf-8", "replace")


def moment(dissection: Dissection, node: Node | None) -> datetime | None:
    """Return a UTCTime or GeneralizedTime in UTC (RFC 5280 section 4.1.2.5).

    Forms that DER does not allow (no seconds, fractions, other zones) are read too.
    """
    if node is None:
        return None
    written = node.content.decode("ascii", "replace")
    pattern = _UTC_TIME if node.tag == dissect.UTC_TIME else _GENERALIZED_TIME
    match = pattern.fullmatch(written)
    read = _read_moment(match) if match else None
    if match is None or read is None:
        dissection.add(
            PROBLEM, "bad-time", _at(node, f"is no time: {written[:40]!r}"), node
        )
        return None
    if not match["second"] or match["zone"] != "Z" or match["fraction"]:
        dissection.add(
            PROBLEM,
            "time-not-der",
            _at(node, f"is {written!r}: DER has seconds, Z and no fraction"),
            node,
        )
    return read


def time_choice(dissection: Dissection, node: Node | None) -> datetime | None:
    """Return a Time, for which RFC 5280 section 4.1.2.5 says which type to use."""
    read = moment(dissection, node)
    if (
        read is not None
        and node is not None
        and node.tag == dissect.GENERALIZED_TIME
        and 1950 <= read.year < 2050
    ):
        dissection.add(
            NOTE,
            "generalized-time",
            _at(node, "is a GeneralizedTime; before 2050, UTCTime is to be used"),
            node,
        )
    return read


def _read_moment(match: re.Match[str]) -> datetime | None:
    year = int(match["year"])
    if len(match["year"]) == 2:
        year += 1900 if year >= 50 else 2000
    try:
        read = datetime(
            year,
            int(match["month"]),
            int(match["day"]),
            int(match["hour"]),
            int(match["minute"]),
            int(match["second"] or 0),
            tzinfo=UTC,
        )
        zone = match["zone"] or "Z"
        if zone != "Z":
            shift = timedelta(hours=int(zone[1:3]), minutes=int(zone[3:]))
            read = read - shift if zone[0] == "+" else read + shift
    except (ValueError, OverflowError):
        return None
    return read


def _at(node: Node | None, what: str) -> str:
    return f"{node.where} at offset {node.start} {what}" if node else what
