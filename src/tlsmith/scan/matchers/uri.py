"""`uri`: a parameter of a URI or of a connection string, in code and in files.

`postgresql://db/app?sslmode=disable`, `host=db sslmode=require`, `Server=db;Trust
ServerCertificate=true`, `jdbc:mysql://db/app?useSSL=false`: the anchor ends with the
parameter's name and, where it may, its value. What a rule may say in `match`:

- `values`: what the parameter is set to, as the `config` matcher has them.
- `beside`, `not_beside`: regular expressions searched in the string around, or, where
  there are no quotes, in the run of characters around that holds no space.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from tlsmith.scan.finding import Edit, Match
from tlsmith.scan.lexer import STRING, WORD
from tlsmith.scan.matchers.config import said
from tlsmith.scan.matchers.inserted import inserted
from tlsmith.scan.matchers.line import in_comment
from tlsmith.scan.matchers.prose import is_prose
from tlsmith.scan.rule import Rule
from tlsmith.scan.source import Source

_VALUE = re.compile(r"[ ]{0,2}=[ ]{0,2}(?P<value>[\w.:*-]*)")
_LINE = 600
_SAID = re.compile(
    r"\s*@?(?:echo|printf|write-(?:host|output|warning)|log\w*|info|warn|error)\b[^>|]*+$",
    re.I,
)
"""A line of a script that only tells something."""
_HOST = re.compile(
    r"://(?:[^\s@/\"'`]*@)?(?P<host>\[[^\]\s]+\]|[\w.-]+)"
    r"|\b(?:host|server|data source|addr|address)\s*=\s*(?:tcp:)?(?P<named>[\w.-]+)",
    re.I,
)


def match(rule: Rule, source: Source, start: int, end: int) -> Iterable[Match]:
    """Where a parameter is set to what a rule names."""
    asked = rule.match
    found = _VALUE.match(source.text, end)
    if not found:
        return
    told = found["value"].rstrip(".") or inserted(source, found.end()) or ""
    if not said(asked["values"], told):
        return
    if "beside" in asked and not source.holds(f"(?i:{asked['beside']})"):
        return
    if not _is_read(source, start):
        return
    around = _around(source, start)
    joined = _joined(source, around)
    if not _fits(rule, source.text[slice(*joined)]):
        return
    if is_prose(source, around, (start, found.end())):
        return
    host = _HOST.search(source.text, *joined)
    yield Match(
        start,
        found.end(),
        target=(host["host"] or host["named"]) if host else None,
        edits=_edits(rule, source, found.span("value")) if found["value"] else (),
    )


def _is_read(source: Source, offset: int) -> bool:
    """Whether what stands there is no comment, and no variable of a program's own."""
    if source.language.name == "prose" or in_comment(source, offset):
        return False
    if source.language.name in ("shell", "batch", "powershell"):
        first, last = source.line_bounds(source.position(offset)[0])
        if _SAID.match(source.text, first, min(last, first + 2 * _LINE)):
            return False
    return source.zone(offset) != "code" or not source.language.imports


def _fits(rule: Rule, text: str) -> bool:
    beside = rule.match.get("beside")
    if beside and not re.search(beside, text, re.I):
        return False
    unwanted = rule.match.get("not_beside")
    return not (unwanted and re.search(unwanted, text, re.I))


def _around(source: Source, offset: int) -> tuple[int, int]:
    """The string that an offset stands in, or the words joined to it."""
    tokens = source.tokens
    index = tokens.at(offset)
    if index is not None and tokens.kinds[index] == STRING:
        first, last = tokens.starts[index], tokens.ends[index]
        return max(first, offset - _LINE), min(last, offset + _LINE)
    line, _ = source.position(offset)
    first, last = source.line_bounds(line)
    return max(first, offset - _LINE), min(last, offset + _LINE)


_JOINS = frozenset({"+", ".", "..", "&", "\n"})
_PIECES = 12


def _joined(source: Source, around: tuple[int, int]) -> tuple[int, int]:
    """The offsets of a string with those that stand joined before: `"a" + b + "c"`."""
    tokens = source.tokens
    index = tokens.at(around[0])
    if index is None or tokens.kinds[index] != STRING:
        return around
    first = around[0]
    for before in range(index - 1, max(index - _PIECES, -1), -1):
        if tokens.kinds[before] == STRING:
            first = tokens.starts[before]
        elif tokens.kinds[before] != WORD and tokens.texts[before] not in _JOINS:
            break
    return max(first, around[0] - _LINE), around[1]


def _edits(rule: Rule, source: Source, value: tuple[int, int]) -> tuple[Edit, ...]:
    if "value" not in rule.rewrite:
        return ()
    return (Edit(*value, rule.rewrite["value"]),)
