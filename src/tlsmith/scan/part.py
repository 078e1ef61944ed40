"""A text inside a text: a script in a pipeline, a file that a script writes."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from tlsmith.scan.finding import Edit, Match
from tlsmith.scan.language import languages
from tlsmith.scan.source import Source

_ESCAPE = re.compile(r"\\(?:u[0-9a-fA-F]{4}|[\s\S])")


@dataclass(frozen=True)
class Part:
    """A source that stands in another one.

    Args:
        source: What is to be judged.
        places: For each stretch that stands in one piece, where it begins in it and
            in the outer text, in order.
    """

    source: Source
    places: Sequence[tuple[int, int]]

    def offset(self, index: int) -> int:
        """Where a character stands in the outer text."""
        at = max(bisect_right(self.places, (index, 1 << 60)) - 1, 0)
        inside, outside = self.places[at]
        return outside + index - inside

    def outward(self, match: Match) -> Match:
        """The same match as the outer source has it."""
        origin = match.origin if match.origin_outer else None
        farther = max(match.origin_outer - 1, 0)
        if match.outer:
            outer = match.outer - 1
            return replace(match, outer=outer, origin=origin, origin_outer=farther)
        edits = tuple(self._outward(edit) for edit in match.edits)
        return replace(
            match,
            start=self.offset(match.start),
            end=self.offset(max(match.end - 1, match.start)) + 1,
            origin=origin,
            origin_outer=farther,
            edits=tuple(edit for edit in edits if edit) if all(edits) else (),
        )

    def _outward(self, edit: Edit) -> Edit | None:
        """None if what is to be replaced does not stand in one piece."""
        start, end = self.offset(edit.start), self.offset(edit.end)
        if end - start != edit.end - edit.start:
            return None
        return Edit(start, end, edit.text)


def part_of(
    outer: Source,
    text: str,
    places: Sequence[tuple[int, int]],
    language: str = "shell",
    path: str = "",
) -> Part:
    """A part of a source, in a language; or a file of this path, if one is named."""
    known = None if path else languages()[language]
    inner = Source(path or outer.path, text, known, inside=outer.inside, outer=outer)
    return Part(inner, places or [(0, 0)])


def stretch_of(
    outer: Source, start: int, end: int, language: str = "shell", path: str = ""
) -> Part:
    """The part that stands between two offsets as it is."""
    return part_of(outer, outer.text[start:end], [(0, start)], language, path)


_CHARACTERS = {"n": "\n", "t": "\t", "r": "\r", "0": "", "\n": " "}


def unescaped(source: Source, raw: str, start: int, language: str) -> Part:
    """What stands between double quotes, its escapes resolved."""
    return part_of(source, *rewritten(raw, start, _ESCAPE, _resolved), language)


def _resolved(escape: re.Match[str]) -> str:
    character = escape[0][1:]
    if character.startswith("u"):
        character = chr(int(character[1:], 16))
    return _CHARACTERS.get(character, character)


def rewritten(
    raw: str, start: int, pattern: re.Pattern[str], by: Callable[[re.Match[str]], str]
) -> tuple[str, list[tuple[int, int]]]:
    """What stands at an offset, with other text where a pattern matches; and where each
    stretch of it begins in that and outside.
    """
    pieces, places, length, last = [], [(0, start)], 0, 0
    for found in pattern.finditer(raw):
        plain, other = raw[last : found.start()], by(found)
        pieces += [plain, other]
        length += len(plain)
        places.append((length, start + found.start()))
        length += len(other)
        last = found.end()
        places.append((length, start + last))
    pieces.append(raw[last:])
    return "".join(pieces), places
