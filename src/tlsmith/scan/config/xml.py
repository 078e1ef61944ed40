"""XML and property lists: elements, attributes, and `<key>` before its value."""

from __future__ import annotations

import re
from html import unescape

from tlsmith.scan.config.node import Document, Node

_TOKEN = re.compile(
    r"(?P<skip><!--[\s\S]*?(?:-->|\Z)|<!\[CDATA\[|\]\]>|<[?!][^>]*>)"
    r"|</(?P<shut>[\w:.-]+)\s*>"
    r"|<(?P<tag>[\w:.-]+)(?P<attributes>(?:[^<>\"']|\"[^\"]*\"|'[^']*')*)>"
)
_ATTRIBUTE = re.compile(r"(?P<key>[\w:.-]+)\s*=\s*(?P<value>\"[^\"]*\"|'[^']*')")
_NAMES = frozenset({"name", "key", "id"})
_VALUES = frozenset({"value", "val"})


def read_xml(text: str, start: int, end: int, name: str) -> Document:
    """The elements of a stretch of XML as settings.

    An attribute is a setting in its element. `<property name="a" value="b"/>`,
    `<name>a</name><value>b</value>` and a property list's `<key>a</key><true/>` give
    a setting `a` beside.
    """
    root = Node("", start, start, None)
    reader = _Reader(text, root)
    for found in _TOKEN.finditer(text, start, end):
        if found["tag"]:
            reader.open(found)
        elif found["shut"]:
            reader.shut(found)
    return Document(name, "xml", root)


class _Reader:
    def __init__(self, text: str, root: Node) -> None:
        self.text = text
        self.opened: list[tuple[str, Node, int]] = [("", root, 0)]
        self.key: Node | None = None

    @property
    def block(self) -> Node:
        return self.opened[-1][1]

    def open(self, found: re.Match[str]) -> None:
        """An element begins."""
        tag = found["tag"].rpartition(":")[2]
        closed = found["attributes"].endswith("/")
        pending, self.key = self.key, None
        if pending is not None and tag in ("true", "false"):
            pending.assign(tag, *found.span())
        if pending is not None and tag in ("dict", "array"):
            node = pending
        else:
            place = found.start("tag")
            node = self.block.add(tag, place, found.end("tag"))
            node.end = found.end()
        self._take_attributes(node, found)
        if not closed and len(self.opened) < 500:
            self.opened.append((tag, node, found.end()))
        if pending is not None and tag in ("string", "integer"):
            self.key = pending

    def _take_attributes(self, node: Node, found: re.Match[str]) -> None:
        named: Node | None = None
        value: tuple[str, int, int] | None = None
        base = found.start("attributes")
        for attribute in _ATTRIBUTE.finditer(found["attributes"]):
            key = attribute["key"].rpartition(":")[2]
            begin = base + attribute.start()
            child = node.add(key, begin, begin + len(attribute["key"]))
            place = (base + attribute.start("value"), base + attribute.end("value"))
            text = unescape(attribute["value"][1:-1])
            child.assign(text, *place)
            if key in _NAMES and re.fullmatch(r"[\w.:-]+", text):
                named = node.add(text, place[0] + 1, place[1] - 1)
            if key in _VALUES:
                value = (text, *place)
        if named is not None and value is not None:
            named.assign(*value)

    def shut(self, found: re.Match[str]) -> None:
        """An element ends: what stands in it is its value, if no elements do."""
        tag = found["shut"].rpartition(":")[2]
        depth = next(
            (
                i
                for i in range(1, min(5, len(self.opened)))
                if self.opened[-i][0] == tag
            ),
            0,
        )
        if not depth:
            return
        _, node, begin = self.opened[-depth]
        del self.opened[-depth:]
        text = self.text[begin : found.start()]
        if "<" not in text and node.value_start < 0:
            left = len(text) - len(text.lstrip())
            inner = text.strip()
            place = (begin + left, begin + left + len(inner))
            node.assign(unescape(inner), *place)
            for child in node.children:
                if child.value_start < 0:  # `<parameter name="a">b</parameter>`
                    child.assign(node.value, *place)
            self._take_named(tag, node)
        node.end = max(node.end, found.end())

    def _take_named(self, tag: str, node: Node) -> None:
        """`<key>a</key>` and `<name>a</name>` name what comes next."""
        block = self.block
        if tag in ("key", "name") and re.fullmatch(r"[\w.:-]+", node.value):
            self.key = block.add(node.value, node.value_start, node.end)
        elif tag in ("value", "string", "integer") and self.key is not None:
            self.key.assign(node.value, node.value_start, node.end)
            self.key = None
        elif tag == "value" and len(block.children) > 1:
            self._give_to_named(block, node)

    def _give_to_named(self, block: Node, node: Node) -> None:
        for child in reversed(block.children):
            if child.value_start < 0:
                child.assign(node.value, node.value_start, node.end)
                return
