"""Keys and certificates of different files, brought together when all are read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import islice

from tlsmith.scan.artefacts.artefact import Certificate
from tlsmith.scan.artefacts.facts import Fact
from tlsmith.scan.artefacts.matching import BELONGS, OWNS, belongs
from tlsmith.scan.finding import Finding
from tlsmith.scan.grading import LOWER, lower_for, lowered

_MOST_NAMED = 3


def joined(findings: Iterable[Finding], facts: Sequence[Fact]) -> list[Finding]:
    """The findings; keys tell their certificates in other files, and the reverse."""
    found = list(findings)
    keys = _by_key((fact.key, fact) for fact in facts if fact.key)
    certificates = _by_key(
        (fact.certificate.key, fact) for fact in facts if fact.certificate
    )
    if not keys.keys() & certificates.keys():
        return found
    places: dict[tuple[str, int, str], list[int]] = {}
    for number, one in enumerate(found):
        if one.category in ("key", "trust") and one.snippet.endswith(")"):
            mark = one.snippet[one.snippet.rfind("(") :]
            places.setdefault((one.path, one.line, mark), []).append(number)
    for public in keys.keys() & certificates.keys():
        _join(found, places, keys[public], certificates[public])
    return found


def _by_key(facts: Iterable[tuple[str, Fact]]) -> dict[str, list[Fact]]:
    sorted_: dict[str, list[Fact]] = {}
    for key, fact in facts:
        sorted_.setdefault(key, []).append(fact)
    return sorted_


def _join(
    found: list[Finding],
    places: dict[tuple[str, int, str], list[int]],
    keys: list[Fact],
    certificates: list[Fact],
) -> None:
    keys = list(dict.fromkeys(keys))
    certificates = sorted(
        dict.fromkeys(certificates),
        key=lambda fact: (not (fact.certificate and fact.certificate.is_ca), fact.path),
    )
    elsewhere, owners = _Named(certificates), _Named(keys)
    for fact in keys:
        told = elsewhere.but(fact.path)
        if told and certificates[0].certificate:
            numbers = places.get((fact.path, fact.line, fact.mark), [])
            _tell_key(found, numbers, fact, certificates[0].certificate, told)
    for fact in certificates:
        told = owners.but(fact.path)
        for number in places.get((fact.path, fact.line, fact.mark), ()) if told else ():
            found[number] = _saying(found[number], f"{OWNS} {told}")


class _Named:
    """The places of facts, in words."""

    def __init__(self, facts: Sequence[Fact]) -> None:
        self._lines: dict[str, int] = {}
        for one in facts:
            self._lines.setdefault(one.path, one.line)

    def but(self, path: str) -> str:
        """The first of them in other files, and how many more there are."""
        near = islice(self._lines, _MOST_NAMED + 1)
        named = [one for one in near if one != path][:_MOST_NAMED]
        more = len(self._lines) - (path in self._lines) - len(named)
        told = " and ".join(f"in {one}:{self._lines[one]}" for one in named)
        return f"{told} and {more} more" if more > 0 else told


def _tell_key(
    found: list[Finding],
    numbers: list[int],
    fact: Fact,
    certificate: Certificate,
    places: str,
) -> None:
    told = f"{belongs(certificate)} {places}"
    worse = fact.worse if certificate.is_ca else None
    if worse is not None and not numbers:
        found.append(_saying(worse, told))
    for number in numbers:
        one = found[number]
        if worse is not None:
            suppressed = worse.suppressed or one.suppressed
            one = replace(worse, revision=one.revision, suppressed=suppressed)
        found[number] = _saying(one, told, certificate.host)


def _saying(finding: Finding, told: str, host: str = "") -> Finding:
    """The finding with more said, unless its own file has said it: that is nearer."""
    if BELONGS in finding.reason or OWNS in finding.reason:
        return finding
    if host and LOWER not in finding.reason:
        told = f"{told}; {lower_for(host)}"
        finding = replace(finding, severity=lowered(finding.severity))
    reason = "; ".join(filter(None, (finding.reason, told)))
    return replace(finding, reason=reason)
