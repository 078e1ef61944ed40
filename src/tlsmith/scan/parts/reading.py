"""The parts of a source: what is code of its own in it, judged as what it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from importlib import import_module

from tlsmith.scan.anchor import anchor_of
from tlsmith.scan.part import Part
from tlsmith.scan.parts.telling import may_tell, tells_near
from tlsmith.scan.rule import Rule
from tlsmith.scan.source import Source

_READERS = {
    "shell": "shell",
    "batch": "shell",
    "powershell": "shell",
    "dockerfile": "dockerfile",
    "make": "make",
    "cmake": "cmake",
    "yaml": "settings",
    "json": "settings",
    "toml": "settings",
    "hcl": "settings",
    "ini": "settings",
    "puppet": "settings",
}
_NO_PARTS = frozenset(["prose", "text", "sql", "proto", "xml"])
CONTAINED = frozenset(["shell", "batch", "powershell"])
"""Languages of what stands in others."""
_ALWAYS = frozenset([*CONTAINED, "dockerfile", "make"])
_WRITERS = frozenset([*_ALWAYS, "yaml", "hcl"])
_WRITING = (
    "echo ",
    "printf ",
    "cat ",
    "tee ",
    " -c ",
    " -e ",
    '"-c"',
    '"-e"',
    "'-c'",
    "'-e'",
    "- -c\n",
    "- -e\n",
    "<<",
    "shell: python",
    "-Content ",
    "-content ",
    "Out-File ",
)
"""In every script that writes a file, or is given one."""
_DEEPEST = 4


def parts_of(source: Source, rules: Sequence[Rule]) -> Iterator[Part]:
    """The parts of a source that some of these rules may find something in."""
    name = source.language.name
    if name in _NO_PARTS or _depth(source) >= _DEEPEST:
        return
    reader = _reader(_READERS.get(name, "program"))
    if name in _ALWAYS:
        if any(may_tell(rule, source) for rule in rules):
            yield from reader(source, ())
        return
    offsets = sorted(
        _escaped(source)
        | {
            place.start()
            for rule in rules
            if name not in rule.languages and _may_hold(source, rule)
            for place in anchor_of(rule.anchor).places(source.text, source.lowered)
            if name in _WRITERS or tells_near(rule, source, *place.span())
        }
    )
    if offsets:
        yield from reader(source, offsets)
        if source.path.endswith(".ipynb"):
            yield from _reader("notebook")(source, offsets)


_SCRIPT = re.compile(
    r"""[\"'`](?:\#!|set -[a-z]+(?=\\n)|FROM )[^\n]{0,2000}?\\n(?:RUN )?(?:sudo )?\w"""
)
"""A script on one line: `"#!/bin/sh\\ncurl …"`. No word begins behind `\\n`."""


def _escaped(source: Source) -> set[int]:
    """Where scripts begin whose lines are told by escapes."""
    if "\\n" not in source.text or not source.holds_one(("#!/", "set -", "FROM ")):
        return set()
    return {found.start() + 1 for found in _SCRIPT.finditer(source.text)}


def _may_hold(source: Source, rule: Rule) -> bool:
    if holds(source.language.name, rule):
        return may_tell(rule, source)
    return source.language.name in _WRITERS and source.holds_one(_WRITING)


def holds(language: str, rule: Rule) -> bool:
    """Whether texts of a language may hold a script that a rule is about."""
    if language in _NO_PARTS:
        return False
    about_shells = rule.match.get("kind") == "variable" and "*" in rule.languages
    return about_shells or not CONTAINED.isdisjoint(rule.languages)


def may_write(language: str) -> bool:
    """Whether texts of a language may hold scripts, which write files of any kind."""
    return language in _WRITERS


def writes(language: str, data: bytes) -> bool:
    """Whether a text holds scripts that write files, or programs in other languages."""
    return language in _WRITERS and any(word.encode() in data for word in _WRITING)


def _depth(source: Source) -> int:
    depth = 0
    while source.outer is not None:
        depth, source = depth + 1, source.outer
    return depth


Reader = Callable[[Source, Iterable[int]], Iterator[Part]]
"""Takes a source, and where rules of other languages may find something; yields its
parts."""


@cache
def _reader(name: str) -> Reader:
    reader: Reader = import_module(f"tlsmith.scan.parts.{name}").parts
    return reader
