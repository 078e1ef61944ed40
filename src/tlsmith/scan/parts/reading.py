"""The parts of a source: what is code of its own in it, judged as what it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from importlib import import_module

from tlsmith.scan.anchor import anchor_of
from tlsmith.scan.part import Part
from tlsmith.scan.rule import Rule
from tlsmith.scan.source import Source

_READERS = {
    "shell": "shell",
    "batch": "shell",
    "powershell": "shell",
    "dockerfile": "dockerfile",
    "make": "make",
    "yaml": "settings",
    "json": "settings",
    "toml": "settings",
    "hcl": "settings",
    "ini": "settings",
    "puppet": "settings",
}
_NO_PARTS = frozenset(["prose", "text", "sql", "proto", "cmake", "xml"])
CONTAINED = frozenset(["shell", "batch", "powershell"])
"""Languages of what stands in others."""
_ALWAYS = frozenset([*CONTAINED, "dockerfile", "make"])
_DEEPEST = 4


def parts_of(source: Source, rules: Sequence[Rule]) -> Iterator[Part]:
    """The parts of a source that some of these rules may find something in."""
    name = source.language.name
    if name in _NO_PARTS or _depth(source) >= _DEEPEST:
        return
    reader = _reader(_READERS.get(name, "program"))
    if name in _ALWAYS:
        yield from reader(source, ())
        return
    offsets = sorted(
        {
            place.start()
            for rule in rules
            if name not in rule.languages and holds(name, rule.languages)
            for place in anchor_of(rule.anchor).places(source.text, source.lowered)
        }
    )
    if offsets:
        yield from reader(source, offsets)


def holds(language: str, others: Iterable[str]) -> bool:
    """Whether texts of a language may hold such of one of these others."""
    if language in _NO_PARTS:
        return False
    return language in _READERS or not CONTAINED.isdisjoint(others)


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
