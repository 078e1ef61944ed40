"""Which command runs the program that stands at an offset."""

from __future__ import annotations

from bisect import bisect_right
from functools import lru_cache

from tlsmith.scan.shell.command import Command
from tlsmith.scan.shell.program import programs
from tlsmith.scan.source import Source

_Running = tuple[int, int, Command, int]


def running_at(source: Source, offset: int) -> tuple[Command, int] | None:
    """The command with the index of its program, if one is run there."""
    starts, places = _index(source)
    at = bisect_right(starts, offset) - 1
    if at < 0 or places[at][1] <= offset:
        return None
    return places[at][2:]


@lru_cache(maxsize=64)
def _index(source: Source) -> tuple[list[int], list[_Running]]:
    """Every program of a source, in order of place."""
    places: list[_Running] = []
    for command in source.commands:
        for index in programs(command.words):
            word = command.words[index]
            places.append((word.start, word.end, command, index))
    places.sort(key=lambda place: place[0])
    return [place[0] for place in places], places
