"""How bad a finding is where it stands, which of two on one place is told."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from tlsmith.scan.finding import CONFIDENCES, SEVERITIES, Finding, Match
from tlsmith.scan.rule import Rule
from tlsmith.scan.source import Source

_STEPS = 2
"""How many severities lower where nobody in production is concerned: high is low."""

_FOLDERS = {
    "a test": r"tests?|testing|testcases?|test[-_]?(?:data|suites?|utils?|helpers?"
    r"|support|resources|fixtures)|__tests?__|__mocks__|specs?|fixtures?|mocks?|e2e"
    r"|(?:android|unit|integration)test|(?:[\w-]+[-_.])?tests|[\w-]+[-_.]test"
    r"|(?-i:\w*[a-z]Tests?)",
    "an example": r"examples?|samples?|demos?|tutorials?|quickstarts?|playground"
    r"|[\w-]+[-_.](?:examples?|samples?|demos?)|(?:examples?|samples?)[-_][\w-]+",
    "documentation": r"docs?|documentation|man|wiki",
}
_NAMES = {
    "a test": r"(?:test_|test-|conftest\b).*|.*[-_.](?:test|tests|spec|specs|e2e)\.\w+"
    r"|(?-i:.*[a-z0-9](?:Tests?|TestCase|Spec|IT)\.\w+"
    r"|Test[A-Z]\w*\.(?:java|kt|cs|php|scala|groovy|swift|m))|tests?\.\w+|.*\.t",
    "an example": r"(?:example|sample|demo)s?\b.*"
    r"|.*[-_.](?:example|sample|demo)s?(?:\.\w+)?",
    "documentation": r".*\.(?:md|markdown|mdx|rst|adoc|asciidoc|ipynb|tex|pod|[1-8])"
    r"|(?:readme|changelog|contributing)\b[^.]*",
}
_IN_FOLDER = {
    kind: re.compile(rf"(?:^|/)(?:{names})/", re.IGNORECASE)
    for kind, names in _FOLDERS.items()
}
_IS_NAMED = {kind: re.compile(names, re.IGNORECASE) for kind, names in _NAMES.items()}
_RUST_TESTS = re.compile(
    r"#\[cfg\(test\)\]\s*(?:pub\s+)?mod\s+\w+\s*\{|#\[(?:\w+::)?test\b"
)
_HOST = r"localhost|(?:[\w-]+\.)+localhost|127(?:\.\d{1,3}){3}|\[?::1\]?|0\.0\.0\.0"
_LOOPBACK = re.compile(
    rf"(?:\w+://)?(?:[^@/\s]*@)?(?:{_HOST})\.?(?::[^/]*)?(?:[/?#].*)?", re.I
)
_URL = re.compile(
    r"""\b[a-z][a-z0-9+.-]*://(?:[^@/\s'"]*@)?(\[[^\]]*\]|[^\s:/?#'"`<>\\)]*)""", re.I
)


def confidence_of(rule: Rule, match: Match) -> str:
    """The lesser of what the rule and its matcher are sure of."""
    if match.confidence is None:
        return rule.confidence
    return min(rule.confidence, match.confidence, key=CONFIDENCES.index)


def severity_of(rule: Rule, match: Match, source: Source) -> tuple[str, str]:
    """How bad a match is in this source, and why it is not as bad as elsewhere."""
    reasons = [match.reason] if match.reason else []
    lower = 0
    place = place_of(source.inside) or _place_in_text(source, match.start)
    if place:
        lower = _STEPS
        reasons.append(f"graded lower in {place}")
    host = loopback(match, source)
    if host:
        lower = _STEPS
        reasons.append(f"graded lower: {host} is this machine itself")
    at = max(0, SEVERITIES.index(rule.severity) - lower)
    return SEVERITIES[at], "; ".join(reasons)


@lru_cache(maxsize=4096)
def place_of(path: str) -> str:
    """What a file is beside production code: `a test`, `an example`..., or nothing."""
    name = path.rpartition("/")[2]
    for kind in _FOLDERS:
        if _IN_FOLDER[kind].search(path) or _IS_NAMED[kind].fullmatch(name):
            return kind
    return ""


def _place_in_text(source: Source, offset: int) -> str:
    if source.language.name == "rust":
        tests = _RUST_TESTS.search(source.text)
        return "a test" if tests and tests.start() < offset else ""
    return ""


def loopback(match: Match, source: Source) -> str:
    """The host a match concerns, if that is the machine itself; else nothing."""
    if match.target is not None:
        return match.target if _LOOPBACK.fullmatch(match.target.strip()) else ""
    start, _ = source.line_bounds(source.position(match.start)[0])
    _, end = source.line_bounds(source.position(match.end)[0])
    hosts = _URL.findall(source.text, start, end)
    if hosts and all(_LOOPBACK.fullmatch(host) for host in hosts):
        return str(hosts[0])
    return ""


def distinct(findings: Iterable[Finding]) -> list[Finding]:
    """Without those that another one tells at the same place, in order.

    Of two that overlap and begin or end on one line the more severe is kept, then the
    more specific: the one with the longer id.
    """
    kept: list[Finding] = []
    for one in sorted(findings, key=_weight):
        if not any(_is_same_place(one, other) for other in kept):
            kept.append(one)
    return sorted(kept, key=lambda one: (one.start, one.end, one.rule))


def _weight(one: Finding) -> tuple[int, int, int, str, int]:
    return (
        -SEVERITIES.index(one.severity),
        -CONFIDENCES.index(one.confidence),
        -len(one.rule),
        one.rule,
        one.start,
    )


def _is_same_place(one: Finding, other: Finding) -> bool:
    overlap = one.start < max(other.end, other.start + 1) and other.start < max(
        one.end, one.start + 1
    )
    return overlap and (one.line == other.line or one.end_line == other.end_line)


def worst(findings: Sequence[Finding]) -> str | None:
    """The highest severity among findings."""
    return max((one.severity for one in findings), key=SEVERITIES.index, default=None)
