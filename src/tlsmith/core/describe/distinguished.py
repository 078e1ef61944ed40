"""Distinguished names (RFC 5280 section 4.1.2.4), in the form of RFC 4514."""

from __future__ import annotations

from typing import NamedTuple

from tlsmith.core.describe.dissect import OID, SEQUENCE, SET, Dissection, Node
from tlsmith.core.describe.findings import PROBLEM, WARNING
from tlsmith.core.describe.oids import ATTRIBUTES, known
from tlsmith.core.describe.plain import is_unsafe
from tlsmith.core.describe.values import oid, text

EMPTY = "(empty)"
_MOST = 200  # attributes; the longest real name has about fifteen


class DistinguishedName(NamedTuple):
    """A name, most specific attribute first as RFC 4514 has it."""

    text: str
    attributes: list[tuple[str, str]]
    der: bytes

    def first(self, kind: str) -> str | None:
        """Return the value of an attribute, such as "CN", None without one."""
        return next((value for name, value in self.attributes if name == kind), None)

    def all(self, kind: str) -> list[str]:
        return [value for name, value in self.attributes if name == kind]


def read_distinguished_name(
    dissection: Dissection, node: Node | None
) -> DistinguishedName:
    """Return the name in `node`, an empty one where there is none."""
    if node is None:
        return DistinguishedName("", [], b"")
    parts: list[list[tuple[str, str]]] = []
    reader = dissection.reader(node)
    while reader.more and len(parts) < _MOST:
        relative = reader.take(f"[{len(parts)}]", SET)
        if relative is not None:
            parts.append(
                read_relative_name(dissection, relative, node.where.split(".")[-1])
            )
    written = ",".join(
        "+".join(f"{kind}={escape(value)}" for kind, value in part)
        for part in reversed(parts)
    )
    attributes = [pair for part in reversed(parts) for pair in part]
    return DistinguishedName(written, attributes, node.whole)


def read_relative_name(
    dissection: Dissection, node: Node, owner: str
) -> list[tuple[str, str]]:
    """Return the attributes of a RelativeDistinguishedName.

    Args:
        owner: whose name it is part of, for findings.
    """
    pairs: list[tuple[str, str]] = []
    for pair in dissection.reader(node).each(SEQUENCE):
        reader = dissection.reader(pair)
        kind = known(oid(dissection, reader.take("type", OID)), ATTRIBUTES)
        value_node = reader.take("value")
        reader.finish()
        value = text(dissection, value_node)
        check_text(dissection, value_node, f"{owner} {kind}", value)
        if kind == "C" and not (len(value) == 2 and value.isalpha()):
            dissection.add(
                WARNING,
                "bad-country",
                f"the country in {pair.where} is {value!r}, not two letters",
                pair,
            )
        pairs.append((kind, value))
    return pairs


def check_text(
    dissection: Dissection, node: Node | None, what: str, value: str
) -> None:
    """Find fault with characters that are there to mislead, NUL first of all."""
    if "\0" in value:
        dissection.add(
            PROBLEM,
            "embedded-nul",
            f"a NUL stands in {what}: {value!r}; old programs stop reading there",
            node,
        )
    elif is_unsafe(value):
        dissection.add(
            WARNING,
            "control-characters",
            f"control or invisible characters stand in {what}",
            node,
        )


def escape(value: str) -> str:
    """Escape an attribute's value so that it cannot look like two (RFC 4514 2.4)."""
    escaped = "".join("\\" + one if one in ',+"\\<>;' else one for one in value)
    if escaped[:1] in ("#", " "):
        escaped = "\\" + escaped
    if len(value) > 1 and value.endswith(" "):
        escaped = escaped[:-1] + "\\ "
    return escaped
