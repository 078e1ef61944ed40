"""The attributes of a distinguished name, as somebody else wrote them."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from tlsmith.core import der
from tlsmith.core.oid import COMMON_NAME
from tlsmith.errors import InputError

EMAIL_ADDRESS = "1.2.840.113549.1.9.1"
# Attribute types to the name they go by and the most characters there may be (RFC 5280
# appendix A.1).
KNOWN_ATTRIBUTES = {
    COMMON_NAME: ("CN", 64),
    "2.5.4.6": ("C", 2),
    "2.5.4.8": ("ST", 128),
    "2.5.4.7": ("L", 128),
    "2.5.4.10": ("O", 64),
    "2.5.4.11": ("OU", 64),
    "2.5.4.9": ("street", 128),
    "2.5.4.12": ("title", 64),
    "2.5.4.4": ("SN", 64),
    "2.5.4.42": ("GN", 64),
    "2.5.4.5": ("serialNumber", 64),
    EMAIL_ADDRESS: ("emailAddress", 255),
    "0.9.2342.19200300.100.1.25": ("DC", 63),
    "0.9.2342.19200300.100.1.1": ("UID", 256),
}
# The strings of RFC 5280 that are in use, to their codecs: UTF8String, PrintableString,
# IA5String, and the two of old, T61String and BMPString.
_CODECS = {
    der.UTF8_STRING: "utf-8",
    0x13: "ascii",
    der.IA5_STRING: "ascii",
    0x14: "latin-1",
    0x1E: "utf-16-be",
}
_MOST_ATTRIBUTES = 32


class Attribute(NamedTuple):
    """One attribute of a distinguished name (RFC 5280 4.1.2.4).

    Args:
        oid: its type, dotted.
        text: its value.
        rdn: the DER RelativeDistinguishedName that it alone makes up.
    """

    oid: str
    text: str
    rdn: bytes

    def __str__(self) -> str:
        name = KNOWN_ATTRIBUTES.get(self.oid, (self.oid, 0))[0]
        return f"{name}={self.text[:80]!r}"


@lru_cache(maxsize=256)
def parse_attributes(name: bytes) -> tuple[Attribute, ...]:
    """Return the attributes of a DER Name, in order.

    Raises:
        InputError: it is no Name; or an attribute is of a type we do not know, of a
            string type that is none, too long, or has control characters in it.
    """
    found: list[Attribute] = []
    for rdn in der.children(der.only(name, der.SEQUENCE).content):
        if rdn.tag != der.SET or not rdn.content:
            raise InputError("a subject with a part that is none")
        found += map(_attribute, der.children(rdn.content))
        if len(found) > _MOST_ATTRIBUTES:
            raise InputError(f"a subject of more than {_MOST_ATTRIBUTES} attributes")
    return tuple(found)


def _attribute(element: der.Element) -> Attribute:
    parts = list(der.children(element.content))
    tags = [element.tag, *(part.tag for part in parts)]
    if len(parts) != 2 or tags[:2] != [der.SEQUENCE, der.OID]:
        raise InputError("a subject with an attribute that is none")
    oid = der.read_identifier(parts[0])
    if oid not in KNOWN_ATTRIBUTES:
        raise InputError(f"a subject with an attribute of the unknown type {oid}")
    name, longest = KNOWN_ATTRIBUTES[oid]
    text = _text(name, parts[1])
    if not 1 <= len(text) <= longest:
        raise InputError(f"{name} of {len(text)} characters: 1 to {longest} there are")
    if not text.isprintable():
        raise InputError(f"{name} with a character that does not print: {text!r}")
    return Attribute(oid, text, der.encode(der.SET, element.whole))


def _text(name: str, value: der.Element) -> str:
    codec = _CODECS.get(value.tag)
    try:
        if codec is None:
            raise ValueError(f"a string of tag {value.tag:#04x}")
        return value.content.decode(codec)
    except ValueError as error:
        raise InputError(f"{name} that is no text") from error
