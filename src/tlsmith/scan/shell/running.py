"""Which command runs the program that stands at an offset."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import lru_cache

from tlsmith.scan.shell.command import Command, Word
from tlsmith.scan.shell.program import name_of, programs
from tlsmith.scan.source import Source

_FAR = 64
_Running = tuple[int, int, Command, int]


def running_at(
    source: Source, offset: int, name: re.Pattern[str]
) -> tuple[Command, int] | None:
    """The command with the index of its program, if one of this name is run there.

    The offset may be that of the program, or of any word behind it.
    """
    starts, places = _index(source)
    at = bisect_right(starts, offset) - 1
    for back in range(at, max(at - _FAR, -1), -1):
        _, end, command, index = places[back]
        near = offset < end or command.start <= offset < command.end
        if near and name.fullmatch(name_of(command.words[index].text)):
            return command, index
    return None


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


_ASSIGNMENT = re.compile(r"(?P<name>[A-Za-z_]\w*)(?:\[[^\]]*\])?\+?=")
_USE = re.compile(r"\$\{?([A-Za-z_]\w*)(?:\[[@*]\])?\}?")


def given_what_is_at(
    source: Source, offset: int, name: re.Pattern[str]
) -> Iterator[tuple[Command, int]]:
    """The commands of a program that are given the variable which holds an offset:
    `options=(--insecure)` and, further down, `mc "${options[@]}" …`.
    """
    if source.language.name != "shell":
        return
    for _, word in words_at(source, offset):
        assigned = _ASSIGNMENT.match(word.text)
        for command in _given(source).get(assigned["name"], ()) if assigned else ():
            for index in programs(command.words):
                if name.fullmatch(name_of(command.words[index].text)):
                    yield command, index
                    break


@lru_cache(maxsize=16)
def _given(source: Source) -> dict[str, list[Command]]:
    """Every variable that is a word of commands, with those."""
    given: dict[str, list[Command]] = {}
    for command in source.commands:
        for word in command.words:
            if use := _USE.fullmatch(word.text):
                commands = given.setdefault(use[1], [])
                if not commands or commands[-1] is not command:
                    commands.append(command)
    return given


def words_at(source: Source, offset: int) -> Iterator[tuple[Command, Word]]:
    """The words that hold an offset, each with its command, the innermost first."""
    starts, places = _words(source)
    at = bisect_right(starts, offset) - 1
    for back in range(at, max(at - _FAR, -1), -1):
        command, word = places[back]
        if offset < word.end:
            yield command, word


@lru_cache(maxsize=16)
def _words(source: Source) -> tuple[list[int], list[tuple[Command, Word]]]:
    places = [
        (command, word)
        for command in source.commands
        for word in (*command.assignments, *command.words)
    ]
    places.sort(key=lambda place: place[1].start)
    return [word.start for _, word in places], places
