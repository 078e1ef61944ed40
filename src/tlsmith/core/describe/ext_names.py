"""Extensions that hold names (RFC 5280 sections 4.2.1.6, 4.2.1.7, 4.2.1.10)."""

from __future__ import annotations

from typing import Any

from tlsmith.core.describe.dissect import SEQUENCE, SET, Dissection, Node
from tlsmith.core.describe.ext_keys import Read
from tlsmith.core.describe.findings import PROBLEM
from tlsmith.core.describe.general import (
    in_words,
    read_general_name,
    read_general_names,
)
from tlsmith.core.describe.oids import ATTRIBUTES, known
from tlsmith.core.describe.values import oid, text


def alternative_names(dissection: Dissection, node: Node) -> Read:
    names = read_general_names(dissection, node)
    if not names:
        message = f"{node.where} holds no name"
        dissection.add(PROBLEM, "empty-names", message, node)
    return names, [in_words(name) for name in names] or ["(none)"]


def name_constraints(dissection: Dissection, node: Node) -> Read:
    reader = dissection.reader(node)
    value: dict[str, list[Any]] = {"permitted": [], "excluded": []}
    for key, tag in (("permitted", 0xA0), ("excluded", 0xA1)):
        subtrees = reader.optional(f"{key}Subtrees", tag)
        if subtrees is not None:
            value[key] = _subtrees(dissection, subtrees)
    reader.finish()
    words = [f"only {in_words(name)}" for name in value["permitted"]]
    words += [f"never {in_words(name)}" for name in value["excluded"]]
    return value, words or ["(none)"]


def _subtrees(dissection: Dissection, node: Node) -> list[Any]:
    found = []
    for subtree in dissection.reader(node).each(SEQUENCE):
        reader = dissection.reader(subtree)
        base = reader.take("base")
        for name, tag in (("minimum", 0x80), ("maximum", 0x81)):
            reader.optional(name, tag)
        reader.finish()
        if base is not None:
            found.append(read_general_name(dissection, base, subtree=True))
    return found


def directory_attributes(dissection: Dissection, node: Node) -> Read:
    value, words = [], []
    for part in dissection.reader(node).each(SEQUENCE):
        reader = dissection.reader(part)
        kind = known(oid(dissection, reader.take("type")), ATTRIBUTES)
        values = reader.take("values", SET)
        shown = []
        if values is not None:
            for one in dissection.reader(values).each():
                plain = not one.tag & 0x20
                # Dates and numbers are shown as hexadecimal: nobody issues these.
                shown.append(
                    text(Dissection(b""), one) if plain else one.content[:64].hex()
                )
        value.append({"type": kind, "values": shown})
        words.append(f"{kind}: {', '.join(shown)}")
    return value, words or ["(none)"]


def general_name_list(dissection: Dissection, node: Node) -> Read:
    """Read certificateIssuer, an entry extension of CRLs (RFC 5280 section 5.3.3)."""
    inner = node if node.tag == SEQUENCE else None
    names = read_general_names(dissection, inner) if inner is not None else []
    return names, [in_words(name) for name in names] or ["(none)"]
