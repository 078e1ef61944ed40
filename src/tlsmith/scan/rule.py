"""A rule: data that says what is wrong, where to look, and what to write instead."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tlsmith.errors import ConfigError
from tlsmith.scan.anchor import anchor_of
from tlsmith.scan.finding import CONFIDENCES, SEVERITIES

CATEGORIES = ("verification", "plaintext", "trust", "key")
_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)+")
_REQUIRED = ("id", "title", "severity", "cwe", "languages", "what", "fix")
_LOOKING_AROUND = re.compile(r"(?<!\\)\(\?<?[=!]")
# What matchers read as regular expressions.
_EXPRESSIONS = tuple(
    """pattern unless file_has file_lacks in_call not_in_call call_has key_lacks
    name_lacks definition_lacks compensated receiver beside not_beside beside_lacks
    lacks within said scope_has unless_name unless_later not_called
    function_lacks not_given_to""".split()  # noqa: SIM905
)


@dataclass(frozen=True)
class Rule:
    """One habit that switches verification off or hands trust out wrongly.

    Args:
        id: `language-library-habit`, never reused.
        title: One line.
        severity: How bad it is in production code.
        cwe: Numbers of the Common Weakness Enumeration.
        languages: Names of `languages.toml`; `*` is every text.
        what: What can happen.
        fix: What to write instead.
        anchor: A regular expression for a file that may be concerned, and for the
            places in it to look at. It must match without lookaround and hold a
            literal of three characters or more, so that it can be searched for fast;
            it knows ASCII only.
        match: The matcher's name as `kind`, and what it is to look for.
        confidence: How sure a match is where the matcher does not say.
        category: `verification`, `plaintext`, `trust` or `key`.
        references: Where it is written down.
        rewrite: How `--fix` mends it; empty if only a person can.
        bad: Texts that must be found, with how each is called.
        good: Texts that must not.
    """

    id: str
    title: str
    severity: str
    cwe: tuple[int, ...]
    languages: tuple[str, ...]
    what: str
    fix: str
    anchor: str = ""
    match: Mapping[str, Any] = field(default_factory=dict)
    confidence: str = "high"
    category: str = "verification"
    references: tuple[str, ...] = ()
    rewrite: Mapping[str, Any] = field(default_factory=dict)
    bad: tuple[str, ...] = ()
    good: tuple[str, ...] = ()

    @property
    def pattern(self) -> re.Pattern[str]:
        """The anchor, compiled."""
        return anchor_of(self.anchor).pattern


def rule_of(entry: Mapping[str, Any], where: str) -> Rule:
    """The rule that a table of a rule file describes.

    Raises:
        ConfigError: Every mistake in it at once.
    """
    mistakes = list(_mistakes(entry))
    if mistakes:
        raise ConfigError(f"{where}: {len(mistakes)} mistakes", mistakes=mistakes)
    lists = {
        name: tuple(entry[name])
        for name in ("cwe", "languages", "references", "bad", "good")
        if name in entry
    }
    return Rule(**{**entry, **lists})


def _mistakes(entry: Mapping[str, Any]) -> Iterable[str]:
    known = Rule.__dataclass_fields__
    yield from (f"{name} is missing" for name in _REQUIRED if name not in entry)
    yield from (f"{name!r} is not a field of a rule" for name in entry.keys() - known)
    if not _ID.fullmatch(str(entry.get("id", ""))):
        yield f"id {entry.get('id')!r} is not like language-library-habit"
    for name, allowed in (
        ("severity", SEVERITIES),
        ("confidence", CONFIDENCES),
        ("category", CATEGORIES),
    ):
        if name in entry and entry[name] not in allowed:
            yield f"{name} {entry[name]!r} is none of {', '.join(allowed)}"
    if _LOOKING_AROUND.search(entry.get("anchor", "")):
        yield f"anchor {entry['anchor']!r} looks around: it cannot be searched for fast"
    asked = entry.get("match", {})
    expressions = {name: asked[name] for name in _EXPRESSIONS if name in asked}
    for name, text in ({"anchor": entry.get("anchor", "")} | expressions).items():
        try:
            re.compile(text)
        except (TypeError, re.error) as error:
            yield f"{name} {text!r}: {error}"
