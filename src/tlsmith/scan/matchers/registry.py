"""Kinds of matcher by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from importlib import import_module

from tlsmith.scan.anchor import anchor_of
from tlsmith.scan.finding import Match
from tlsmith.scan.rule import Rule
from tlsmith.scan.source import Source

Matcher = Callable[[Rule, Source, int, int], Iterable[Match]]
"""Takes a rule, a source, and the start and end of a place where the rule's anchor
matched; yields where the rule holds."""


def matches(rule: Rule, source: Source) -> list[Match]:
    """Where a rule holds in a source, each place once, in order.

    `file_has` and `file_lacks` are asked here, for every kind: regular expressions that
    the whole text must hold, or must not.
    """
    if not _fits(rule, source):
        return []
    matcher = _matcher(rule.match["kind"])
    found: dict[tuple[int, int], Match] = {}
    for place in anchor_of(rule.anchor).places(source.text, source.lowered):
        for match in matcher(rule, source, *place.span()):
            found.setdefault((match.start, match.end), match)
    return [found[key] for key in sorted(found)]


def _fits(rule: Rule, source: Source) -> bool:
    """Whether what the whole text must hold, or must not, is so."""
    asked = rule.match
    if "file_has" in asked and not source.holds(asked["file_has"]):
        return False
    return "file_lacks" not in asked or not source.holds(asked["file_lacks"])


@cache
def _matcher(kind: str) -> Matcher:
    """The matcher of a kind: the file of that name."""
    matcher: Matcher = import_module(f"tlsmith.scan.matchers.{kind}").match
    return matcher
