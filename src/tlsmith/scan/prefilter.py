"""Which rules may concern a file: those whose anchors occur in its bytes.

One pass of hyperscan looks for all anchors at once. Without it each anchor's longest
literal is looked for first, which the standard library does at the speed of memory.
RE2 is no third way: its set of so many expressions runs out of memory on every other
file, and takes as long as the literals where it does not.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any

from tlsmith.scan.anchor import bytes_form, literals_of
from tlsmith.scan.caching import keep
from tlsmith.scan.parts.reading import holds, may_write, writes
from tlsmith.scan.rule import Rule
from tlsmith.scan.rulebook import fingerprint_of
from tlsmith.scan.signs import Signs, signs_of

Search = Callable[[bytes], list[int]]
"""Takes bytes; returns the positions of the anchors that occur in them."""

_WORTH_COMPILING = 4 << 20
"""Bytes after which the two seconds that compiling takes, once, are won back."""


_BOUND = re.compile(rb"\{(\d+),(\d+)\}")
_FEW = 16
"""Repetitions that are cheap to count."""


class Candidates:
    """The rules that may concern a file, by the fastest way there is.

    Args:
        rules: All of them.
        cache: A folder for hyperscan's compiled form, or None.
    """

    def __init__(self, rules: Sequence[Rule], cache: str | None = None) -> None:
        self._rules = rules
        self._cache = cache
        self._anchors = list(dict.fromkeys(rule.anchor for rule in rules))
        self._by_anchor: dict[str, list[int]] = {}
        for number, rule in enumerate(rules):
            self._by_anchor.setdefault(rule.anchor, []).append(number)
        self._searched = 0
        self._fast = _hyperscan(self._anchors, cache, compiled_only=True)
        self._plain: dict[str, tuple[Search, list[str]]] = {}
        self._signs: dict[str, Signs] = {}

    def of(self, data: bytes, language: Callable[[], str]) -> list[Rule]:
        """The rules whose anchors occur in some bytes, in order.

        Args:
            data: A text in UTF-8.
            language: Tells which language it is written in, if that matters.
        """
        if self._fast is None and self._searched > _WORTH_COMPILING:
            self.prepare()
        if self._fast is not None:
            search, anchors = self._fast, self._anchors
        else:
            search, anchors = self._plainly(language())
            self._searched += len(data)
        places = search(data)
        if not places:
            return []
        numbers = {n for place in places for n in self._by_anchor[anchors[place]]}
        rules = [self._rules[number] for number in sorted(numbers)]
        name = language()
        read = [rule for rule in rules if _reads(rule, name)]
        if len(read) < len(rules) and writes(name, data):
            read = rules
        return self._signed(read, data) if read else read

    def _signed(self, rules: list[Rule], data: bytes) -> list[Rule]:
        """Those of some rules whose signs stand in a text as well."""
        lowered = b""
        seen: dict[frozenset[bytes], bool] = {}
        kept = []
        for rule in rules:
            signs = self._signs_of(rule)
            for words in signs:
                if words not in seen:
                    lowered = lowered or data.lower()
                    seen[words] = any(word in lowered for word in words)
                if not seen[words]:
                    break
            else:
                kept.append(rule)
        return kept

    def _signs_of(self, rule: Rule) -> Signs:
        if rule.id not in self._signs:
            self._signs[rule.id] = signs_of(rule)
        return self._signs[rule.id]

    def prepare(self) -> None:
        """Compile the fastest search there is."""
        if self._fast is None:
            self._fast = _hyperscan(self._anchors, self._cache)
        if self._fast is None:
            self._searched = -(1 << 62)

    def _plainly(self, language: str) -> tuple[Search, list[str]]:
        if language not in self._plain:
            every = may_write(language)
            rules = (rule for rule in self._rules if every or _reads(rule, language))
            anchors = list(dict.fromkeys(rule.anchor for rule in rules))
            self._plain[language] = by_literals(anchors), anchors
        return self._plain[language]


def _reads(rule: Rule, language: str) -> bool:
    """Whether a rule may find something in such a text, or in a part of it."""
    return language in rule.languages or "*" in rule.languages or holds(language, rule)


def by_literals(anchors: Sequence[str]) -> Search:
    """The search of the standard library: literals first, then the expressions."""
    exact: dict[bytes, list[int]] = {}
    folded: dict[bytes, list[int]] = {}
    for place, anchor in enumerate(anchors):
        words, fold = literals_of(anchor)
        for word in words:
            (folded if fold else exact).setdefault(word, []).append(place)
    patterns = [_bytes_pattern(anchor) for anchor in anchors]

    def search(data: bytes) -> list[int]:
        likely = {p for word, places in exact.items() if word in data for p in places}
        lower = data.lower()
        for word, places in folded.items():
            if word in lower:
                likely.update(places)
        return [place for place in likely if patterns[place]().search(data)]

    return search


def _bytes_pattern(anchor: str) -> Callable[[], re.Pattern[bytes]]:
    @lru_cache(maxsize=1)
    def pattern() -> re.Pattern[bytes]:
        return re.compile(bytes_form(anchor))

    return pattern


def _hyperscan(
    anchors: Sequence[str], cache: str | None, *, compiled_only: bool = False
) -> Search | None:
    """One pass over all anchors, or None if hyperscan is not there or refuses one."""
    name = None
    if cache is not None:
        name = os.path.join(cache, f"anchors-{fingerprint_of(anchors)}.hs")
    if compiled_only and (name is None or not os.path.exists(name)):
        return None
    try:
        import hyperscan
    except ImportError:
        return None
    database = _loaded(hyperscan, name)
    if database is None and not compiled_only:
        database = _compiled(hyperscan, anchors, name)
    if database is None:
        return None
    found: list[int] = []

    def hit(place: int, start: int, end: int, flags: int, context: object) -> None:
        found.append(place)

    scan = database.scan

    def search(data: bytes) -> list[int]:
        found.clear()
        scan(data, match_event_handler=hit)
        return found

    return search


def _loaded(hyperscan: Any, name: str | None) -> Any:
    """The database that a file keeps; none that another version has written."""
    if name is None:
        return None
    with suppress(OSError, hyperscan.error, ValueError):
        with open(name, "rb") as stream:
            database = hyperscan.loadb(stream.read(), hyperscan.HS_MODE_BLOCK)
        database.scratch = hyperscan.Scratch(database)
        return database
    return None


def _loosened(expression: bytes) -> bytes:
    """An expression without its upper bounds: it finds more, and compiles faster."""
    return _BOUND.sub(
        lambda found: found[0] if int(found[2]) < _FEW else b"{%s,}" % found[1],
        expression,
    )


def _compiled(hyperscan: Any, anchors: Sequence[str], name: str | None) -> Any:
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    flags = hyperscan.HS_FLAG_SINGLEMATCH | hyperscan.HS_FLAG_PREFILTER
    try:
        database.compile(
            expressions=[_loosened(bytes_form(anchor)) for anchor in anchors],
            ids=list(range(len(anchors))),
            flags=[flags] * len(anchors),
        )
    except hyperscan.error:
        return None
    if name is not None:
        with suppress(hyperscan.error):
            keep(name, hyperscan.dumpb(database))
    return database
