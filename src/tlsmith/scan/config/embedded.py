"""Files written inside others: a ConfigMap's, a heredoc's, JSON in a string."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from tlsmith.scan.config.form import form_of, sniffed
from tlsmith.scan.config.node import ITEM, Document, Node
from tlsmith.scan.config.readers import read

_FILE_KEY = re.compile(
    r"(?:[\w.-]+\.(?:ya?ml|json|toml|conf|cfg|ini|properties|xml|cnf|hcl|tf|repo|river"
    r"|alloy|cf|rc)|Caddyfile|\.?(?:npmrc|yarnrc|curlrc|gitconfig|wgetrc|condarc|gemrc)"
    r"|kubeconfig|apt\.conf\.d/[\w.-]+|registries\.conf\.d/[\w.-]+)$"
)
_FILE_NAMES = frozenset({"path", "dest", "filename", "name", "target", "file"})
_FILES = frozenset({"file", "concat::fragment"})
"""Puppet's, whose title is the name of the file."""
_COMMANDS = frozenset(
    {"run", "script", "command", "args", "cmd", "shell", "entrypoint", "inline"}
)
_PROSE = frozenset(
    {"description", "message", "summary", "notes", "help", "doc", "README"}
    | {"regexp", "regex", "pattern", "replace", "before", "after", "search_string"}
)
_SHEBANG = re.compile(r"\s*#!|\s*set -e")
_HEREDOC = re.compile(r"<<[-~]?\w+\n")
_OBJECT = re.compile(r"[\"']?\s*(?:\{\s*\\?[\"']|\[\s*[{\[\"'\\])")
_ESCAPE = re.compile(r"\\\"(?P<inner>[^\"\\]*)\\\"|\\[\s\S]")
_AS_LONG = {'\\"': ' "', "\\n": " \n", "\\t": "  ", "\\/": " /"}
_NAMED = re.compile(r"\"(?P<name>[^\"]+)\"\.(?:text|contents?)")
"""Nix's `environment.etc."curlrc".text`."""
_DEPTH = 2
_FORMS = frozenset({"yaml", "hcl", "json", "toml", "puppet"})
_LINES = frozenset({"ini", "lines", "properties"})
"""Forms whose values are other files only where they are objects."""


def embedded(text: str, found: list[Document]) -> list[Document]:
    """The documents that stand in the values of others."""
    reader = _Reader(text)
    every: list[Document] = []
    for _ in range(_DEPTH):
        found = [
            inner
            for document in found
            if document.form in _FORMS or document.form in _LINES
            for inner in reader.documents(document)
        ]
        every.extend(found)
    return every


_LONGEST_NAME = 255


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self._unescaped = ""

    @property
    def unescaped(self) -> str:
        """The text, with `\\"` and `\\n` written as what they mean, none shorter."""
        if not self._unescaped:
            self._unescaped = _ESCAPE.sub(_as_long, self.text)
        return self._unescaped

    def documents(self, document: Document) -> Iterator[Document]:
        for node in document.root.below:
            if node.value_start < 0 or node.key in _COMMANDS or len(node.value) < 6:
                continue
            if document.form in _LINES:
                if _OBJECT.match(node.value) and node.value.rstrip("\"'")[-1:] in "}]":
                    yield from self._object(node, document)
            elif (
                "\n" in node.value
                or self._is_escaped(node)
                or node.key.endswith("snippet")
                or _is_file(node.key)
            ):
                yield from self._lines(node, document)
            elif _OBJECT.match(node.value):
                yield from self._object(node, document)
            elif node.key in (
                "line",
                "block",
                "content",
                "contents",
                "text",
                "replace",
            ) or node.key.endswith('".text'):
                yield from self._line(node, document)

    def _is_escaped(self, node: Node) -> bool:
        return "\\n" in node.value and self.text[node.value_start] == '"'

    def _stretch(self, node: Node) -> tuple[str, int, int]:
        """A text, and where a node's value stands in it without its quotes."""
        start, end = node.value_start, node.end
        mark = self.text[start : start + 1]
        if heredoc := _HEREDOC.match(self.text, start, end):
            return self.text, heredoc.end(), end
        if mark == '"' and self.text[end - 1 : end] == '"':
            return self.unescaped, start + 1, end - 1
        if mark == "'" and self.text[end - 1 : end] == "'":
            return self.text, start + 1, end - 1
        return self.text, start, end

    def _lines(self, node: Node, document: Document) -> Iterator[Document]:
        text, start, end = self._stretch(node)
        inner = _file_in(node, text[start:end], document)
        if inner:
            name, form = inner
            yield from read(text, start, end, name, form)

    def _object(self, node: Node, document: Document) -> Iterator[Document]:
        text, start, end = self._stretch(node)
        yield from read(text, start, end, f"{document.name}!", "json")

    def _line(self, node: Node, document: Document) -> Iterator[Document]:
        """Ansible's `lineinfile`: a line that shall stand in the file named beside."""
        name = _named_beside(node)
        if name and not _is_absent(node):
            text, start, end = self._stretch(node)
            form = form_of(name, text[start:end])
            inner = f"{document.name}!{posixpath.basename(name)}"
            yield from read(text, start, end, inner, form)


def _as_long(found: re.Match[str]) -> str:
    if found["inner"] is not None:
        return f' "{found["inner"]}" '
    return _AS_LONG.get(found.group(), found.group())


def _file_in(node: Node, value: str, document: Document) -> tuple[str, str] | None:
    """The name and form of the file that a value is, or None if it is none."""
    if _SHEBANG.match(value) or node.key in _PROSE:
        return None
    name = node.key if _is_file(node.key) else _named_beside(node)
    if name:
        return f"{document.name}!{posixpath.basename(name)}", form_of(name, value)
    form = sniffed(value)
    if form == "lines":
        return None
    return f"{document.name}!", form


def _named_beside(node: Node) -> str:
    """`dest: /etc/pip.conf` beside `content: |`, or the title of Puppet's `file`."""
    if node.parent is None:
        return ""
    if named := _NAMED.search(node.key):
        return named["name"] if _is_file(named["name"]) else ""
    around = node.parent.children[:40]
    if node.parent.key == ITEM and len(around) == 1 and node.parent.parent:
        # Salt's arguments, each an entry of a list
        around = [
            child
            for item in node.parent.parent.children[:40]
            for child in item.children
        ]
    beside = (
        child.value or child.key
        for child in around
        if (child.key in _FILE_NAMES or node.parent.key in _FILES)
        and len(child.value) < 200
    )
    return next((name for name in beside if _is_file(name)), "")


def _is_absent(node: Node) -> bool:
    beside = node.parent.children if node.parent else ()
    return any(child.key == "state" and child.value == "absent" for child in beside)


def _is_file(key: str) -> bool:
    """Whether it names a file of settings."""
    return len(key) <= _LONGEST_NAME and _FILE_KEY.search(key) is not None
