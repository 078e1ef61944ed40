"""`lines`: a line of a configuration that stands in a string of several lines.

`pattern` is what the whole line says, spaces around it left out; it is matched where
the anchor begins, or at the quote before it. Strings of one line are names,
messages and what is looked for, so they are none, unless they begin with spaces, as a
line of a file does, are written somewhere, or stand in a list with a `[section]`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from tlsmith.scan.finding import Match
from tlsmith.scan.lexer import STRING
from tlsmith.scan.matchers.asked import callees_around, fits_calls
from tlsmith.scan.matchers.text import is_docstring
from tlsmith.scan.pattern import compiled
from tlsmith.scan.rule import Rule
from tlsmith.scan.source import Source

_FURTHEST = 300
_NAME = 60
_END = r"(?:\r?\n|\\n|\\r|[\"'`]|\Z)"
_WRITING = re.compile(r"(?i)(?:write|append|put_?contents|echo|puts)\w*!?$")
_SECTION = re.compile(r"[rbuf$@]{0,2}[\"'`]\[[\w. ${}#:-]+\]")
"""`"[main]"`, its name put in as well: `f"[{repo}]"`."""
_BESIDE = 40
_BREAK = re.compile(r"\n|\\n")
_INDENTED = re.compile(r"[\"'](?:[ ]{2,}|\t+)\S")
_ASSIGNED = re.compile(r"\w+\+?=$")
_TOLD = re.compile(
    r"(?i)\w*?(?:examples?|documentation|docs?|docstring|usage|help|helptext|epilog|readme"
    r"|description|returns?|long|message|prompt|instructions?|note)"
)
_SETTLED = re.compile(
    r"(?:(?:\\t|[ \t])*(?:-[ \t]+)?[\"']?(?:--)?(?:[\w-]+[./]){0,6}"
    r"|[ \t]*(?:default-)?server\b[^\n#]*"
    r"|[ \t]*(?:RUN[ ]+)?(?:sudo[ ]+)?(?:echo|printf)[ ]+(?:-\w+[ ]+)?\\?)[\"']?"
)
"""What a line may begin with before a setting: `echo` writes it into a file."""


def match(rule: Rule, source: Source, start: int, end: int) -> Iterable[Match]:
    """The line around an anchor, if it sets what the pattern says."""
    if source.zone(start) != "string" or is_docstring(source, start):
        return
    tokens = source.tokens
    index = tokens.at(start)
    if index is None or tokens.kinds[index] != STRING:
        return
    if source.language.name == "shell" and not _ASSIGNED.search(
        source.text[max(0, tokens.starts[index] - _NAME) : tokens.starts[index]]
    ):
        return  # printed for people, or written to a file, which is read as one
    if _is_told(source, index):
        return
    line = _line(source, start, tokens.starts[index], tokens.ends[index])
    if line is None and _is_written(source, index):
        line = tokens.starts[index] + 1, tokens.ends[index]
    if line is None:
        return
    first, last = line
    begun = compiled(rule.match["pattern"] + _END)
    for begin in (start - 1, start):
        found = begun.match(source.text, max(begin, first), last + 2)
        if found and _SETTLED.fullmatch(source.text, first, found.start()):
            if fits_calls(rule, source, index):
                yield Match(start, end)
            return


def _is_told(source: Source, index: int) -> bool:
    """Whether the name that a string is given says that people read it."""
    tokens = source.tokens
    if index < 2 or tokens.texts[index - 1] not in ("=", ":=", ":", "=>"):
        return False
    return bool(_TOLD.fullmatch(tokens.texts[index - 2].strip("\"'")))


def _is_written(source: Source, index: int) -> bool:
    """Whether a string goes into a file alone, or with the lines beside it."""
    tokens = source.tokens
    if _WRITING.search(next(callees_around(source, index), "")):
        return True
    parent = tokens.parent[index]
    return (
        parent >= 0
        and tokens.texts[parent] == "["
        and any(map(_SECTION.match, tokens.texts[max(parent, index - _BESIDE) : index]))
    )


def _line(source: Source, at: int, begin: int, stop: int) -> tuple[int, int] | None:
    """Where the line of a string begins and ends; None if it has no other line."""
    low, high = max(begin, at - _FURTHEST), min(stop, at + _FURTHEST)
    before = list(_BREAK.finditer(source.text, low, at))
    after = _BREAK.search(source.text, at, high)
    indented = _INDENTED.match(source.text, begin)
    if not before and after is None and not indented:
        return None
    first = before[-1].end() if before else begin + 1
    return first, after.start() if after else stop
