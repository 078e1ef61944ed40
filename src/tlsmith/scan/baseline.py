"""Findings that were there before, so that only new ones are told."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tlsmith.errors import ConfigError
from tlsmith.scan.finding import Finding
from tlsmith.scan.fingerprint import fingerprints

_VERSION = 1


@dataclass(frozen=True)
class Compared:
    """Findings held against a baseline.

    Args:
        new: Those that are not in it.
        known: Those that are.
        gone: Entries of it that nothing was found for, as it tells them.
    """

    new: tuple[Finding, ...]
    known: tuple[Finding, ...]
    gone: tuple[dict[str, Any], ...]


def baseline_text(findings: Iterable[Finding]) -> str:
    """The baseline of these findings: sorted, a line each, fit for version control."""
    told = [one for one in findings if one.suppressed is None]
    entries = sorted(
        (
            {"fingerprint": mark, "rule": one.rule, "path": one.path}
            for one, mark in zip(told, fingerprints(told), strict=True)
        ),
        key=lambda entry: (entry["path"], entry["rule"], entry["fingerprint"]),
    )
    lines = ",\n".join(f"    {json.dumps(entry)}" for entry in entries)
    body = f"[\n{lines}\n  ]" if lines else "[]"
    return f'{{\n  "version": {_VERSION},\n  "findings": {body}\n}}\n'


def compared(findings: Iterable[Finding], entries: list[dict[str, Any]]) -> Compared:
    """The findings that a baseline does not know, and those it does."""
    left = Counter(entry["fingerprint"] for entry in entries)
    told = [one for one in findings if one.suppressed is None]
    new, known = [], []
    for one, mark in zip(told, fingerprints(told), strict=True):
        if left[mark]:
            left[mark] -= 1
            known.append(one)
        else:
            new.append(one)
    gone = []
    for entry in entries:
        if left[entry["fingerprint"]]:
            left[entry["fingerprint"]] -= 1
            gone.append(entry)
    return Compared(tuple(new), tuple(known), tuple(gone))


def baseline_entries(text: str, where: str) -> list[dict[str, Any]]:
    """The entries of a baseline file.

    Raises:
        ConfigError: It is none.
    """
    try:
        facts = json.loads(text)
    except ValueError as error:
        raise _bad(where, f"it is no JSON: {error}") from error
    if not isinstance(facts, dict) or facts.get("version") != _VERSION:
        raise _bad(where, f"it has no version {_VERSION}")
    entries = facts.get("findings")
    if not isinstance(entries, list) or not all(
        isinstance(entry, dict) and isinstance(entry.get("fingerprint"), str)
        for entry in entries
    ):
        raise _bad(where, "findings is no list of entries with a fingerprint")
    return entries


def _bad(where: str, mistake: str) -> ConfigError:
    return ConfigError(
        f"{where} is no baseline: {mistake}",
        mistakes=[mistake],
        hint=f"make it anew: tlsmith scan . --write-baseline {where}",
    )
