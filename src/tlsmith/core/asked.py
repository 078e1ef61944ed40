"""The extensions a request asks for (RFC 2985 section 5.4.2)."""

from __future__ import annotations

from typing import NamedTuple

from tlsmith.core import der, oid
from tlsmith.core.asked_names import read_names
from tlsmith.core.names import GeneralName
from tlsmith.errors import InputError

# extensionRequest, and what Microsoft's tools called it before there was one.
_EXTENSION_REQUESTS = ("1.2.840.113549.1.9.14", "1.3.6.1.4.1.311.2.1.14")
_FALSE = b"\x01\x01\x00"
_STATUS_REQUEST = der.integer(5)
# What the key is called is for the issuer to say, and not worth refusing.
_PASSED_OVER = (oid.SUBJECT_KEY_IDENTIFIER, oid.AUTHORITY_KEY_IDENTIFIER)


class AskedExtensions(NamedTuple):
    """What a request asks for beside names.

    Args:
        key_usage: bits of keyUsage; 0 for none asked.
        extended_key_usage: OIDs, dotted.
        must_staple: the TLS feature status_request (RFC 7633).
        others: OIDs of extensions that no other field holds.
    """

    is_ca: bool = False
    key_usage: int = 0
    extended_key_usage: tuple[str, ...] = ()
    must_staple: bool = False
    others: tuple[str, ...] = ()


NOTHING_ASKED = AskedExtensions()


def read_asked(
    attributes: bytes, most_names: int, reasons: list[str]
) -> tuple[tuple[GeneralName, ...] | None, AskedExtensions]:
    """Return the names asked for, None for no subjectAltName, and the rest.

    Args:
        attributes: contents of the request's attributes.
        reasons: where what is wrong with them goes.
    """
    try:
        found = _extensions(attributes)
    except InputError as error:
        reasons.append(f"extensions: {error.message}")
        return (), NOTHING_ASKED
    names = None
    values: dict[str, object] = {}
    for identifier, value in found.items():
        try:
            if identifier == oid.SUBJECT_ALT_NAME:
                names = read_names(value, most_names, reasons)
            else:
                values |= _value(identifier, value)
        except InputError as error:
            names = () if identifier == oid.SUBJECT_ALT_NAME else names
            reasons.append(f"extensions: {identifier} cannot be read: {error.message}")
    others = tuple(each for each in found if each not in _READ)
    if not values and not others:
        return names, NOTHING_ASKED
    return names, AskedExtensions(**values, others=others)  # type: ignore[arg-type]


def _extensions(attributes: bytes) -> dict[str, bytes]:
    """Return each extension's OID, dotted, to its contents."""
    found: dict[str, bytes] = {}
    asked = False
    for attribute in der.children(attributes):
        parts = list(der.children(attribute.content))
        tags = [attribute.tag, *(part.tag for part in parts)]
        if tags != [der.SEQUENCE, der.OID, der.SET]:
            raise InputError("an attribute that is none")
        if der.read_identifier(parts[0]) not in _EXTENSION_REQUESTS:
            continue
        if asked:
            raise InputError("asked for twice")
        asked = True
        listed = der.only(parts[1].content, der.SEQUENCE).content
        for element in der.children(listed):
            identifier, value = _extension(element)
            if identifier in found:  # RFC 5280 section 4.2
                raise InputError(f"{identifier} is there twice")
            found[identifier] = value
    return found


def _extension(element: der.Element) -> tuple[str, bytes]:
    parts = list(der.children(element.content))
    # Some write the default out, which DER does not.
    flagged = len(parts) == 3 and parts[1].whole in (der.TRUE, _FALSE)
    flag = [der.BOOLEAN] if flagged else []
    tags = [element.tag, *(part.tag for part in parts)]
    if tags != [der.SEQUENCE, der.OID, *flag, der.OCTET_STRING]:
        raise InputError("an extension that is none")
    return der.read_identifier(parts[0]), parts[-1].content


def _value(identifier: str, value: bytes) -> dict[str, object]:
    """Return the field of `AskedExtensions` that an extension is, with its value."""
    if identifier == oid.BASIC_CONSTRAINTS:
        parts = list(der.children(der.only(value, der.SEQUENCE).content))
        # A CA by any encoding of TRUE: what we would read, others may as well.
        is_ca = bool(parts) and parts[0].tag == der.BOOLEAN and any(parts[0].content)
        return {"is_ca": is_ca}
    if identifier == oid.KEY_USAGE:
        # What follows the first eight bits only narrows keyAgreement, as the last does.
        return {"key_usage": (der.only(value, der.BIT_STRING).content[1:] or b"\0")[0]}
    if identifier == oid.EXTENDED_KEY_USAGE:
        usages = der.children(der.only(value, der.SEQUENCE).content)
        return {"extended_key_usage": tuple(map(der.read_identifier, usages))}
    if identifier == oid.TLS_FEATURE:
        features = list(der.children(der.only(value, der.SEQUENCE).content))
        if [feature.whole for feature in features] != [_STATUS_REQUEST]:
            raise InputError("a TLS feature other than status_request")
        return {"must_staple": True}
    return {}


_READ = (
    oid.SUBJECT_ALT_NAME,
    oid.BASIC_CONSTRAINTS,
    oid.KEY_USAGE,
    oid.EXTENDED_KEY_USAGE,
    oid.TLS_FEATURE,
    *_PASSED_OVER,
)
