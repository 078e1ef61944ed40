"""What a shell asks before it does something: `if [ "$INSECURE" = true ]; then`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tlsmith.scan.branches import line_of, openings
from tlsmith.scan.config.steps import Step, steps
from tlsmith.scan.shell import options
from tlsmith.scan.shell.conditionals import Asked, conditionals
from tlsmith.scan.shell.variables import values_of
from tlsmith.scan.source import Source

LANGUAGES = frozenset({"shell", "dockerfile", "make", "yaml", "fish"})
"""Whose conditions are a shell's."""

_ASKED = re.compile(
    r"""\s*(?P<no>!\s*)?(?:(?:\[\[?|test)\s+)?(?P<not>!\s*)?(?P<unary>-[nz]\s+)?"?"""
    r"""\${1,2}\{?(?P<name>\w+)(?::?[-=]["']?(?P<default>[\w.]*)["']?)?\}?"?"""
    r"""(?:\s*(?P<op>==?|!=|-eq|-ne)\s*["']?(?P<with>\$?\{?[\w-]*\}?)["']?)?\s*(?:\]\]?)?\s*"""
)
_INLINE = re.compile(
    r"(?:\bif\s|\[\[?\s|\btest\s)(?:[^;&|\n]|\|\|){0,200}(?:(?:;\s*\})?\s*&&|;\s*then\b)"
)
_WHERE_SET = re.compile(r"\$\{(?P<name>\w{1,80}):?\+[^{}\n]{0,200}\Z")
"""What follows is there only where a variable is set: `${INSECURE:+-k}`."""
_BEFORE = 1000
"""So many characters of its line are looked at before a command: a question that stands
further away is hardly about it, and a line may have thousands of commands."""
_END = re.compile(r";|\bthen\b|&&|\\$|\s*$")
_GIVEN = (
    r"""(?m)^\s*(?:(?:ARG|ENV|export|local|readonly|declare|typeset|:|-)\s+)?["'{{$]{{0,3}}"""
    r"""{name}\s?[=:?]{{1,2}}\s?["']?(?:\$\{{\w+:?[-=]["']?)?(\w*)"""
)
"""What gives a variable its first value."""
_WORD_OF = re.compile(r"\$\{?(?:\w*_)?(?P<word>true|false|yes|no)\}?", re.I)
"""A variable that is called what it holds: `$BS_TRUE`."""
_TRUE = frozenset({"true", "yes", "on", "1", "y"})
_FALSE = frozenset({"false", "no", "off", "0", "n", ""})


@dataclass(frozen=True)
class Question:
    """A test of one variable.

    Args:
        name: Of the variable.
        default: What it is where it is not set, as the test says, or None.
        wanted: What it must be, as a boolean, for a command to be run.
        by_absence: Whether it is that where it is not set.
    """

    name: str
    default: str | None
    wanted: bool
    by_absence: bool

    def takes(self, off: re.Pattern[str], on: re.Pattern[str]) -> bool:
        """Whether it is a switch that, being so, takes verification away."""
        is_off = off.search(self.name) is not None
        return is_off is self.wanted and (is_off or on.search(self.name) is not None)

    def is_so(self, text: str) -> bool:
        """Whether the variable is what is wanted unless somebody sets it otherwise."""
        if self.name.startswith("-"):
            return False  # an option that is given, or not
        told = self.default
        if told is None:
            told = self._given(text)
        if told is None:
            return self.by_absence
        return (told.lower() in _TRUE) is self.wanted

    def _given(self, text: str) -> str | None:
        """The first value that a script gives the variable, be it for no option."""
        for given in re.finditer(_GIVEN.format(name=self.name), text):
            if next(options.asked_for(text, given.start(1)), None) is None:
                return given[1]
        return None


@dataclass(frozen=True)
class Either:
    """Tests of which one is enough."""

    each: tuple[Question, ...]

    def takes(self, off: re.Pattern[str], on: re.Pattern[str]) -> bool:
        """Whether every one of them is of a switch that takes verification away."""
        return all(one.takes(off, on) for one in self.each)

    def is_so(self, text: str) -> bool:
        """Whether one of them holds unless somebody sets something."""
        return any(one.is_so(text) for one in self.each)


def questions(source: Source, offset: int) -> Iterator[Question | Either]:
    """What is asked of variables before what stands at an offset is run."""
    line_start = source.text.rfind("\n", 0, offset) + 1
    before = source.text[max(line_start, offset - _BEFORE) : offset]
    if source.language.name == "make":
        yield from map(_of_make, conditionals(source, offset))
    if source.language.name == "yaml":
        for step in steps(source, offset):
            yield _of_step(step, source)
    for found in _INLINE.finditer(before):
        yield from _read(re.sub(r"^if\s|;\s*(?:then|\}\s*&&)$|&&$", "", found[0]), True)
    if given := _WHERE_SET.search(before):
        yield Question(given["name"], None, wanted=True, by_absence=False)
    for name in options.asked_for(source.text, offset):
        yield Question(name, None, wanted=True, by_absence=False)
    for opening in openings(source, offset):
        text = line_of(source, opening.line)[opening.word :]
        end = _END.search(text)
        yield from _read(text[: end.start()] if end else text, opening.holds)


def _of_step(step: Step, source: Source) -> Question:
    told = values_of(f"${{{{ inputs.{step.name} }}}}", source) or []
    known = (one.lower() for one in told if one.lower() in _TRUE | _FALSE - {""})
    return Question(step.name, next(known, None), step.wanted, False)


def _of_make(asked: Asked) -> Question:
    if asked.value is None:
        return Question(asked.name, None, asked.same, not asked.same)
    wanted = asked.same is not (asked.value.lower() in _FALSE)
    return Question(asked.name, None, wanted, asked.same is (asked.value == ""))


def _read(text: str, holds: bool) -> Iterator[Question | Either]:
    if "||" in text:
        each = [list(_read(part, holds)) for part in text.split("||")]
        told = [one[0] for one in each if one and isinstance(one[0], Question)]
        if holds and len(told) == len(each):
            yield Either(tuple(told))
        return
    found = _ASKED.fullmatch(text)
    if found is None:
        return
    wanted = holds ^ bool(found["no"]) ^ bool(found["not"])
    if found["unary"]:
        wanted ^= found["unary"].startswith("-z")
        yield Question(found["name"], found["default"], wanted, not wanted)
        return
    differs = found["op"] in ("!=", "-ne")
    value = (found["with"] or "").lower()
    if called := _WORD_OF.fullmatch(value):
        value = called["word"]
    if value.startswith("-"):  # `[ "$1" = --insecure ]`
        yield Question(value, None, wanted ^ differs, by_absence=False)
        return
    if value.startswith("$"):
        return
    absent = not wanted if found["op"] is None else (value == "") is (wanted ^ differs)
    wanted ^= differs ^ (found["op"] is not None and value in _FALSE)
    yield Question(found["name"], found["default"], wanted, absent)
