"""Settings that a program writes into its own file: `postconf -e 'NAME = VALUE'`."""

from __future__ import annotations

from collections.abc import Iterator

from tlsmith.scan.part import Part, part_of
from tlsmith.scan.shell.command import Command
from tlsmith.scan.shell.program import name_of, programs
from tlsmith.scan.source import Source

_FILES = {"postconf": "main.cf"}
_EDITING = frozenset({"-e", "-ev", "-ve"})


def edited(source: Source, command: Command) -> Iterator[Part]:
    """The lines that a command adds to a file of its own, as that file."""
    for at in programs(command.words):
        file = _FILES.get(name_of(command.words[at].text))
        words = [word for word in command.words[at + 1 :] if "=" in word.text]
        options = {word.text for word in command.words[at + 1 :]}
        if file is None or not words or _EDITING.isdisjoint(options):
            continue
        text, places = "", []
        for word in words:
            for inside, outside in word.places or [(0, word.start)]:
                places.append((len(text) + inside, outside))
            text += f"{word.text}\n"
        yield part_of(source, text, places, path=file)
