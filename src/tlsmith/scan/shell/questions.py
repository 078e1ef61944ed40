"""What a shell asks before it does something: `if [ "$INSECURE" = true ]; then`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tlsmith.scan.branches import line_of, openings
from tlsmith.scan.config.steps import Step, steps
from tlsmith.scan.shell.conditionals import Asked, conditionals
from tlsmith.scan.shell.variables import values_of
from tlsmith.scan.source import Source

LANGUAGES = frozenset({"shell", "dockerfile", "make", "yaml", "fish"})
"""Whose conditions are a shell's."""

_ASKED = re.compile(
    r"""\s*(?P<no>!\s*)?(?:(?:\[\[?|test)\s+)?(?P<not>!\s*)?(?P<unary>-[nz]\s+)?"?"""
    r"""\${1,2}\{?(?P<name>\w+)(?::?[-=]["']?(?P<default>[\w.]*)["']?)?\}?"?"""
    r"""(?:\s*(?P<op>==?|!=|-eq|-ne)\s*["']?(?P<with>\w*)["']?)?\s*(?:\]\]?)?\s*"""
)
_INLINE = re.compile(r"(?:\bif\s|\[\[?\s|\btest\s)[^;&|\n]{0,200}(?:;\s*then\b|&&)")
_END = re.compile(r";|\bthen\b|&&|\\$|\s*$")
_GIVEN = (
    r"""(?m)^\s*(?:(?:ARG|ENV|export|local|readonly|declare|typeset|:|-)\s+)?["'{{$]{{0,3}}"""
    r"""{name}\s?[=:?]{{1,2}}\s?["']?(?:\$\{{\w+:?[-=]["']?)?(\w*)"""
)
"""What gives a variable its first value."""
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
        told = self.default
        if told is None:
            given = re.search(_GIVEN.format(name=self.name), text)
            told = given[1] if given else None
        if told is None:
            return self.by_absence
        return (told.lower() in _TRUE) is self.wanted


def questions(source: Source, offset: int) -> Iterator[Question]:
    """What is asked of variables before what stands at an offset is run."""
    line, column = source.position(offset)
    before = line_of(source, line)[: column - 1]
    if source.language.name == "make":
        yield from map(_of_make, conditionals(source, offset))
    if source.language.name == "yaml":
        for step in steps(source, offset):
            yield _of_step(step, source)
    for found in _INLINE.finditer(before):
        yield from _read(re.sub(r"^if\s|;\s*then$|&&$", "", found[0]), True)
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


def _read(text: str, holds: bool) -> Iterator[Question]:
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
    if found["op"] and value not in _TRUE | _FALSE:
        return
    absent = not wanted if found["op"] is None else (value == "") is (wanted ^ differs)
    wanted ^= differs ^ (found["op"] is not None and value in _FALSE)
    yield Question(found["name"], found["default"], wanted, absent)
