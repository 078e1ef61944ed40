"""What a Makefile asks before it sets something: `ifeq ($(INSECURE),1)`."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from tlsmith.scan.source import Source

_LINE = re.compile(
    r"(?m)^[ ]*(?=else\b|if|endif)(?P<otherwise>else\b)?[ \t]*"
    r"(?:(?P<word>if(?:n?eq|n?def)|endif)\b[ \t]*(?P<asked>[^#\n]{0,200}))?"
)
_MOST = 2000
"""Conditional lines of one text that are read."""
_NAME = r"\$[({](?:strip[ ]+)?(?:\$[({])?(?P<name>[\w.-]+)[)}]*"
_COMPARED = re.compile(
    rf"""[("']*{_NAME}["']?[ \t]*[, \t][ \t]*["']?(?P<with>[\w-]*)["')]*"""
)


class Asked(NamedTuple):
    """A variable, what it is compared with, and whether it must be that.

    Args:
        name: Of the variable.
        value: What it is compared with; None where it must only be set.
        same: Whether it must be so for the branch to be taken.
    """

    name: str
    value: str | None
    same: bool


def conditionals(source: Source, offset: int) -> Iterator[Asked]:
    """The conditions that a line of a Makefile stands behind."""
    states = _states(source)
    at = bisect_right(states, offset, key=lambda state: state[0]) - 1
    yield from filter(None, states[at][1] if at >= 0 else ())


@lru_cache(maxsize=4)
def _states(source: Source) -> list[tuple[int, tuple[Asked | None, ...]]]:
    """What is asked behind each conditional line, with where that begins."""
    opened: tuple[Asked | None, ...] = ()
    states = []
    for line in islice(_LINE.finditer(source.text), _MOST):
        if line["otherwise"] and opened:
            last = opened[-1]
            opened = (*opened[:-1], last and last._replace(same=not last.same))
        if line["word"] == "endif":
            opened = opened[:-1]
        elif line["word"]:
            found = _read(line["word"], line["asked"])
            opened = (*(opened[:-1] if line["otherwise"] else opened), found)
        states.append((line.end(), opened))
    return states


def _read(word: str, asked: str) -> Asked | None:
    same = word in ("ifeq", "ifdef")
    if word.endswith("def"):
        return Asked(asked.strip(), None, same)
    found = _COMPARED.fullmatch(asked.strip())
    return Asked(found["name"], found["with"], same) if found else None
