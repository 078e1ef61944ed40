"""What is done only where no TLS is wanted: `if not use_tls: …`, or has an address
that says so.
"""

from __future__ import annotations

import re

from tlsmith.scan.branches import branches
from tlsmith.scan.conditions import IS_HTTPS, SHAPE, asked_at
from tlsmith.scan.extent import text_of
from tlsmith.scan.shell import questions
from tlsmith.scan.source import Source


def is_said_by_address(source: Source, start: int) -> bool:
    """Whether what stands at an offset is done only for addresses that have no TLS."""
    index = source.tokens.at(start)
    return index is not None and any(
        IS_HTTPS.fullmatch(text_of(source, branch.low, branch.high)) is not None
        for branch in branches(source, index)
        if not branch.holds
    )


_PLAIN = re.compile(
    r"(?i)\b(?:insecure|plain_?text|no_?(?:tls|ssl)|(?:disabled?|without|skip)_?(?:tls|ssl))"
)
_SECURED = re.compile(
    r"(?i)(?:^|[^a-z]|(?:use|using|enabled?|with|has|is|want|require)_?)"
    r"(?:m?tls|ssl|secured?|https|encrypt(?:ed|ion)?)"
    r"(?:_?(?:enabled?|active|on|required|config|creds?|credentials))?(?:\(\))?$"
)
"""A switch, or what is there alone, with TLS: without it there is none."""
_NOTHING = re.compile(
    r"""(?i)(?P<differs>!=|==|is not|is)=?\s*(?:nil|null|none|""|'')$"""
)


def is_without_tls(source: Source, start: int) -> bool:
    """Whether what stands at an offset is done only where a switch wants no TLS."""
    if source.language.name in questions.LANGUAGES:
        return False
    return any(_is_plain(*asked) for asked in asked_at(source, start))


def _is_plain(asked: str, holds: bool) -> bool:
    """Whether a condition that holds, or does not, says that no TLS is wanted."""
    if found := _NOTHING.search(asked):
        asked = asked[: found.start()]
        holds = holds is found["differs"].lower().startswith(("!", "is not", "isnot"))
    while asked.startswith(("!", "not ")):
        asked, holds = asked.removeprefix("!").removeprefix("not ").strip(), not holds
    if not SHAPE.fullmatch(asked):
        return False
    return bool(_PLAIN.search(asked) if holds else _SECURED.search(asked))
