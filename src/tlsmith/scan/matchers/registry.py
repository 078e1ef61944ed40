"""Kinds of matcher by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from importlib import import_module

from tlsmith.scan.finding import Match
from tlsmith.scan.rule import Rule
from tlsmith.scan.source import Source

Matcher = Callable[[Rule, Source, int, int], Iterable[Match]]
"""Takes a rule, a source, and the start and end of a place where the rule's anchor
matched; yields where the rule holds."""


def matches(rule: Rule, source: Source) -> list[Match]:
    """Where a rule holds in a source, each place once, in order."""
    matcher = _matcher(rule.match["kind"])
    found: dict[tuple[int, int], Match] = {}
    for place in rule.pattern.finditer(source.text):
        for match in matcher(rule, source, *place.span()):
            found.setdefault((match.start, match.end), match)
    return [found[key] for key in sorted(found)]


@cache
def _matcher(kind: str) -> Matcher:
    """The matcher of a kind: the file of that name."""
    matcher: Matcher = import_module(f"tlsmith.scan.matchers.{kind}").match
    return matcher
