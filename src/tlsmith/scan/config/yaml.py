"""YAML by its lines and indents, tolerant of the templates of Helm, Jinja and ERB.

A YAML parser refuses a chart's templates, and keeps no places. What is needed here
is which key stands under which, so a file that is no YAML before it is rendered is
read like any other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from tlsmith.scan.config.flow import read_flow, unquoted
from tlsmith.scan.config.node import ITEM, Document, Node

_KEY = re.compile(
    r"""(?:\?[ ]+)?(?P<key>(?:"(?:[^"\\\n]|\\.)*"|'(?:[^'\n]|'')*')[ \t]*"""
    r"""|(?:\{\{[^}\n]*\}\}|[^\s"'\#\[\]{},])(?:\{\{[^}\n]*\}\}|[^\n:{]|:(?!\s|$)|\{(?!\{))*?)"""
    r""":(?=\s|$)"""
)
_DASH = re.compile(r"-(?:[ \t]+|(?=\n|$))")
_PROPERTY = re.compile(r"(?:&(?P<label>[\w.-]+)|!(?P<tag>[^\s]*))(?:[ \t]+|$)")
_ALIAS = re.compile(r"\*(?P<name>[\w.-]+)[ \t]*(?:\#.*)?$")
_BLOCK_SCALAR = re.compile(r"[|>][-+0-9]{0,3}[ \t]*(?:\#.*)?$")
_TEMPLATE_LINE = re.compile(r"(?:\{\{.*\}\}|\{%.*%\}|<%.*%>|%-?\s.*)\s*$")
_COMMENT = re.compile(r"(?:^|[ \t])\#")
_QUOTED = re.compile(r'"(?:[^"\\]|\\[\s\S])*"|' + r"'(?:[^']|'')*'")
_LONG = 4000
_TERMINATOR = re.compile(r"(?:---|\.\.\.)(?:\s|$)")


@dataclass
class _Open:
    """A node that lines further in belong to."""

    node: Node
    indent: int
    is_item: bool = False


def read_yaml(text: str, start: int, end: int, name: str) -> list[Document]:
    """The documents of a stretch of YAML."""
    reader = _Reader(text, end, name)
    position = start
    while position < end:
        position = reader.take_line(position)
    for document in reader.documents:
        _index(document)
    return reader.documents


def _index(document: Document) -> None:
    """Know which nodes are labelled, and where they are used."""
    for node in document.root.below:
        if node.label:
            document.labels.setdefault(node.label, node)
        for name in node.aliases:
            document.uses.setdefault(name, []).append(node)


@dataclass
class _Reader:
    text: str
    limit: int
    name: str
    documents: list[Document] = field(default_factory=list)
    opened: list[_Open] = field(default_factory=list)
    scalar: _Open | None = None

    def __post_init__(self) -> None:
        self._begin(0)

    def _begin(self, offset: int) -> None:
        root = Node("", offset, offset, None)
        self.documents.append(Document(self.name, "yaml", root))
        self.opened = [_Open(root, -1)]
        self.scalar = None

    def take_line(self, start: int) -> int:
        """Read a line, and what belongs to its value; where the next one starts."""
        stop = self.text.find("\n", start, self.limit)
        stop = self.limit if stop < 0 else stop
        first = start + _leading(self.text, start, stop)
        content = self.text[first:stop]
        if not content or content[0] == "#" or content[0] == "\r":
            return stop + 1
        if first == start and _TERMINATOR.match(content):
            self._begin(start)
            return stop + 1
        if _TEMPLATE_LINE.match(content) and not _KEY.match(content):
            return stop + 1
        return self._take_content(first, stop, first - start)

    def _take_content(self, first: int, stop: int, indent: int) -> int:
        while dash := _DASH.match(self.text, first, stop):
            self._close(indent, is_item=True)
            item = self.opened[-1].node.add(ITEM, first, first)
            self.opened.append(_Open(item, indent, is_item=True))
            self.scalar = self.opened[-1]
            indent += dash.end() - first
            first = dash.end()
        if first >= stop:
            return stop + 1
        key = _KEY.match(self.text, first, stop)
        if key and not _is_cut(key["key"]):
            self._close(indent)
            written = key["key"].rstrip()
            begin = key.start("key")
            node = self.opened[-1].node.add(
                unquoted(written), begin, begin + len(written)
            )
            self.opened.append(_Open(node, indent))
            self.scalar = self.opened[-1]
            return self._take_value(node, key.end(), stop, indent)
        return self._take_rest(first, stop, indent)

    def _take_rest(self, first: int, stop: int, indent: int) -> int:
        """A line without a key: a list's entry, or the last value going on."""
        if not self.scalar:
            return stop + 1
        node = self.scalar.node
        if node.children or (self.scalar.indent >= indent and not self.scalar.is_item):
            return stop + 1
        if node.value_start < 0:
            return self._take_value(node, first, stop, self.scalar.indent)
        end = _plain_end(self.text, first, stop)
        if len(node.value) < _LONG:
            node.value = f"{node.value} {self.text[first:end]}"
        node.end = end
        return stop + 1

    def _close(self, indent: int, is_item: bool = False) -> None:
        """Leave the blocks that a line at this indent does not belong to."""
        while len(self.opened) > 1:
            last = self.opened[-1]
            if last.indent < indent:
                return
            if is_item and last.indent == indent and not last.is_item:
                return
            self.opened.pop()

    def _take_value(self, node: Node, start: int, stop: int, indent: int) -> int:
        start = self._take_properties(node, start, stop)
        rest = self.text[start:stop].rstrip()
        if not rest or rest[0] == "#":
            return stop + 1
        if alias := _ALIAS.match(rest):
            target = node.parent if node.key == "<<" and node.parent else node
            target.aliases.append(alias["name"])
            node.end = start + alias.end("name")
            return stop + 1
        if _BLOCK_SCALAR.match(rest):
            return self._take_block(node, stop, indent)
        if rest[0] in "{[" and not rest.startswith("{{"):
            end = read_flow(self.text, start, self.limit, node)
            node.end = max(node.end, end)
            if node.key == "<<" and node.parent:
                node.parent.aliases.extend(
                    name for item in node.children for name in item.aliases
                )
            return _after_line(self.text, end, self.limit)
        return self._take_scalar(node, start, stop)

    def _take_properties(self, node: Node, start: int, stop: int) -> int:
        start += _leading(self.text, start, stop)
        while found := _PROPERTY.match(self.text, start, stop):
            node.label = found["label"] or node.label
            start = found.end()
        return start

    def _take_scalar(self, node: Node, start: int, stop: int) -> int:
        quoted = _QUOTED.match(self.text, start, self.limit)
        if quoted:
            node.assign(unquoted(quoted.group()), *quoted.span())
            return _after_line(self.text, quoted.end(), self.limit)
        end = _plain_end(self.text, start, stop)
        node.assign(self.text[start:end], start, end)
        return stop + 1

    def _take_block(self, node: Node, stop: int, indent: int) -> int:
        """The lines of a `|` or `>`, as far as they are further in."""
        begin = position = min(stop + 1, self.limit)
        while position < self.limit:
            end = self.text.find("\n", position, self.limit)
            end = self.limit if end < 0 else end
            leading = _leading(self.text, position, end)
            if position + leading < end and leading <= indent:
                break
            position = end + 1
        position = min(position, self.limit)
        lines = self.text[begin:position].removesuffix("\n")
        node.assign(lines, begin, begin + len(lines))
        self.scalar = None
        return position


def _is_cut(key: str) -> bool:
    """Whether a colon stands in the quotes of a command, which no key has:
    `- curl --header "Token: …"`.
    """
    return " -" in key and key.count('"') % 2 == 1


def _leading(text: str, start: int, stop: int) -> int:
    position = start
    while position < stop and text[position] in " \t":
        position += 1
    return position - start


def _plain_end(text: str, start: int, stop: int) -> int:
    """Where a scalar without quotes ends: at a comment, or with its line."""
    comment = _COMMENT.search(text, start, stop)
    if comment:
        stop = comment.start()
    return start + len(text[start:stop].rstrip())


def _after_line(text: str, offset: int, limit: int) -> int:
    end = text.find("\n", offset, limit)
    return limit if end < 0 else end + 1
