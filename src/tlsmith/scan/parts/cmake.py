"""What CMake runs: `execute_process(COMMAND …)`, `DOWNLOAD_COMMAND` and their like."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from tlsmith.scan.part import Part, part_of
from tlsmith.scan.source import Source

_COMMAND = re.compile(
    r"\b(?:[A-Z]+_)?COMMAND\s+(?P<text>(?:\"(?:[^\"\\]|\\.){0,2000}\"|[^()\"#]){1,4000}?)"
    r"(?=\)|#|\b(?:[A-Z]+_)?COMMAND\b|\b(?:WORKING_DIRECTORY|DEPENDS|COMMENT|VERBATIM"
    r"|TIMEOUT|[A-Z]+_VARIABLE|[A-Z]+_QUIET|BYPRODUCTS)\b)"
)


def parts(source: Source, offsets: Iterable[int]) -> Iterator[Part]:
    """The commands of a CMake file."""
    for found in _COMMAND.finditer(source.text):
        if source.zone(found.start()) != "comment":
            text = found["text"].replace("\n", " ")
            yield part_of(source, text, [(0, found.start("text"))])
