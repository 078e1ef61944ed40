"""DER (X.690): the little that issuing needs, written and read without a library.

Building a TBSCertificate with the library's builder costs three times the signature
itself (see bench/), and importing it costs more than everything else `tlsmith make`
does. Tests hold what is written here to what the library's own parser and builder say.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from tlsmith.errors import InputError

INTEGER, BIT_STRING, OCTET_STRING, NULL, OID = 0x02, 0x03, 0x04, 0x05, 0x06
ENUMERATED = 0x0A
UTF8_STRING, IA5_STRING, UTC_TIME, GENERALIZED_TIME = 0x0C, 0x16, 0x17, 0x18
BOOLEAN, SEQUENCE, SET = 0x01, 0x30, 0x31

TRUE = b"\x01\x01\xff"

# The longest arc in use is a UUID, 39 digits (X.667).
_ARC = r"\.(?:0|[1-9]\d{0,38})"
_DOTTED = re.compile(rf"(?:[01]\.[123]?\d|2{_ARC})(?:{_ARC}){{0,30}}", re.ASCII)
_LONGEST_IDENTIFIER = 128


class Element(NamedTuple):
    """One element: its tag, its contents, and all of it, tag and length included."""

    tag: int
    content: bytes
    whole: bytes


def encode(tag: int, *parts: bytes) -> bytes:
    """Return one element with `parts`, joined, as its contents."""
    content = b"".join(parts)
    size = len(content)
    if size < 0x80:  # most are, and a call less is felt where thousands are issued
        return bytes((tag, size)) + content
    return header(tag, size) + content


def header(tag: int, size: int) -> bytes:
    """Return the tag and length of an element whose contents are `size` bytes."""
    if size < 0x80:
        return bytes((tag, size))
    if size < 0x100:
        return bytes((tag, 0x81, size))
    if size < 0x10000:
        return bytes((tag, 0x82, size >> 8, size & 0xFF))
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length


def sequence(*parts: bytes) -> bytes:
    return encode(SEQUENCE, *parts)


def integer(value: int) -> bytes:
    """Return an INTEGER of 0 or more: nothing we write holds a negative one."""
    return encode(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def octet_string(content: bytes) -> bytes:
    return encode(OCTET_STRING, content)


def bit_string(content: bytes, unused: int = 0) -> bytes:
    """Return a BIT STRING whose last byte has `unused` bits that do not count."""
    return encode(BIT_STRING, bytes((unused,)), content)


def context(number: int, *parts: bytes, constructed: bool = False) -> bytes:
    """Return an element with the context-specific tag [number]."""
    return encode((0xA0 if constructed else 0x80) | number, *parts)


@lru_cache(maxsize=256)
def object_identifier(dotted: str) -> bytes:
    """Return an OBJECT IDENTIFIER from its dotted form.

    Raises:
        InputError: it is none.
    """
    if not _DOTTED.fullmatch(dotted):
        raise InputError(f"not an object identifier: {dotted!r}")
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    content = bytearray()
    for arc in (first * 40 + second, *rest):
        septets = [arc & 0x7F]
        while arc := arc >> 7:
            septets.append(0x80 | (arc & 0x7F))
        content += bytes(reversed(septets))
    return encode(OID, bytes(content))


@lru_cache(maxsize=256)
def time(moment: datetime) -> bytes:
    """Return a Time: UTCTime through 2049, then GeneralizedTime (RFC 5280 4.1.2.5)."""
    digits = _digits(moment)
    if b"1950" <= digits[:4] < b"2050":
        return encode(UTC_TIME, digits[2:])
    return encode(GENERALIZED_TIME, digits)


@lru_cache(maxsize=256)
def generalized_time(moment: datetime) -> bytes:
    """Return a GeneralizedTime whatever the year, as OCSP has it (RFC 6960)."""
    return encode(GENERALIZED_TIME, _digits(moment))


def _digits(moment: datetime) -> bytes:
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC)
    # strftime takes three times as long, which a CRL of a million entries feels.
    date = (moment.year, moment.month, moment.day)
    clock = (moment.hour, moment.minute, moment.second)
    return b"%04d%02d%02d%02d%02d%02dZ" % (*date, *clock)


def read(data: bytes, offset: int = 0) -> tuple[Element, int]:
    """Return the element at `offset`, and the offset behind it.

    Raises:
        InputError: the encoding is cut short, or is not DER.
    """
    tag, start, end = locate(data, offset, len(data))
    return Element(tag, data[start:end], data[offset:end]), end


def locate(data: bytes, offset: int, limit: int) -> tuple[int, int, int]:
    """Return the tag of the element at `offset`, and where its contents begin and end.

    Nothing is copied: a CRL may have a million entries.

    Args:
        limit: where what holds the element ends.

    Raises:
        InputError: the encoding is cut short, or is not DER.
    """
    try:
        tag, size = data[offset], data[offset + 1]
        start = offset + 2
        if size >= 0x80:
            count = size & 0x7F
            length = data[start : start + count]
            start += count
            size = int.from_bytes(length, "big")
            if len(length) != count or not length or length[0] == 0 or size < 0x80:
                raise InputError(f"not DER: the length at byte {offset + 1}")
    except IndexError:
        raise InputError(f"cut short at byte {len(data)}") from None
    end = start + size
    if tag & 0x1F == 0x1F or end > limit:
        raise InputError(f"not DER, or cut short: the element at byte {offset}")
    return tag, start, end


def children(content: bytes) -> Iterator[Element]:
    """Yield the elements that make up `content`, the contents of a constructed one."""
    offset, limit = 0, len(content)
    while offset < limit:
        # Most are short and whole: those are not worth two calls each.
        start = offset + 2
        if start <= limit and content[offset + 1] < 0x80:
            tag, end = content[offset], start + content[offset + 1]
        else:
            tag, start, end = locate(content, offset, limit)
        if tag & 0x1F == 0x1F or end > limit:
            tag, start, end = locate(content, offset, limit)
        yield Element(tag, content[start:end], content[offset:end])
        offset = end


def only(data: bytes, tag: int) -> Element:
    """Return the one element that `data` is.

    Raises:
        InputError: it has another tag, or something follows it.
    """
    element, end = read(data)
    if element.tag != tag:
        raise InputError(f"tag {element.tag:#04x} where {tag:#04x} should be")
    if end != len(data):
        raise InputError(f"{len(data) - end} bytes follow it")
    return element


def read_integer(element: Element) -> int:
    """Return what an INTEGER says, which may be negative.

    Raises:
        InputError: it is none, or has more bytes than it needs.
    """
    content = element.content
    padded = content[:1] in (b"\x00", b"\xff") and len(content) > 1
    if padded and (content[0] ^ content[1]) < 0x80:
        raise InputError("not DER: an INTEGER with bytes it does not need")
    if element.tag != INTEGER or not content:
        raise InputError("not an INTEGER")
    return int.from_bytes(content, "big", signed=True)


def read_identifier(element: Element) -> str:
    """Return the dotted form of an OBJECT IDENTIFIER.

    Raises:
        InputError: it is none.
    """
    content = element.content
    size = len(content)
    if element.tag != OID or not 0 < size <= _LONGEST_IDENTIFIER or content[-1] > 0x7F:
        raise InputError("not an OBJECT IDENTIFIER")
    arcs, arc, fresh = [], 0, True
    for septet in content:
        if fresh and septet == 0x80:
            raise InputError("not DER: an OBJECT IDENTIFIER with a padded arc")
        arc, fresh = arc << 7 | septet & 0x7F, septet < 0x80
        if fresh:
            arcs.append(arc)
            arc = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))


def read_time(element: Element) -> datetime:
    """Return what a Time says, in UTC (RFC 5280 4.1.2.5).

    Raises:
        InputError: it is no Time, or not in the one form that certificates have.
    """
    if element.tag not in (UTC_TIME, GENERALIZED_TIME):
        raise InputError(f"tag {element.tag:#04x} where a time should be")
    digits = element.content.decode("ascii", "replace")
    if element.tag == UTC_TIME:
        digits = ("19" if digits >= "50" else "20") + digits
    try:
        if len(digits) != 15 or digits[14] != "Z" or not digits[:14].isdecimal():
            raise ValueError(digits)
        month, day, hour, minute, second = (
            int(digits[at : at + 2]) for at in range(4, 14, 2)
        )
        return datetime(int(digits[:4]), month, day, hour, minute, second, tzinfo=UTC)
    except ValueError as error:
        raise InputError(f"not a time of a certificate: {digits!r}") from error
