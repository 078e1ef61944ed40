"""Scripts in Nix: between two single quotes, over lines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from tlsmith.scan.lexer import STRING
from tlsmith.scan.part import Part, stretch_of
from tlsmith.scan.parts import program
from tlsmith.scan.source import Source

_TOLD = re.compile(r"(?i)(?:description|help|example|documentation|message)\s*=\s*$")
_RUN = re.compile(r"(?i)(?:Exec\w+|script|command|cmd)\s*=\s*$")
_MARKS = 2
_NEAR = 60


def parts(source: Source, offsets: Iterable[int]) -> Iterator[Part]:
    """The scripts around some offsets, each once, and other strings that are run."""
    tokens = source.tokens
    seen: set[int] = set()
    others: list[int] = []
    for offset in offsets:
        index = tokens.at(offset)
        if index is None or tokens.kinds[index] != STRING:
            continue
        start, end = tokens.starts[index], tokens.ends[index]
        before = source.text[max(0, start - _NEAR) : start]
        if not source.text.startswith("''", start):
            if index not in seen and _RUN.search(before):
                seen.add(index)
                yield stretch_of(source, start + 1, end - 1)
            others.append(offset)
        elif index not in seen:
            seen.add(index)
            if not _TOLD.search(before):
                yield stretch_of(source, start + _MARKS, end - _MARKS)
    yield from program.parts(source, others)
