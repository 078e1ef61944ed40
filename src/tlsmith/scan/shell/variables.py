"""What a variable holds that a command is given: where that is written, as words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice

from tlsmith.scan.config.given import given
from tlsmith.scan.shell.command import Command, Word
from tlsmith.scan.shell.functions import function_at, function_called
from tlsmith.scan.shell.reader import read_shell
from tlsmith.scan.source import Source

_USE = re.compile(
    r"(?:\$\{?|%)(?P<name>[A-Za-z_]\w*)(?P<index>\[[@*]\])?(?P<default>:?[-=+][^}]*)?[}%]?"
    r"|\$\{\{\s*(?:env|vars|inputs|parameters|matrix|github\.event\.inputs)"
    r"\.(?P<context>[\w-]+)\s*\}\}"
    r"|\$\(\(?(?:variables\.|params\.)?(?P<macro>[A-Za-z_]\w*)\)\)?"
    r"|\{\{-?[ ]*\.?(?P<template>[A-Za-z_]\w*)[ ]*-?\}\}"
)
_CALL = re.compile(r"\$\(\s*(?P<name>[A-Za-z_][\w-]*)(?:[ \t][^()]*)?\)")
_ARGUMENTS = frozenset(["$@", "${@}", "$*", "${*}"])
_PLACE = re.compile(r"\$\{?([1-9])(?::?-[^}]*)?\}?")
_WRITING = frozenset(["echo", "printf"])
_LAST = re.compile(rf"(?:{_USE.pattern})$")
_TEXT = r"\"(?P<double>[^\"\n]*)\"|'(?P<single>[^'\n]*)'"
_LISTED = re.compile(rf"{_TEXT}|(?P<plain>[^\s,\[\]\"'][^,\]\n]*)")
_ENTRY = re.compile(rf"-[ ]+(?:{_TEXT}|(?P<plain>[^\s\"'#][^\n#]*))")
"""An entry of a list of YAML's, in brackets and on a line of its own."""
_LONGEST = 2000
_MOST_VALUES = 64
"""So many values of one word are looked at: scripts that test a program set a
variable hundreds of times.
"""
_DEEPEST = 3
"""So many variables are looked up, one in what the other holds."""


@dataclass(frozen=True)
class Held:
    """Words that a variable holds.

    Args:
        words: With places counted from `start`.
        start: Where the text that was read begins.
        outer: How many texts further out it stands.
    """

    words: list[Word]
    start: int
    outer: int


def held_by(word: Word, source: Source) -> Iterator[Held]:
    """What a word that is nothing but a variable may stand for in this file, and what
    the variables in that stand for.
    """
    yield from islice(_held_by(word, source, 0, frozenset()), _MOST_VALUES)


def _held_by(
    word: Word, source: Source, base: int, seen: frozenset[str]
) -> Iterator[Held]:
    if not any(mark in word.text for mark in ("$", "%", "{{")):
        return
    for name, at, held in _told_by(word, source, base):
        yield held
        if name in seen or len(seen) >= _DEEPEST:
            continue
        for inner in held.words:
            for more in _held_by(inner, at, held.start, seen | {name}):
                yield replace(more, outer=more.outer + held.outer)


def _told_by(
    word: Word, source: Source, base: int
) -> Iterator[tuple[str, Source, Held]]:
    """What a variable or a call stands for: its name, where that is told, the words."""
    place = _PLACE.fullmatch(word.text)
    if place or word.text in _ARGUMENTS:
        which = slice(int(place[1]) - 1, int(place[1])) if place else slice(None)
        for held in handed(word.offset(0) + base, source):
            yield word.text, source, replace(held, words=held.words[which])
        return
    for held in _echoed(word, base):
        yield word.text, source, held
    if called := _CALL.fullmatch(word.text):
        for held in told(called["name"], source):
            yield called["name"], source, held
    use = _USE.fullmatch(word.text)
    if use is None:
        return
    name = use["name"] or use["context"] or use["macro"] or use["template"]
    default = use["default"]
    if default:
        begin = use.start("default") + (2 if default[0] == ":" else 1)
        text = word.text[begin:].rstrip("}")
        yield name, source, Held(_words(text), word.offset(begin) + base, 0)
    level, at = 0, source
    while True:
        for held in _given(name, at, level):
            yield name, at, held
        if at.outer is None:
            return
        level, at = level + 1, at.outer


def values_of(text: str, source: Source) -> list[str] | None:
    """What a text that is nothing but a variable may stand for, as far as it is told
    in this file; None if it is no variable.
    """
    if text.startswith("{{"):
        default = given(text)
        return [] if default is None else [default]
    if _USE.fullmatch(text) is None:
        return None
    word = Word(text, 0, len(text), [])
    held = held_by(word, source)
    return [one.text for holding in held for one in holding.words[:1]]


def handed(offset: int, source: Source) -> Iterator[Held]:
    """What `$@` stands for: what a function is called with, or what `set --` says."""
    function = function_at(offset, source)
    for command in source.commands if source.language.name == "shell" else ():
        words = command.words
        if not words:
            continue
        if words[0].text == "set" and [one.text for one in words[1:2]] == ["--"]:
            if function_at(command.start, source) == function:
                yield Held(words[2:], 0, 0)
        elif function is not None and words[0].text == function.name:
            yield Held(words[1:], 0, 0)


def told(name: str, source: Source) -> Iterator[Held]:
    """What a function of this name writes: `$(options)`."""
    function = function_called(name, source)
    for command in source.commands if function is not None else ():
        program = command.words[0].text if command.words else ""
        inside = program in _WRITING and function_at(command.start, source) == function
        for word in command.words[1:] if inside else ():
            yield from _value(word, 0, 0)


def _echoed(word: Word, base: int) -> Iterator[Held]:
    """What `$(test -f ca.pem || echo -k)` stands for."""
    if not (word.text.startswith("$(") and word.text.endswith(")")):
        return
    for command in read_shell(word.text[2:-1]):
        if command.words and command.words[0].text in _WRITING:
            yield Held(command.words[1:], word.offset(2) + base, 0)


def set_where(text: str, source: Source) -> tuple[int, int, int] | None:
    """Where the variable that a text ends with is given a value: the offsets, and how
    many texts further out they are meant.
    """
    use = _LAST.search(text)
    if use is None or use["default"]:
        return None
    word = Word(use[0], 0, len(use[0]), [])
    for held in held_by(word, source):
        for inner in held.words[:1]:
            start = inner.start + held.start
            return start, start + inner.end - inner.start, held.outer
    return None


_MOST = 300
"""Names that are looked for in one source: each is looked for in all of it."""


def _given(name: str, source: Source, level: int) -> list[Held]:
    """What one source says that a variable is given."""
    known = _known(source)
    if name not in known:
        known[name] = [] if len(known) > _MOST else list(_looked_for(name, source))
    return [replace(one, outer=level) for one in known[name][:_MOST_VALUES]]


@lru_cache(maxsize=8)
def _known(source: Source) -> dict[str, list[Held]]:
    return {}


def _looked_for(name: str, source: Source, level: int = 0) -> Iterator[Held]:
    if source.language.name in ("shell", "batch", "powershell"):
        yield from _assigned(name, source, level)
        return
    for found in _settings(name).finditer(source.text):
        value, start = found["value"][:_LONGEST], found.start("value")
        if source.language.name == "yaml" and value[:1] in ("{", "["):
            continue  # a block, whose settings are looked at below
        quoted = re.match(r"([\"'])(.*)\1", value)
        if quoted:
            value, start = quoted[2], start + 1
        yield Held(_words(value), start, level)
    if source.language.name == "yaml":
        for pattern in (_defaults(name), _in_braces(name), _beside_name(name)):
            for found in pattern.finditer(source.text):
                group = found.lastgroup or "value"
                text, start = _unquoted(found[group], found.start(group))
                yield Held(_words(text), start, level)
        yield from _one_of(name, source, level)


def _one_of(name: str, source: Source, level: int) -> Iterator[Held]:
    """What a matrix gives a name in turn: each entry of its list."""
    for found in _lists(name).finditer(source.text):
        entries = _ENTRY if found["list"] is None else _LISTED
        for entry in entries.finditer(found["list"] or found["lines"]):
            text = entry["double"] or entry["single"] or entry["plain"] or ""
            at = entry.start() + entry[0].find(text) + found.start(found.lastgroup or 0)
            yield Held(_words(text), at, level)


def _lists(name: str) -> re.Pattern[str]:
    """`NAME: [a, b]`, or `NAME:` with lines of entries below."""
    return re.compile(
        rf"(?m)^[ \t]*(?:-[ ]+)?{name}:[ \t]*"
        r"(?:(?P<list>\[[^\[\]]{0,500}\])|\n(?P<lines>(?:[ \t]*-[ ][^\n]*\n){1,30}))"
    )


def _defaults(name: str) -> re.Pattern[str]:
    """`NAME:` with a `default: …` among the lines below it."""
    return re.compile(
        rf"(?m)^(?P<indent>[ \t]+){name}:[ \t]*\n(?:(?P=indent)[ \t]+[^\n]*\n){{0,8}}?"
        r"(?P=indent)[ \t]+default:[ \t]*(?P<value>[^\n]+)"
    )


_SCALAR = r"(?P<value>\"[^\"\n]*\"|'[^'\n]*'|[^\s\"'{\[|>&*#][^,}\n]*)"
"""A value of YAML's that stands on one line."""


def _in_braces(name: str) -> re.Pattern[str]:
    """`{NAME: …}`, `NAME: {type: string, default: …}`."""
    return re.compile(
        rf"(?m)(?:^[ \t]*(?:-[ ]+)?|[{{,][ \t]*)[\"']?{name}[\"']?:[ \t]*\{{"
        rf"[^{{}}\n]*?\bdefault:[ \t]*{_SCALAR}"
        rf"|[{{,][ \t]*[\"']?{name}[\"']?:[ \t]+{_SCALAR.replace('value', 'own')}"
    )


def _beside_name(name: str) -> re.Pattern[str]:
    """`name: NAME` with its `value: …`, or its `default: …`, behind or below it."""
    return re.compile(
        rf"\bname:[ \t]*[\"']?{name}[\"']?[ \t]*(?:,[ \t]*|\n[ \t]+)"
        rf"(?:type:[^\n,]*(?:,[ \t]*|\n[ \t]+))?(?:value|default):[ \t]*{_SCALAR}"
    )


def _unquoted(text: str, start: int) -> tuple[str, int]:
    """A value without its quotes, and where it begins then."""
    quoted = text[:1] in "\"'" and text[:1] == text[-1:] and len(text) > 1
    return (text[1:-1], start + 1) if quoted else (text, start)


def _settings(name: str) -> re.Pattern[str]:
    """`NAME=…`, `NAME: …`, `ENV NAME …` at the start of a line."""
    return re.compile(
        r"(?m)^[ \t]*(?:-[ ]+|(?:export|ENV|ARG|define|const|let|var|my|our|final|def)"
        r"[ ]+)?"
        rf"""(?:String[ ]+)?["'$]?{name}["']?"""
        rf"""[ \t]*(?:\+=|[:?]{{0,2}}=|:[ \t]|[ \t])[ \t]*(?P<value>[^\n]+)$"""
    )


def _assigned(name: str, source: Source, level: int) -> Iterator[Held]:
    pattern = re.compile(rf"{name}(?:\[[^\]]*\])?\+?=")
    default = re.compile(rf"\$\{{{name}:?=(?P<value>[^}}]*)\}}")
    for command in source.commands:
        yield from _read_by(command, name, level)
        for word in (*command.assignments, *command.words):
            if found := pattern.match(word.text):
                if word.items:
                    yield Held(word.items, 0, level)
                elif found.end() < len(word.text):
                    yield from _value(word, found.end(), level)
            elif command.words[:1] and command.words[0].text == ":":
                for inner in default.finditer(word.text):
                    begin = inner.start("value")
                    yield Held(_words(inner["value"]), word.offset(begin), level)


def _read_by(command: Command, name: str, level: int) -> Iterator[Held]:
    """What `read -r -a NAME <<< "…"` gives a variable."""
    words = [word.text for word in command.words]
    if words[:1] == ["read"] and words[-1:] == [name]:
        for operator, word in command.redirects:
            if operator.strip() == "<<<":
                yield from _value(word, 0, level)


def _value(word: Word, begin: int, level: int) -> Iterator[Held]:
    text = word.text[begin : begin + _LONGEST]
    start = word.offset(begin)
    if word.offset(begin + len(text) - 1) - start == len(text) - 1:
        yield Held(_words(text), start, level)


def _words(text: str) -> list[Word]:
    return [word for command in read_shell(text) for word in command.words]
