"""Lists of what nobody may write: `FORBIDDEN = ["curl -k", …]`."""

from __future__ import annotations

import re

from tlsmith.scan.source import Source

_NAME = (
    r"(?:\w*(?:forbid|banned|denied|deny_?list|blocked|block_?list|black_?list|disallow"
    r"|prohibit|dangerous|suspicious|illegal|violation|refused)\w*"
    r"|(?:\w*_)?(?:bad|deny)(?:_\w*|(?-i:[A-Z])\w*)?)"
)
_REFUSED = re.compile(
    rf"(?i)(?<![\w$.])[\"']?\$?{_NAME}[\"']?\s*(?::=|=(?![=>~])|:(?![:=])|\b(?:in|of)\b)"
    rf"|(?<![\w$.])\$?{_NAME}\s*:\s*[\w<>\[\], ]{{1,60}}="
)
_WHOLE = re.compile(rf"(?i)\$?{_NAME}")
_LONGEST = 2000


def is_refused_name(name: str) -> bool:
    """Whether a list of this name holds what is refused."""
    return _WHOLE.fullmatch(name) is not None


def is_refused(source: Source, index: int) -> bool:
    """Whether a string's token stands in what a name says is refused."""
    tokens = source.tokens
    parent = tokens.parent[index]
    if parent < 0:
        return False
    while tokens.parent[parent] >= 0 and tokens.texts[parent] != "{":
        parent = tokens.parent[parent]
    start = tokens.starts[source.begins_statement(parent)]
    end = tokens.starts[index]
    return _REFUSED.search(source.text, max(start, end - _LONGEST), end) is not None
