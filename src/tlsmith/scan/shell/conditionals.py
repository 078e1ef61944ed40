"""What a Makefile asks before it sets something: `ifeq ($(INSECURE),1)`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_LINE = re.compile(
    r"(?m)^[ ]*(?P<otherwise>else\b)?[ \t]*(?:(?P<word>if(?:n?eq|n?def)|endif)\b[ \t]*"
    r"(?P<asked>[^#\n]{0,200}))?"
)
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


def conditionals(text: str, offset: int) -> Iterator[Asked]:
    """The conditions that a line of a Makefile stands behind."""
    opened: list[Asked | None] = []
    for line in _LINE.finditer(text, 0, offset):
        if line["otherwise"] and opened:
            last = opened.pop()
            opened.append(last and last._replace(same=not last.same))
        if line["word"] == "endif":
            opened[-1:] = []
        elif line["word"]:
            found = _read(line["word"], line["asked"])
            opened[len(opened) - bool(line["otherwise"] and opened) :] = [found]
    yield from filter(None, opened)


def _read(word: str, asked: str) -> Asked | None:
    same = word in ("ifeq", "ifdef")
    if word.endswith("def"):
        return Asked(asked.strip(), None, same)
    found = _COMPARED.fullmatch(asked.strip())
    return Asked(found["name"], found["with"], same) if found else None
