"""What came of a file, as what JSON can hold, and how long it is true."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from tlsmith.scan.artefacts import Fact
from tlsmith.scan.artefacts.artefact import Certificate
from tlsmith.scan.examine import Examined
from tlsmith.scan.finding import Edit, Finding

Told = list[Any]
"""Why the file was left out, its findings, its facts, and until when all that holds."""


def told(result: Examined, now: float) -> Told:
    """What came of a file.

    Args:
        result: What came of it.
        now: In seconds since 1970.
    """
    facts = [_fact_told(one) for one in result.facts]
    findings = [asdict(one) for one in result.findings]
    return [result.skipped, findings, facts, _until(result, now)]


def _until(result: Examined, now: float) -> float | None:
    """When the next of its certificates expires."""
    ends = (one.certificate.ends for one in result.facts if one.certificate)
    return min((end for end in ends if end >= now), default=None)


def result_of(said: Told, now: float) -> Examined | None:
    """What was told of a file; None if it holds no more.

    Raises:
        LookupError: It is nothing that was told so; as TypeError and ValueError.
    """
    skipped, findings, facts, until = said
    if until is not None and until < now:
        return None
    return Examined(
        [_finding(one) for one in findings], skipped, [_fact(*one) for one in facts]
    )


def _finding(said: dict[str, Any]) -> Finding:
    edits = tuple(Edit(**edit) for edit in said["edits"])
    return Finding(**{**said, "cwe": tuple(said["cwe"]), "edits": edits})


def _fact_told(fact: Fact) -> list[Any]:
    worse = asdict(fact.worse) if fact.worse else None
    return [*fact[:4], _certificate_told(fact.certificate), worse]


def _fact(*said: Any) -> Fact:
    path, line, mark, key, certificate, worse = said
    known = _certificate(certificate) if certificate else None
    return Fact(path, line, mark, key, known, _finding(worse) if worse else None)


def _certificate_told(known: Certificate | None) -> dict[str, Any] | None:
    if known is None:
        return None
    return {**known._asdict(), "faults": sorted(known.faults)}


def _certificate(said: dict[str, Any]) -> Certificate:
    return Certificate(**{**said, "faults": frozenset(said["faults"])})
