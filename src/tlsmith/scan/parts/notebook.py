"""What the cells of a notebook run in a shell: `!curl …`, `%pip …`, `%%bash`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from tlsmith.scan.part import Part, stretch_of
from tlsmith.scan.source import Source

_LINE = re.compile(
    r"(?m)^[ ]*(?:[A-Za-z_]\w{0,80}[ ]?=[ ]?)?(?:!!?|%(?=(?:pip|conda|mamba)\b))"
    r"(?P<text>[^\n]+)"
)
_CELL = re.compile(
    r"(?m)^[ ]*%%(?:bash|sh|script[ ]+(?:--\S+[ ]+)*(?:ba|z|da)?sh)\b[^\n]*\n"
    r"(?P<text>(?:(?!(?:[ ]*\n){4})[^\n]*\n){1,500})"
)
"""A cell that is a script. Between two cells there are more lines without code than
within one: the file says of each what it is.
"""


def parts(source: Source, offsets: Iterable[int]) -> Iterator[Part]:
    """The commands of a notebook, and the cells that are scripts."""
    for pattern in (_LINE, _CELL):
        for found in pattern.finditer(source.text):
            yield stretch_of(source, *found.span("text"))
