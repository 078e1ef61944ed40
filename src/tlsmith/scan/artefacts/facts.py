"""What the keys and certificates of one file have to tell those of others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tlsmith.scan.artefacts.artefact import Artefact, Certificate
from tlsmith.scan.finding import Finding, Match
from tlsmith.scan.judge import finding_of
from tlsmith.scan.rule import Rule
from tlsmith.scan.source import Source
from tlsmith.scan.suppression import suppressed

_OF_CA = "ca-key"


class Fact(NamedTuple):
    """A key or a certificate, where it is.

    Args:
        path: The file.
        line: The line in it.
        mark: What its findings show.
        key: The SHA-256 of the public key of a private key.
        certificate: What is known of a certificate.
        worse: What is to be found instead if the key proves to be a CA's.
    """

    path: str
    line: int
    mark: str
    key: str | None = None
    certificate: Certificate | None = None
    worse: Finding | None = None


def match_of(artefact: Artefact, end: int | None = None) -> Match:
    """Where an artefact is, and what may be shown of it."""
    return Match(
        artefact.start,
        artefact.end if end is None else end,
        confidence=artefact.confidence,
        reason=artefact.told,
        target=artefact.host,
        shown=f"({artefact.mark})" if end is None else "",
    )


def facts_of(source: Source, rules: Sequence[Rule]) -> list[Fact]:
    """What a text has to tell others; nothing where no rule about keys is asked."""
    if not rules:
        return []
    from tlsmith.scan.artefacts.text import artefacts_of

    artefacts = artefacts_of(source.text).values()
    return facts_of_artefacts(artefacts, source, rules)


def facts_of_artefacts(
    artefacts: Iterable[Artefact], source: Source, rules: Sequence[Rule]
) -> list[Fact]:
    """The keys first that do not know their certificate, then the certificates."""
    of_ca = next((rule for rule in rules if rule.match["is"] == _OF_CA), None)
    facts = []
    for one in artefacts:
        line, _ = source.position(one.start)
        mark = f"({one.mark})"
        if one.key and _OF_CA not in one.is_:
            worse = _worse(of_ca, one, source) if of_ca else None
            facts.append(Fact(source.path, line, mark, one.key, worse=worse))
        facts += [
            Fact(source.path, line, mark, certificate=each) for each in one.certificates
        ]
    return facts


def _worse(rule: Rule, artefact: Artefact, source: Source) -> Finding:
    end = None if artefact.end else len(source.text)
    found = finding_of(rule, match_of(artefact, end), source)
    return suppressed(source, [found])[0]
