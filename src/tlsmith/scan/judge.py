"""What the rules say of one source: its findings, graded."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import accumulate

from tlsmith.scan.concealing import concealed
from tlsmith.scan.finding import Finding, Match
from tlsmith.scan.grading import confidence_of, distinct, severity_of
from tlsmith.scan.matchers import matches
from tlsmith.scan.parts.reading import parts_of
from tlsmith.scan.removing import is_removed
from tlsmith.scan.rule import Rule
from tlsmith.scan.source import Source
from tlsmith.scan.suppression import suppressed

_LONGEST = 4000
"""Of lines that are longer only the beginning is kept with a finding."""


def judge(source: Source, rules: Iterable[Rule]) -> list[Finding]:
    """The findings of these rules in a source, in the order they stand there."""
    found = [
        finding_of(rule, match, source)
        for rule, match in _told_where_set(held(source, rules))
        if not is_removed(source, match.start, match.end)
    ]
    return suppressed(source, distinct(found))


def held(source: Source, rules: Iterable[Rule]) -> Iterator[tuple[Rule, Match]]:
    """Where rules hold in a source, and in the texts that are parts of it."""
    rules = list(rules)
    yield from _once(
        [
            (rule, match)
            for rule in rules
            if source.language.name in rule.languages or "*" in rule.languages
            for match in matches(rule, source)
        ]
    )
    for part in parts_of(source, rules):
        for rule, match in held(part.source, rules):
            yield rule, part.outward(match)


def _once(found: list[tuple[Rule, Match]]) -> Iterable[tuple[Rule, Match]]:
    """What was followed to another place is told once: there, or where it is used."""
    origins = _Spans(m.origin for _, m in found if m.origin and not m.told_there)
    plain = _Spans((m.start, m.end) for _, m in found if not m.origin)
    for rule, match in found:
        if match.origin is None:
            if not origins.meet((match.start, match.end)):
                yield rule, match
        elif not (match.told_there and plain.meet(match.origin)):
            yield rule, match


def _told_where_set(
    found: Iterable[tuple[Rule, Match]],
) -> Iterator[tuple[Rule, Match]]:
    """All but what is told where its value is set: what only hands that on.

    What is told again is left out: an option that a variable holds is found for each
    command that is run with it.
    """
    every = list({(rule.id, match): (rule, match) for rule, match in found}.values())
    places = _Spans((match.start, match.end) for _, match in every)
    for rule, match in every:
        set_there = match.told_there and not match.origin_outer
        if not (
            set_there
            and match.origin
            and places.meet(match.origin, but=(match.start, match.end))
        ):
            yield rule, match


class _Spans:
    """Places in a text, each from a start to an end, to be asked many times."""

    def __init__(self, spans: Iterable[tuple[int, int]]) -> None:
        self._spans = sorted(set(spans))
        self._starts = [start for start, _ in self._spans]
        self._furthest = list(accumulate((end for _, end in self._spans), max))

    def meet(self, one: tuple[int, int], but: tuple[int, int] | None = None) -> bool:
        """Whether one of them, but for one, has something in common with a place."""
        before = bisect_left(self._starts, one[1])
        if not before or self._furthest[before - 1] <= one[0]:
            return False
        return but is None or any(
            one[0] < end and (start, end) != but for start, end in self._spans[:before]
        )


def finding_of(rule: Rule, match: Match, source: Source) -> Finding:
    """What a match means, told with its place."""
    line, column = source.position(match.start)
    end_line, end_column = source.position(match.end)
    first, _ = source.line_bounds(line)
    _, last = source.line_bounds(end_line)
    severity, reason = severity_of(rule, match, source)
    return Finding(
        rule=rule.id,
        path=source.path,
        line=line,
        column=column,
        end_line=end_line,
        end_column=end_column,
        severity=severity,
        confidence=confidence_of(rule, match),
        reason=reason,
        category=rule.category,
        cwe=rule.cwe,
        message=f"{rule.title}. {rule.what}",
        fix=rule.fix,
        snippet=_shown(match, source, first, last),
        edits=match.edits,
        start=match.start,
        end=match.end,
    )


def _shown(match: Match, source: Source, first: int, last: int) -> str:
    """The lines of a match, without the keys that stand in them."""
    if match.shown:
        begin = max(first, match.end - 2 * _LONGEST)
        before = concealed(source.text[begin : match.end])
        return f"{before[-_LONGEST:]} {match.shown}"
    return concealed(source.text[first : min(last, first + _LONGEST)])
