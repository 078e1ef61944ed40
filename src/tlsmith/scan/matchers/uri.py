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
from tlsmith.scan.lexer import STRING
from tlsmith.scan.matchers.config import said
from tlsmith.scan.rule import Rule
from tlsmith.scan.source import Source

_VALUE = re.compile(r"[ ]{0,2}=[ ]{0,2}(?P<value>[\w.:*-]*)")
_LINE = 1000
_HOST = re.compile(
    r"://(?:[^\s@/\"'`]*@)?(?P<host>\[[^\]\s]+\]|[\w.-]+)"
    r"|\b(?:host|server|data source|addr|address)\s*=\s*(?:tcp:)?(?P<named>[\w.-]+)",
    re.I,
)

_ABOUT = re.compile(r"\b(?:e\.g\.|for example|usage:|deprecated|not recommended)", re.I)
_BARE = re.compile(r"[\"'`]?[?&; ]?[\w .-]{1,40}=[\w.:-]*[;& ]?[\"'`]?")
_SEEKING = re.compile(
    r"\bin\b|\bassert\w*|expect\(|contains?\b|includes?\(|starts_?with|ends_?with|"
    r"index_?of|\bfind|strpos|str_contains|\bmatch|replace|\btest\(|==|!=|remove|strip",
    re.I,
)
_WORDS = 2


def match(rule: Rule, source: Source, start: int, end: int) -> Iterable[Match]:
    """Where a parameter is set to what a rule names."""
    asked = rule.match
    found = _VALUE.match(source.text, end)
    if not found or not said(asked["values"], found["value"]):
        return
    if "beside" in asked and not source.holds(f"(?i:{asked['beside']})"):
        return
    zone = source.zone(start)
    if source.language.name == "prose" or zone == "comment":
        return
    if zone == "code" and source.language.imports:
        return  # a program's own variable or property
    around = _around(source, start)
    if not _fits(rule, source, around, start):
        return
    host = _HOST.search(source.text, *around)
    yield Match(
        start,
        found.end(),
        target=(host["host"] or host["named"]) if host else None,
        edits=_edits(rule, source, found.span("value")),
    )


def _fits(rule: Rule, source: Source, around: tuple[int, int], start: int) -> bool:
    text = source.text[slice(*around)]
    beside = rule.match.get("beside")
    if beside and not re.search(beside, text, re.I):
        return False
    unwanted = rule.match.get("not_beside")
    if unwanted and re.search(unwanted, text, re.I):
        return False
    if source.zone(start) != "string":
        return True
    return not (_is_prose(text) or _is_sought(source, around, text))


def _is_prose(text: str) -> bool:
    """Whether a string is about a setting, and sets nothing."""
    if text.startswith(('"""', "'''")) and "://" not in text:
        return True
    if _ABOUT.search(text):
        return True
    words = [word for word in text.split() if "=" not in word]
    return len(words) > _WORDS and "://" not in text and ";" not in text


def _is_sought(source: Source, around: tuple[int, int], text: str) -> bool:
    """Whether a string that is nothing but the parameter is looked for, not used."""
    if not _BARE.fullmatch(text):
        return False
    first, _ = source.line_bounds(source.position(around[0])[0])
    _, last = source.line_bounds(source.position(around[1])[0])
    return _SEEKING.search(source.text, first, last) is not None


def _around(source: Source, offset: int) -> tuple[int, int]:
    """The string that an offset stands in, or the words joined to it."""
    tokens = source.tokens
    index = tokens.at(offset)
    if index is not None and tokens.kinds[index] == STRING:
        return tokens.starts[index], tokens.ends[index]
    line, _ = source.position(offset)
    first, last = source.line_bounds(line)
    return max(first, offset - _LINE), min(last, offset + _LINE)


def _edits(rule: Rule, source: Source, value: tuple[int, int]) -> tuple[Edit, ...]:
    if "value" not in rule.rewrite:
        return ()
    return (Edit(*value, rule.rewrite["value"]),)
