"""Which loop a token stands in: what is given a name further down is seen again.

As for branches, blocks are told by how lines are indented.
"""

from __future__ import annotations

import re

from tlsmith.scan.source import Source

_LOOP = re.compile(r"[ \t]*(?:async\s+)?(?:while|for(?:each)?|until|loop|do)\b")
_MOST = 200
"""Lines that are looked at, above and below."""


def around(source: Source, index: int) -> tuple[int, int] | None:
    """The offsets of the innermost loop that a token stands in, or None."""
    line, _ = source.position(source.tokens.starts[index])
    depth = source.indent(index)
    for above in range(line - 1, max(0, line - _MOST), -1):
        low, high = source.line_bounds(above)
        text = source.text[low:high]
        here = _depth(text)
        if not text.strip() or here >= depth:
            continue
        depth = here
        if _LOOP.match(text):
            return low, _end(source, line, depth)
    return None


def _end(source: Source, line: int, depth: int) -> int:
    """Where a block ends that a line stands in and whose head is indented so far."""
    end = source.line_bounds(line)[1]
    last, _ = source.position(len(source.text))
    for below in range(line + 1, min(line + _MOST, last + 1)):
        low, high = source.line_bounds(below)
        text = source.text[low:high]
        if text.strip() and _depth(text) <= depth:
            break
        end = high
    return end


def _depth(text: str) -> int:
    return len(text) - len(text.lstrip())
