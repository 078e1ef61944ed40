"""GeneralName (RFC 5280 section 4.2.1.6): DNS names, addresses and the rest."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from tlsmith.core.describe.dissect import IA5_STRING, OID, SEQUENCE, Dissection, Node
from tlsmith.core.describe.distinguished import check_text, read_distinguished_name
from tlsmith.core.describe.facts import Facts
from tlsmith.core.describe.findings import PROBLEM, WARNING
from tlsmith.core.describe.oids import OTHER_NAMES, known
from tlsmith.core.describe.values import oid, text
from tlsmith.core.names import GeneralName

# [0], [3], [4] and [5] are constructed, the others are not.
_TAGS = (0xA0, 0x81, 0x82, 0xA3, 0xA4, 0xA5, 0x86, 0x87, 0x88)
_STRINGS = {1: "email", 2: "dns", 6: "uri"}
_WORDS = {
    "email": "e-mail",
    "dns": "DNS",
    "uri": "URI",
    "ip": "IP",
    "directory": "name",
    "registered_id": "registered ID",
    "other": "other",
    "x400": "X.400 address",
    "edi": "EDI party name",
}


def read_general_names(dissection: Dissection, node: Node) -> list[Facts]:
    """Return the names in `node`, each {"type", "value", perhaps "unicode"}."""
    return list(_each(dissection, node))


def _each(dissection: Dissection, node: Node) -> Iterator[Facts]:
    for part in dissection.reader(node).each():
        yield read_general_name(dissection, part)


def read_general_name(
    dissection: Dissection, node: Node, *, subtree: bool = False
) -> Facts:
    """Return one GeneralName.

    Args:
        subtree: it is the base of a name constraint: an address has its mask.
    """
    number = node.tag & 0x1F
    if node.tag not in _TAGS:
        dissection.add(
            PROBLEM,
            "unknown-name-type",
            f"{node.where} at offset {node.start} is no kind of name",
            node,
        )
        return {"type": "unknown", "value": node.content[:64].hex()}
    if number in _STRINGS:
        return _string(dissection, node, _STRINGS[number])
    if number == 0:
        return _other(dissection, node)
    if number == 7:
        kind, value = "ip", _address(dissection, node, subtree=subtree)
    elif number == 4:
        inner = dissection.reader(node).take("directoryName", SEQUENCE)
        kind, value = "directory", read_distinguished_name(dissection, inner).text
    elif number == 8:
        kind, value = "registered_id", oid(dissection, node)
    else:
        kind, value = "x400" if number == 3 else "edi", node.content.hex()
    return {"type": kind, "value": value}


def _string(dissection: Dissection, node: Node, kind: str) -> Facts:
    value = text(dissection, node, IA5_STRING)
    check_text(dissection, node, node.where, value)
    facts: Facts = {"type": kind, "value": value}
    if "xn--" in value.lower():
        shown = GeneralName(kind, value.lower()).unicode
        if shown != value.lower():
            facts["unicode"] = shown
        else:
            dissection.add(
                PROBLEM,
                "bad-a-label",
                f"{node.where} holds an xn-- label that does not decode: {value!r}",
                node,
            )
    return facts


def _address(dissection: Dissection, node: Node, *, subtree: bool) -> str:
    octets = node.content
    sizes = (8, 32) if subtree else (4, 16)
    if len(octets) not in sizes:
        dissection.add(
            PROBLEM,
            "bad-ip-address",
            f"{node.where} at offset {node.start} is an address of {len(octets)} bytes",
            node,
        )
        return octets[:64].hex()
    if not subtree:
        return str(ipaddress.ip_address(octets))
    half = len(octets) // 2
    base, mask = octets[:half], int.from_bytes(octets[half:], "big")
    ones = (8 * half) - (mask ^ ((1 << 8 * half) - 1)).bit_length()
    length = str(ones)
    if mask != ((1 << ones) - 1) << (8 * half - ones):
        length = str(ipaddress.ip_address(octets[half:]))
        message = f"{node.where} has a network mask with holes: {length}"
        dissection.add(PROBLEM, "bad-ip-address", message, node)
    elif int.from_bytes(base, "big") & ~mask:
        message = f"{node.where} has an address with bits outside its mask"
        dissection.add(WARNING, "bad-ip-address", message, node)
    return f"{ipaddress.ip_address(base)}/{length}"


def _other(dissection: Dissection, node: Node) -> Facts:
    reader = dissection.reader(node)
    kind = oid(dissection, reader.take("type-id", OID))
    value = reader.take("value", 0xA0)
    inner = dissection.reader(value).read("string") if value else None
    shown = (
        text(Dissection(b""), inner)
        if inner is not None and not inner.tag & 0x20
        else (value.content[:64].hex() if value else "")
    )
    return {"type": "other", "oid": kind, "value": shown}


def in_words(name: Facts) -> str:
    """Return a name with its kind, in both forms where it has two."""
    kind, value = name["type"], name["value"]
    word = _WORDS.get(kind, kind)
    if kind == "other":
        return f"{known(name['oid'], OTHER_NAMES)} {value}"
    if "unicode" in name:
        return f"{word} {name['unicode']} ({value})"
    return f"{word} {value or '(empty)'}"
