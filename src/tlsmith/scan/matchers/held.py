"""`held`: a flag among the options that a variable of a shell holds.

The anchor is the flag. What the variable holds begins with an option, so that sentences
about a flag are none, and its name does not say that it is a text to be read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from tlsmith.scan.finding import Match
from tlsmith.scan.rule import Rule
from tlsmith.scan.source import Source

_ASSIGNED = re.compile(
    r"(?:^|[;&|])[ \t]*"
    r"(?:(?:export|local|readonly|declare(?:[ \t]+-\w+)*)[ \t]+)?"
    r"(?P<name>[A-Za-z_]\w*)\+?=(?P<quote>[\"'])[ \t]*(?:\$\{?\w+\}?[ \t]+)?"
    r"(?=-)[^\"'\n]*$"
)
_TOLD = re.compile(r"(?i)help|usage|msg|message|desc|text|note|hint|warn|error|doc")
_SPACED = re.compile(r"[ ]{2}")
_UNSET = re.compile(r"=(?:false|no|0|off)\b", re.I)


def match(rule: Rule, source: Source, start: int, end: int) -> Iterable[Match]:
    """The flag at an anchor, if a variable holds it."""
    first, last = source.line_bounds(source.position(start)[0])
    found = _ASSIGNED.search(source.text[first : start + 1])
    if found is None or _TOLD.search(found["name"]):
        return
    if source.zone(start) != "string":
        return
    stop = source.text.find(found["quote"], end, last)
    text = source.text[first + found.end("quote") : stop if stop >= 0 else last]
    if _SPACED.search(text.strip()) or _UNSET.match(source.text, end):
        return
    yield Match(start, end)
