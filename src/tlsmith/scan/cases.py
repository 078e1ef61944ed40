"""Which case of several something is done in: `case "-k":`, `Mode::NoVerify => …`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tlsmith.scan.source import Source

_CASE = re.compile(
    r"(?:\}\s{0,9})?(?:case|when)\b\s{0,9}\(?(?P<label>[^\n{]{1,80}?)\)?"
    r"\s{0,9}(?:=>|->|:(?![:\w])|\{|$|then\b)"
)
_ARM = re.compile(r"""(?P<label>[\w.:|"'@ -]{1,60}?)\s{0,9}(?:=>|->)""")
_WITH_ARMS = frozenset(
    {"rust", "scala", "kotlin", "csharp", "java", "elixir", "erlang", "dart"}
)
"""Where a case needs no word: `Mode::NoVerify => …`."""


def labels(source: Source, index: int) -> Iterator[str]:
    """The labels of the cases that a token stands in, the innermost first."""
    line, column = source.position(source.tokens.starts[index])
    low, _ = source.line_bounds(line)
    yield from _label(source, source.text[low : low + column - 1])
    for header in source.headers(index):
        yield from _label(source, header)


def _label(source: Source, text: str) -> Iterator[str]:
    text = text.strip()
    found = _CASE.match(text)
    if found is None and source.language.name in _WITH_ARMS:
        found = _ARM.match(text)
    if found:
        yield found["label"]
