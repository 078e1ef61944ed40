"""Keys and certificates of different files, brought together when all are read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from tlsmith.scan.artefacts.facts import Fact
from tlsmith.scan.artefacts.matching import BELONGS, OWNS, belongs
from tlsmith.scan.finding import Finding

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
    certificates = sorted(
        dict.fromkeys(certificates),
        key=lambda fact: (not (fact.certificate and fact.certificate.is_ca), fact.path),
    )
    for fact in dict.fromkeys(keys):
        elsewhere = [one for one in certificates if one.path != fact.path]
        numbers = places.get((fact.path, fact.line, fact.mark), [])
        if elsewhere:
            _tell_key(found, numbers, fact, elsewhere)
    for fact in certificates:
        told = _named([one for one in keys if one.path != fact.path])
        for number in places.get((fact.path, fact.line, fact.mark), ()) if told else ():
            found[number] = _saying(found[number], f"{OWNS} {told}")


def _tell_key(
    found: list[Finding], numbers: list[int], fact: Fact, certificates: list[Fact]
) -> None:
    first = certificates[0].certificate
    if first is None:
        return
    told = f"{belongs(first)} {_named(certificates)}"
    worse = fact.worse if first.is_ca else None
    if worse is not None and not numbers:
        found.append(_saying(worse, told))
    for number in numbers:
        one = found[number]
        if worse is not None:
            one = replace(worse, revision=one.revision, suppressed=one.suppressed)
        found[number] = _saying(one, told)


def _named(facts: Sequence[Fact]) -> str:
    paths = list(dict.fromkeys(f"in {one.path}:{one.line}" for one in facts))
    more = len(paths) - _MOST_NAMED
    named = " and ".join(paths[:_MOST_NAMED])
    return f"{named} and {more} more" if more > 0 else named


def _saying(finding: Finding, told: str) -> Finding:
    """The finding with more said, unless its own file has said it: that is nearer."""
    if BELONGS in finding.reason or OWNS in finding.reason:
        return finding
    reason = "; ".join(filter(None, (finding.reason, told)))
    return replace(finding, reason=reason)
