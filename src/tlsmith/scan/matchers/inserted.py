"""What is inserted into a text: `f"…?sslmode={MODE}"`, `"…sslmode=" + MODE`."""

from __future__ import annotations

import re

from tlsmith.scan import bindings
from tlsmith.scan.extent import content
from tlsmith.scan.lexer import STRING
from tlsmith.scan.shell.variables import values_of
from tlsmith.scan.source import Source

_NAME = r"(?P<name>@?[A-Za-z_]\w*(?:\.[A-Za-z_]\w*){0,2})"
_WITHIN = re.compile(rf"(?:[$#]?\{{|\\\()\s*{_NAME}\s*[}})]|\$(?P<bare>[A-Za-z_]\w*)")
_BEHIND = re.compile(rf"[\"'`]\s*(?:\+|\.\.?|&|<>|~)\s*\$?{_NAME}\b(?!\s*[(\[])")
_PLACE = re.compile(
    rf"(?:%[sv]|\{{\}})[^\"'`%{{}}]{{0,200}}[\"'`]\s*(?:%\s*\(?|,|\.format\()\s*{_NAME}\s*[),;\n]"
)
"""A place that is filled behind the text: the only one in it."""


def inserted(source: Source, offset: int) -> str | None:
    """The text that is inserted at an offset, if this file tells which."""
    text = source.text
    within = _WITHIN.match(text, offset)
    found = within or _BEHIND.match(text, offset)
    if found is None:
        found = _PLACE.match(text, offset)
        first = text.rfind("\n", 0, offset) + 1
        if found and re.search(r"%[svd]|\{\}", text[first:offset]):
            return None
    if found is None:
        return None
    name = found["name"] or found["bare"]
    if source.language.name in ("shell", "batch", "powershell"):
        return next(iter(values_of(f"${{{name}}}", source) or ()), None)
    return _constant(source, name, offset)


def _constant(source: Source, name: str, offset: int) -> str | None:
    """The text that a name is given, and nothing else."""
    tokens = source.tokens
    use = tokens.at(offset)
    use = tokens.at(offset - 1) if use is None else use
    if use is None:
        return None
    for one in (name, f"${name}"):
        values = bindings.values_of(source, one.split("."), use)
        if len(values) == 1 and tokens.kinds[values[0][0]] == STRING:
            after = tokens.texts[values[0][0] + 1 : values[0][0] + 2]
            if after in ([], ["\n"], [";"], [","], [")"], ["}"]):
                return content(tokens.texts[values[0][0]])
    return None
