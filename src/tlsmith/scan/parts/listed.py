"""A command written as a list of strings: `["curl", "-k", "https://…"]`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from tlsmith.scan.part import Part, part_of
from tlsmith.scan.source import Source

_STRING = re.compile(r'"(?P<double>(?:[^"\\\n]|\\.)*)"|\'(?P<single>[^\'\n]*)\'')
_SAFE = re.compile(r"[\w@%+=:,./{}$\[\]*?~^-]+")


def listed(source: Source, start: int, end: int) -> Part:
    """The command that the strings between two offsets are, one after the other."""
    return joined(source, strings_in(source, start, end))


def strings_in(source: Source, start: int, end: int) -> Iterator[tuple[str, int]]:
    """What stands in the quotes between two offsets, each with its place."""
    for found in _STRING.finditer(source.text, start, end):
        group = found.lastgroup or 0
        yield found[group], found.start(group)


def joined(source: Source, words: Iterable[tuple[str, int]]) -> Part:
    """The command that words are, each with the offset where it stands.

    Words are quoted where a shell would take them for something else.
    """
    text, places, length = [], [], 0
    for word, offset in words:
        quote = "" if _SAFE.fullmatch(word) else "'"
        if quote and "'" in word:
            quote = '"' if not re.search(r'["\\$`]', word) else ""
        places += [(length, offset - len(quote)), (length + len(quote), offset)]
        piece = f"{quote}{word or chr(39) * 2}{quote} "
        text.append(piece)
        length += len(piece)
    return part_of(source, "".join(text), places)
