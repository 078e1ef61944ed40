"""Comments that ask to leave findings alone and are not as they must be.

`lacks` is `reason`, for those that give none, or `rule`, for those that name none or
one there is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from tlsmith.scan.directive import Directive, directives
from tlsmith.scan.finding import Match
from tlsmith.scan.rule import Rule
from tlsmith.scan.rulebook import rule_files
from tlsmith.scan.source import Source

_ID = re.compile(r'^id = "([^"]+)"', re.MULTILINE)


def match(rule: Rule, source: Source, start: int, end: int) -> Iterator[Match]:
    """Where the comment that begins at this place lacks what the rule asks for.

    Prose, which has no comments, may speak of such comments.
    """
    if not source.language.comments:
        return
    for one in directives(source):
        if one.tool != "tlsmith" or one.start != start:
            continue
        if rule.match["lacks"] == "reason" and not one.reason:
            yield Match(start, max(end, one.end), reason="no reason is given")
        if rule.match["lacks"] == "rule":
            yield from _unknown(one, source)


def _unknown(one: Directive, source: Source) -> Iterator[Match]:
    if not one.ids:
        yield Match(one.start, one.end, reason="no rule is named")
    for id_ in one.ids:
        if id_ not in rule_ids():
            at = source.text.index(id_, one.start, one.end)
            yield Match(at, at + len(id_), reason=f"there is no rule {id_!r}")


@cache
def rule_ids() -> frozenset[str]:
    """The ids of every rule, without the rest of them."""
    return frozenset(
        id_ for file in rule_files() for id_ in _ID.findall(file.read_text("utf-8"))
    )
