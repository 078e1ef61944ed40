"""What the rules say of one source: its findings, graded."""

from __future__ import annotations

from collections.abc import Iterable

from tlsmith.scan.finding import Finding, Match
from tlsmith.scan.grading import confidence_of, distinct, severity_of
from tlsmith.scan.matchers import matches
from tlsmith.scan.rule import Rule
from tlsmith.scan.source import Source
from tlsmith.scan.suppression import suppressed

_LONGEST = 4000
"""Of lines that are longer only the beginning is kept with a finding."""


def judge(source: Source, rules: Iterable[Rule]) -> list[Finding]:
    """The findings of these rules in a source, in the order they stand there."""
    found = [
        (rule, match)
        for rule in rules
        if source.language.name in rule.languages or "*" in rule.languages
        for match in matches(rule, source)
    ]
    told = [finding_of(rule, match, source) for rule, match in _at_use(found)]
    return suppressed(source, distinct(told))


def _at_use(found: list[tuple[Rule, Match]]) -> Iterable[tuple[Rule, Match]]:
    """Without the definitions of what is told where it is used."""
    origins = [match.origin for _, match in found if match.origin is not None]
    for rule, match in found:
        if match.origin is not None or not any(
            match.start <= origin < match.end for origin in origins
        ):
            yield rule, match


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
        snippet=source.text[first : min(last, first + _LONGEST)],
        edits=match.edits,
        start=match.start,
        end=match.end,
    )
