"""The functions of a script: their names, and where they begin and end."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from tlsmith.scan.source import Source

_FUNCTION = re.compile(
    r"(?m)^(?P<indent>[ \t]*)(?:function[ \t]+(?P<word>[\w:.-]+)(?:[ \t]*\([ \t]*\))?"
    r"|(?P<name>[A-Za-z_][\w:.-]*)[ \t]*\([ \t]*\))\s{0,4}\{(?P<rest>[^\n]*)"
)
_MOST = 500


class Function(NamedTuple):
    """A function's name, and the stretch of text that is its body."""

    name: str
    start: int
    end: int


def function_at(offset: int, source: Source) -> Function | None:
    """The innermost function that an offset lies in."""
    around = (one for one in functions(source) if one.start <= offset < one.end)
    return max(around, key=lambda one: one.start, default=None)


def function_called(name: str, source: Source) -> Function | None:
    """The function of a name, if the script has one."""
    return next((one for one in functions(source) if one.name == name), None)


@lru_cache(maxsize=16)
def functions(source: Source) -> tuple[Function, ...]:
    """The functions of a shell's text, in order."""
    if source.language.name != "shell":
        return ()
    found: list[Function] = []
    for head in _FUNCTION.finditer(source.text):
        if len(found) == _MOST:
            break
        start, end = head.start("rest"), head.end()
        if not head["rest"].rstrip().endswith("}"):
            last = source.text.find(f"\n{head['indent']}}}", end)
            end = len(source.text) if last < 0 else last
        found.append(Function(head["word"] or head["name"], start, end))
    return tuple(found)
