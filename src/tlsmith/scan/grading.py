"""How bad a finding is where it stands, which of two on one place is told."""

from __future__ import annotations

import re
from bisect import bisect, insort
from collections.abc import Iterable
from functools import lru_cache

from tlsmith.scan.debugging import is_for_debugging
from tlsmith.scan.finding import CONFIDENCES, SEVERITIES, Finding, Match
from tlsmith.scan.rule import Rule
from tlsmith.scan.source import Source
from tlsmith.scan.switches import is_asked_for
from tlsmith.scan.without_tls import is_said_by_address, is_without_tls

LOWER = "graded lower"
ASKED_FOR = "only where a switch asks for it, which is off by default here"
SAID_BY_ADDRESS = "only where the address itself says that there is no TLS"
WITHOUT_TLS = "only where a switch says that no TLS is wanted"
UNSET = f"{LOWER}: so as long as nobody sets a variable of the environment"
_SWITCHED = frozenset({"verification", "trust"})
"""Categories of what a switch may be made for: who sets it is told by its own place."""
_STEPS = 2
"""How many severities lower where nobody in production is concerned: high is low."""

_FOLDERS = {
    "a test": r"tests?|testing|testcases?|test[-_]?(?:data|suites?|utils?|helpers?"
    r"|support|resources|fixtures|certs?|keys?|env|beds?|harness)|__tests?__|__mocks__"
    r"|specs?|fixtures?|mocks?|e2e|molecule|fuzz(?:ing|ers?|tests?)?"
    r"|(?:android|unit|integration|system|functional)tests?|[\w.-]+[-_.]tests?"
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
_AROUND = 500
"""How far a target is looked for in lines that are very long."""
_RUST_TESTS = re.compile(
    r"#\[cfg\(test\)\]\s*(?:pub\s+)?mod\s+\w+\s*\{|#\[(?:\w+::)?test\b"
)
_HOST = r"localhost|(?:[\w-]+\.)+localhost|127(?:\.\d{1,3}){3}|\[?::1\]?|0\.0\.0\.0"
_LOOPBACK = re.compile(
    rf"(?:\w+://)?(?:[^@/\s]*@)?(?:{_HOST})\.?(?::[^/]*)?(?:[/?#].*)?", re.I
)
_URL = re.compile(
    r"""\b[a-z][a-z0-9+.-]{0,30}://(?:[^@/\s'"]*@)?(\[[^\]]*\]|[^\s:/?#'"`<>\\)]*)""",
    re.I,
)


def confidence_of(rule: Rule, match: Match) -> str:
    """The lesser of what the rule and its matcher are sure of."""
    if match.confidence is None:
        return rule.confidence
    return min(rule.confidence, match.confidence, key=CONFIDENCES.index)


def severity_of(rule: Rule, match: Match, source: Source) -> tuple[str, str]:
    """How bad a match is in this source, and why it is not as bad as elsewhere."""
    reasons = [match.reason] if match.reason else []
    if rule.category in _SWITCHED and (
        is_asked_for(source, match.start)
        or (match.chosen is not None and is_asked_for(source, match.chosen))
    ):
        return SEVERITIES[0], "; ".join([*reasons, ASKED_FOR])
    if rule.category == "plaintext" and is_said_by_address(source, match.start):
        return SEVERITIES[0], "; ".join([*reasons, SAID_BY_ADDRESS])
    if rule.category == "plaintext" and is_without_tls(source, match.start):
        return SEVERITIES[0], "; ".join([*reasons, WITHOUT_TLS])
    lower = 0
    if match.unset:
        lower = 1
        reasons.append(UNSET)
    place = place_of(source.inside) or _place_in_text(source, match.start)
    if place:
        lower = _STEPS
        reasons.append(f"{LOWER} in {place}")
    if is_for_debugging(source, match.start):
        lower = _STEPS
        reasons.append(f"{LOWER} where only who debugs gets it")
    host = loopback(match, source)
    if host:
        lower = _STEPS
        reasons.append(lower_for(host))
    return lowered(rule.severity, lower), "; ".join(reasons)


def lowered(severity: str, steps: int = _STEPS) -> str:
    """How bad what is so bad elsewhere is where nobody in production is concerned."""
    return SEVERITIES[max(0, SEVERITIES.index(severity) - steps)]


def lower_for(host: str) -> str:
    """Why something that concerns this machine itself is not as bad."""
    return f"{LOWER}: {host} is this machine itself"


def is_loopback(host: str) -> bool:
    """Whether a host is this machine itself."""
    return _LOOPBACK.fullmatch(host.strip()) is not None


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
        return match.target if is_loopback(match.target) else ""
    start, _ = source.line_bounds(source.position(match.start)[0])
    _, end = source.line_bounds(source.position(match.end)[0])
    start, end = max(start, match.start - _AROUND), min(end, match.end + _AROUND)
    hosts = _URL.findall(source.text, start, end)
    if hosts and all(_LOOPBACK.fullmatch(host) for host in hosts):
        return str(hosts[0])
    return ""


def distinct(findings: Iterable[Finding]) -> list[Finding]:
    """Without those that another one tells at the same place, in order.

    Of two that overlap and begin or end on one line the more severe is kept, then the
    more specific: the one with the longer id.
    """
    begun: dict[int, list[tuple[int, int]]] = {}
    ended: dict[int, list[tuple[int, int]]] = {}
    kept: list[Finding] = []
    for one in sorted(findings, key=_weight):
        place = (one.start, max(one.end, one.start + 1))
        first = begun.setdefault(one.line, [])
        last = ended.setdefault(one.end_line, [])
        if _is_taken(first, place) or _is_taken(last, place):
            continue
        insort(first, place)
        insort(last, place)
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


def _is_taken(places: list[tuple[int, int]], place: tuple[int, int]) -> bool:
    """Whether a place overlaps one of several that do not overlap, and are sorted."""
    at = bisect(places, place)
    before = at > 0 and places[at - 1][1] > place[0]
    return before or (at < len(places) and places[at][0] < place[1])
