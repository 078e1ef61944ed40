"""What a comment asks of a scan: our own words, and those of other scanners."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from tlsmith.scan.source import Source

_OWN = re.compile(r"tlsmith:\s*ignore\b(?:\[([^\]\n]*)\])?[ \t]*([^\n]*)")
_CLOSING = re.compile(r"(?:\*/|-->|--|\*\)|-\}|#>|\]\]|=#)$")
_ANY = re.compile(r"tlsmith:|nosec|nosemgrep|nolint|noqa|gitleaks:allow", re.IGNORECASE)


@dataclass(frozen=True)
class Directive:
    """A comment that asks for findings to be left alone.

    Args:
        start: Where it begins, as an offset in the text.
        end: The offset after it.
        ids: Rules as the comment names them; empty where it names none.
        reason: Why, in its writer's words.
        tool: Whose words it is in; `tlsmith` for our own.
        line: The line it stands on.
        alone: Whether nothing else stands on that line.
    """

    start: int
    end: int
    ids: tuple[str, ...]
    reason: str
    tool: str
    line: int
    alone: bool


@lru_cache(maxsize=2)  # asked for by rules about them, and again at the end
def directives(source: Source) -> tuple[Directive, ...]:
    """Every directive of a text, in order."""
    if not _ANY.search(source.text):
        return ()
    found: dict[int, Directive] = {}
    for start, end in _comments(source):
        for one in _in_comment(source, start, end):
            found.setdefault(one.start, one)
    return tuple(found[start] for start in sorted(found))


def _comments(source: Source) -> Iterator[tuple[int, int]]:
    """Where comments stand; in a text without a language each line that has a word."""
    if source.language.comments:
        yield from source.tokens.comments
        return
    places = _ANY.finditer(source.text)
    for line in sorted({source.position(place.start())[0] for place in places}):
        yield source.line_bounds(line)


def _in_comment(source: Source, start: int, end: int) -> Iterator[Directive]:
    for found in _OWN.finditer(source.text, start, end):
        ids = tuple(
            name.strip() for name in (found[1] or "").split(",") if name.strip()
        )
        reason = _CLOSING.sub("", found[2].rstrip()).strip(" \t:-–—")
        yield _directive(source, found, start, ids, reason, "tlsmith")
    for tool, syntax in _syntaxes():
        for found in syntax.finditer(source.text, start, end):
            ids = tuple(re.split(r"[\s,]+", (found["ids"] or "").strip(" ,:-")))
            ids = tuple(name for name in ids if name)
            yield _directive(source, found, start, ids, found[0].strip(), tool)


def _directive(
    source: Source,
    found: re.Match[str],
    comment: int,
    ids: tuple[str, ...],
    reason: str,
    tool: str,
) -> Directive:
    line = source.position(found.start())[0]
    begin, _ = source.line_bounds(line)
    before = source.text[begin : max(begin, comment)]
    if not source.language.comments:
        before = source.text[begin : found.start()].strip(" \t/#;*<!-")
    return Directive(
        found.start(), found.end(), ids, reason, tool, line, not before.strip()
    )


def corresponds(
    directive: Directive, rule: str, category: str, cwe: tuple[int, ...]
) -> bool:
    """Whether a directive speaks of findings of this rule."""
    if directive.tool == "tlsmith":
        return bool(directive.reason) and rule in directive.ids
    table = _tools()[directive.tool]
    if not directive.ids:
        return category in table.get("bare", ())
    return any(_is_about(name, table, rule, cwe) for name in directive.ids)


def _is_about(
    name: str, table: Mapping[str, Any], rule: str, cwe: tuple[int, ...]
) -> bool:
    if name.rpartition(".")[2] == rule:
        return True
    pattern = table.get("like")
    if pattern and re.search(pattern, name, re.IGNORECASE):
        return True
    meant = table.get("ids", {}).get(name.upper())
    if meant is None:
        return False
    return bool(set(meant.get("cwe", ())) & set(cwe)) or rule.startswith(
        tuple(meant.get("rules", ())) or "\0"
    )


@cache
def _tools() -> dict[str, dict[str, Any]]:
    text = files("tlsmith.scan").joinpath("suppressions.toml").read_text("utf-8")
    return tomllib.loads(text)


@cache
def _syntaxes() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple(
        (tool, re.compile(table["syntax"], re.IGNORECASE))
        for tool, table in _tools().items()
    )
