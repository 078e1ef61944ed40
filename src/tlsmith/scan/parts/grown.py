"""A command that a variable is given piece by piece: `c=(curl -s)`, `c+=(-k)`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tlsmith.scan.part import Part
from tlsmith.scan.parts.listed import joined
from tlsmith.scan.shell.command import Command, Word
from tlsmith.scan.source import Source

_ASSIGNMENT = re.compile(r"(?P<name>[A-Za-z_]\w*)(?P<more>\+?)=")
_PROGRAM = re.compile(r"[A-Za-z./][\w./-]*")
_WORD = re.compile(r"\S+")
_DECLARING = frozenset(["export", "declare", "local", "readonly", "typeset"])
_MOST = 100
"""Words of one command."""

_Words = list[tuple[str, int]]


def grown(source: Source) -> Iterator[Part]:
    """The commands that variables hold once everything has been added to them."""
    held: dict[str, _Words] = {}
    pieces: dict[str, int] = {}
    for command in source.commands:
        for word in _assignments(command):
            found = _ASSIGNMENT.match(word.text)
            if found is None:
                continue
            name, words = found["name"], list(_words(word, found.end()))
            kept = _without(name, words)
            if found["more"] or len(kept) < len(words):
                held.setdefault(name, []).extend(kept)
                pieces[name] = pieces.get(name, 0) + 1
            else:
                yield from _command(source, held.get(name), pieces.get(name, 0))
                held[name], pieces[name] = words, 1
    for name, words in held.items():
        yield from _command(source, words, pieces[name])


def _assignments(command: Command) -> Iterator[Word]:
    yield from command.assignments
    if command.words and command.words[0].text in _DECLARING:
        yield from command.words[1:]


def _words(word: Word, start: int) -> Iterator[tuple[str, int]]:
    """The words that a variable is given, each with its place."""
    if word.items:
        for item in word.items:
            yield item.text, item.offset(0)
        return
    for found in _WORD.finditer(word.text, start):
        yield found[0], word.offset(found.start())


def _without(name: str, words: _Words) -> _Words:
    """Words that are added to what a variable held, which may be named among them."""
    own = re.compile(rf"\$\{{?{name}(?:\[[@*]\])?\}}?")
    return [word for word in words if not own.fullmatch(word[0])]


def _command(source: Source, words: _Words | None, pieces: int) -> Iterator[Part]:
    if words and pieces > 1 and _PROGRAM.fullmatch(words[0][0]):
        yield joined(source, words[:_MOST])
