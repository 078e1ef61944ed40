"""Which rules may concern a file: those whose anchors occur in its bytes.

One pass of hyperscan looks for all anchors at once. Without it each anchor's longest
literal is looked for first, which the standard library does at the speed of memory.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any

from tlsmith.scan.rule import Rule
from tlsmith.scan.rulebook import fingerprint_of, keep

Prefilter = Callable[[bytes], list[int]]
"""Takes the bytes of a file; returns the positions of the rules that may concern it."""

_WORTH_COMPILING = 1 << 22


class Candidates:
    """The rules that may concern a file, by the surest way there is.

    Args:
        rules: All of them.
        cache: A folder for hyperscan's compiled form, or None.
    """

    def __init__(self, rules: Sequence[Rule], cache: str | None = None) -> None:
        self._rules = rules
        self._cache = cache
        self._anchors = list(dict.fromkeys(rule.anchor for rule in rules))
        self._by_anchor: list[list[int]] = [[] for _ in self._anchors]
        places = {anchor: place for place, anchor in enumerate(self._anchors)}
        for number, rule in enumerate(rules):
            self._by_anchor[places[rule.anchor]].append(number)
        self._searched = 0
        self._search: Prefilter | None = None
        self._plain: Prefilter | None = None

    def of(self, data: bytes) -> list[Rule]:
        """The rules whose anchors occur in these bytes, in their order."""
        found = self._hits(data)
        if not found:
            return []
        numbers = sorted(n for place in set(found) for n in self._by_anchor[place])
        return [self._rules[number] for number in numbers]

    def prepare(self) -> None:
        """Compile, or load, the fastest search there is."""
        if self._search is None:
            self._search = _hyperscan(self._anchors, self._cache) or self._plainly()

    def _hits(self, data: bytes) -> list[int]:
        if self._search is not None:
            return self._search(data)
        self._searched += len(data)
        if self._searched > _WORTH_COMPILING:
            self.prepare()
        return self._plainly()(data)

    def _plainly(self) -> Prefilter:
        if self._plain is None:
            self._plain = by_literals(self._anchors)
        return self._plain


def by_literals(anchors: Sequence[str]) -> Prefilter:
    """The search of the standard library: literals first, then the expressions."""
    by_literal: dict[tuple[bytes, bool], list[int]] = {}
    for place, anchor in enumerate(anchors):
        by_literal.setdefault(literal_of(anchor), []).append(place)
    patterns = [_bytes_pattern(anchor) for anchor in anchors]
    exact = [(word, places) for (word, folded), places in by_literal.items() if not folded]
    folded = [(word, places) for (word, fold), places in by_literal.items() if fold]

    def search(data: bytes) -> list[int]:
        lower = data.lower()
        likely = [place for word, places in exact if word in data for place in places]
        likely += [place for word, places in folded if word in lower for place in places]
        return [place for place in likely if patterns[place]().search(data)]

    return search


def _bytes_pattern(anchor: str) -> Callable[[], re.Pattern[bytes]]:
    @lru_cache(maxsize=1)
    def pattern() -> re.Pattern[bytes]:
        return re.compile(anchor.encode())

    return pattern


def literal_of(anchor: str) -> tuple[bytes, bool]:
    """The longest text that every match of an expression holds, and if case is free.

    Empty if there is none: then every file may match.
    """
    from re import _parser  # type: ignore[attr-defined]

    parsed = _parser.parse(anchor)
    folded = bool(parsed.state.flags & re.IGNORECASE)
    runs = _runs(parsed)
    best = max(runs, key=len, default="")
    return best.lower().encode() if folded else best.encode(), folded


def _runs(parsed: Any) -> list[str]:
    """The literal texts that stand in every match of a parsed expression."""
    runs, run = [], ""
    for operation, argument in parsed:
        name = str(operation)
        if name == "LITERAL":
            run += chr(argument)
            continue
        if name == "AT":
            continue
        runs.append(run)
        run = ""
        if name == "SUBPATTERN" and not argument[1] and not argument[2]:
            runs += _runs(argument[3])
        elif name in ("MAX_REPEAT", "MIN_REPEAT") and argument[0] >= 1:
            runs += _runs(argument[2])
    return [*runs, run]


def _hyperscan(anchors: Sequence[str], cache: str | None) -> Prefilter | None:
    """One pass over all anchors, or None if hyperscan is not there or refuses one."""
    try:
        import hyperscan
    except ImportError:
        return None
    database = _loaded(hyperscan, anchors, cache)
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


def _loaded(hyperscan: Any, anchors: Sequence[str], cache: str | None) -> Any:
    name = None
    if cache is not None:
        version = f"{hyperscan.__version__}-{fingerprint_of(anchors)}"
        name = os.path.join(cache, f"anchors-{version}.hs")
        with suppress(OSError, hyperscan.error, ValueError):
            with open(name, "rb") as stream:
                database = hyperscan.loadb(stream.read(), hyperscan.HS_MODE_BLOCK)
            database.scratch = hyperscan.Scratch(database)
            return database
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    flags = hyperscan.HS_FLAG_SINGLEMATCH | hyperscan.HS_FLAG_PREFILTER
    try:
        database.compile(
            expressions=[anchor.encode() for anchor in anchors],
            ids=list(range(len(anchors))),
            flags=[flags] * len(anchors),
        )
    except hyperscan.error:
        return None
    if name is not None:
        with suppress(hyperscan.error):
            keep(name, hyperscan.dumpb(database))
    return database
