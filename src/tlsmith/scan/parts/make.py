"""What a Makefile or a justfile runs: recipes, `$(shell …)`, values of variables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from tlsmith.scan.part import Part, part_of
from tlsmith.scan.source import Source

_LINE = r"(?:[^\\\n]|\\[^\n]|\\\r?\n)*"
_RECIPE = re.compile(rf"(?m)^(?:\t|[ ]{{2,}})[ \t]*[@+-]*[ \t]*(?P<text>[^\s#]{_LINE})")
_INLINE = re.compile(
    rf"(?m)^[^\s#=][^=\n:#]*::?[^=;#\n][^;#\n]*;[ \t]*[@+-]*(?P<text>{_LINE})"
)
_BARE = re.compile(rf"(?m)^[^\s#=:][^=\n:#;]*::?[ \t]*;[ \t]*[@+-]*(?P<text>{_LINE})")
_SHELL = re.compile(
    r"\$\(shell[ \t]+(?P<text>(?:[^()\n\\]|\\[\s\S]|\((?:[^()\n]|\([^()\n]*\))*\))"
    r"{1,2000})\)"
)
_VARIABLE = re.compile(
    rf"(?m)^[ \t]*(?:export[ \t]+|override[ \t]+|define[ \t]+)?(?P<name>[\w.-]+)[ \t]*"
    rf"(?:\+|::?|\?|!)?=[ \t]*(?P<text>{_LINE})"
)
_SAYING = re.compile(r"(?i)(?:msg|message|help|usage|desc\w*|text|error|hint|note)$")
_FUNCTION = re.compile(r"\$[({](?:if|or|and|foreach|call|eval|strip)[ \t]+")
"""What yields one of its arguments, which may be a command."""
_STEP = re.compile(r"[^()\[\]{},\n\\]+|\\\r?\n|[\s\S]")
_LONGEST = 2000
_MACRO = re.compile(r"\$\((?=[\w.-]+\))([\w.-]+)\)")


def parts(source: Source, offsets: Iterable[int]) -> Iterator[Part]:
    """The parts of a Makefile."""
    for pattern in (_RECIPE, _INLINE, _BARE, _SHELL):
        for found in pattern.finditer(source.text):
            yield _part(source, found)
    for found in _FUNCTION.finditer(source.text):
        yield from _arguments(source, found.end())
    for found in _VARIABLE.finditer(source.text):
        text = found["text"].strip()
        told = _SAYING.search(found["name"]) is not None
        if " " in text and not told and not text.startswith(("$(", "-")):
            yield _part(source, found)


def _arguments(source: Source, start: int) -> Iterator[Part]:
    """The arguments of a function of make's that may be commands."""
    depth, begin = 0, start
    for step in _STEP.finditer(source.text, start, start + _LONGEST):
        char = step[0]
        if char == "\n":
            return
        if char in ",)}" and depth == 0:
            text = source.text[begin : step.start()]
            if " " in text.strip():
                yield _as_shell(source, text, begin)
            begin = step.end()
            if char != ",":
                return
        depth += (char in "({") - (char in ")}")


def _part(source: Source, found: re.Match[str]) -> Part:
    return _as_shell(source, found["text"], found.start("text"))


def _as_shell(source: Source, text: str, start: int) -> Part:
    """A recipe as the shell sees it: `$(X)` as `${X}`, `$$` as `$`; none moved."""
    text = _MACRO.sub(r"${\1}", text).replace("$$", " $")
    return part_of(source, text, [(0, start)])
