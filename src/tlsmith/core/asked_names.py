"""The names a request asks for, in whatever form its maker gave them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tlsmith.core import der
from tlsmith.core.names import GeneralName, decode_name, parse_name, quoted
from tlsmith.errors import InputError

# Kinds of GeneralName that no profile can allow (RFC 5280 4.2.1.6).
_REFUSED = {
    0xA0: "otherName",
    0xA3: "x400Address",
    0xA4: "directoryName",
    0xA5: "ediPartyName",
    0x88: "registeredID",
}
_DNS_TAG = 0x82
# What `parse_name` returns as it is, and most names are: nothing that could be an
# A-label or an address, and no hyphens that stand for an encoding.
_PLAIN = re.compile(
    rb"(?:\*\.)?(?:(?!..--)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+"
    rb"(?!..--)[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?"
)
_LONGEST_DNS = 253


def read_names(
    value: bytes, most_names: int, reasons: list[str]
) -> tuple[GeneralName, ...]:
    """Return the names of a DER subjectAltName, each in its one form and once.

    Args:
        most_names: where there are more, none is read.
        reasons: where what is wrong with them goes.

    Raises:
        InputError: it is no subjectAltName.
    """
    parts = list(der.children(der.only(value, der.SEQUENCE).content))
    if len(parts) > most_names:
        reasons.append(f"names: {len(parts)} of them, and {most_names} is the most")
        return ()
    if not parts:
        reasons.append("names: an empty subjectAltName")
    found: dict[GeneralName, None] = {}
    for part in parts:
        try:
            found[_name(part)] = None
        except InputError as error:
            reasons.append(f"names: {error.message}")
    return tuple(found)


def name_of(text: str) -> GeneralName | None:
    """Return the name that a common name is, None where it is none of ours."""
    try:
        return parse_name(text)
    except InputError:
        return None


def looks_like_host(text: str) -> bool:
    """Tell whether some client may take a common name for a host or a mailbox.

    A single label such as an account is no host; "localhost" is.
    """
    name = name_of(text)
    if name is None:
        # No name by our rules; those of others are laxer.
        return not set(text) & set(" ,") and bool(set(text) & set(".*@:"))
    return name.kind != "dns" or "." in name.value or name.value == "localhost"


def names_of_common_names(
    texts: Sequence[str], reasons: list[str]
) -> tuple[GeneralName, ...]:
    """Return the hosts and mailboxes that common names are: old tools put them there.

    One that is an account, or a title, is none.
    """
    found: dict[GeneralName, None] = {}
    for text in filter(looks_like_host, texts):
        try:
            found[parse_name(text)] = None
        except InputError as error:
            reasons.append(f"common name: {error.message}")
    return tuple(found)


def _name(part: der.Element) -> GeneralName:
    content = part.content
    plain = part.tag == _DNS_TAG and len(content) <= _LONGEST_DNS
    if plain and _PLAIN.fullmatch(content):
        return GeneralName("dns", content.decode("ascii"))
    if part.tag in _REFUSED:
        raise InputError(f"{_REFUSED[part.tag]} is not a name we sign")
    raw = decode_name(part.tag, content)
    if raw is None:
        raise InputError(f"a name of the unknown tag {part.tag:#04x}")
    return in_one_form(raw)


def in_one_form(raw: GeneralName) -> GeneralName:
    """Return a name as it was encoded by whoever, in its one form.

    Raises:
        InputError: it is no name of its kind.
    """
    name = parse_name(raw.value)
    if name.kind != raw.kind:
        raise InputError(f"{quoted(raw.value)} is put in as {raw.kind} and is none")
    return name
