"""Classes of a file: which one a token stands in, and which are made from it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from tlsmith.scan.source import Source

_OPENING = re.compile(
    r"\b(?:class|struct|object|interface|trait|enum|record|extension)\b"
)
_DECLARED = re.compile(
    r"\bclass\s{1,4}(\w{1,80})(?:<[\w, ]{1,60}>)?\s{0,4}"
    r"(?:\((?:[\w., ]{0,80}[.,\s])?(\w{1,80})\)"
    r"|(?:extends|:|<)\s{1,4}(?:public\s)?(?:[\w:.]{0,80}[.:])?(\w{1,80}))"
)
_NAMED = re.compile(r"\b(?:class|struct|object)\s+(\w+)")
_HEADER = 400
"""Characters that the head of a class has at most."""


def around(source: Source, index: int) -> int:
    """The offset at which the innermost class around a token is opened, or -1."""
    tokens = source.tokens
    if source.language.blocks != "brace":
        indent, at = source.indent(index), -1
        for start, depth in source.classes:
            if start >= tokens.starts[index]:
                break
            at = start if depth < indent else at
        return at
    parent = tokens.parent[index]
    while parent >= 0:
        high = tokens.starts[parent]
        low = _head(source, high)
        if tokens.texts[parent] == "{" and _OPENING.search(source.text, low, high):
            return high
        parent = tokens.parent[parent]
    return -1


def name_around(source: Source, index: int) -> str:
    """The name of the innermost class around a token, or ""."""
    at = around(source, index)
    if at < 0:
        return ""
    braces = source.language.blocks == "brace"
    low, high = (_head(source, at), at) if braces else (at, at + _HEADER)
    found = _NAMED.search(source.text, low, high)
    return found[1] if found else ""


def heirs(source: Source, name: str) -> Iterator[str]:
    """The classes of the file that are made from one."""
    if name and source.holds(r"\bclass\b"):
        for heir, *made_from in _declared(source):
            if name in made_from:
                yield heir


@lru_cache(maxsize=4)  # asked for each member that a file reads of its own
def _declared(source: Source) -> list[tuple[str, ...]]:
    """Classes with what they are made from, in either way to write it."""
    return [found.groups("") for found in _DECLARED.finditer(source.text)]


def _head(source: Source, brace: int) -> int:
    """Where the head of what a brace opens begins."""
    least = max(0, brace - _HEADER)
    return max(least, *(source.text.rfind(c, least, brace) + 1 for c in "{};"))
