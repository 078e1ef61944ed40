"""Findings that somebody has asked to be left alone, in a comment beside them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from tlsmith.scan.directive import Directive, corresponds, directives
from tlsmith.scan.finding import Finding
from tlsmith.scan.source import Source

OF_DIRECTIVES = "scan-ignore-"
"""How the rules about directives themselves begin: no directive silences them."""


def suppressed(source: Source, findings: Iterable[Finding]) -> list[Finding]:
    """The same findings; those that a comment asks to leave alone tell its reason.

    A comment counts on the lines of a finding, or alone on the line above it.
    """
    findings = list(findings)
    if not findings:
        return findings
    by_line: dict[int, list[Directive]] = {}
    for one in directives(source):
        by_line.setdefault(_line_meant(source, one), []).append(one)
    if not by_line:
        return findings
    return [_judged(source, finding, by_line) for finding in findings]


def _judged(
    source: Source, finding: Finding, by_line: dict[int, list[Directive]]
) -> Finding:
    if finding.rule.startswith(OF_DIRECTIVES):
        return finding
    for line in _lines_of(source, finding):
        for one in by_line.get(line, ()):
            if corresponds(one, finding.rule, finding.category, finding.cwe):
                return replace(finding, suppressed=one.reason)
    return finding


def _lines_of(source: Source, finding: Finding) -> list[int]:
    """The lines a comment about a finding may be meant for.

    Its own; where its command begins; where the brackets around it open and close,
    since formatters move a comment there.
    """
    lines = range(_first_line(source, finding.line), finding.end_line + 1)
    index = source.tokens.at(finding.start)
    opening = source.tokens.parent[index] if index is not None else -1
    closing = source.tokens.partner[opening] if opening >= 0 else -1
    if closing < 0 or source.tokens.texts[opening] != "(":
        return list(lines)
    ends = (source.tokens.starts[opening], source.tokens.starts[closing])
    return [*lines, *(source.position(offset)[0] for offset in ends)]


def _line_meant(source: Source, one: Directive) -> int:
    """The line a directive is about: its own, or the first below that is no comment."""
    if not one.alone:
        return one.line
    line = one.line + 1
    while line < one.line + 8 and _is_comment_line(source, line):
        line += 1
    return line


def _is_comment_line(source: Source, line: int) -> bool:
    try:
        start, end = source.line_bounds(line)
    except IndexError:  # below the last one
        return False
    text = source.text[start:end]
    first = start + len(text) - len(text.lstrip())
    return bool(text.strip()) and source.zone(first) == "comment"


def _first_line(source: Source, line: int) -> int:
    """The line a command begins on that is continued with backslashes up to this."""
    while line > 1:
        start, end = source.line_bounds(line - 1)
        if not source.text[start:end].rstrip().endswith(("\\", "`")):
            break
        line -= 1
    return line
