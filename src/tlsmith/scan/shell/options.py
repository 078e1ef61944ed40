"""What a script does for an option it is given: `-k | --insecure) …`."""

from __future__ import annotations

import re
from collections.abc import Iterator

_FURTHEST = 1500
"""How far above the pattern of a case is looked for."""
_CASE = re.compile(r"\bcase\b[^\n;]{1,120}?\bin\b")
_NOTE = r"(?:\s|\#[^\n]*\n)*"
_PATTERN = re.compile(
    rf"""{_NOTE}\(?[ \t]*(?P<words>[\w"'-][\w|"'*. =-]{{0,120}}?)[ \t]*\)"""
)
_ASSIGNED = re.compile(
    r"""(?:^|[;\s)])(?P<name>[A-Za-z_]\w*)\+?=\(?["']?[^;\n"']{0,200}\Z"""
)
_SHORT = frozenset({"-k", "k"})
"""What curl's own option is called."""


def asked_for(text: str, offset: int) -> Iterator[str]:
    """The options, each with its dashes, for which the arm of a case that an offset
    stands in is taken; and, with dashes as well, the variables that arms of single
    letters set.

    Args:
        text: The script.
        offset: Where what is done stands.
    """
    before = text[max(0, offset - _FURTHEST) : offset]
    words = _words(before)
    for word in words:
        if word.startswith("--"):
            yield word
        elif word in _SHORT:
            yield "--insecure"
        elif len(word.lstrip("-")) == 1 and (found := _ASSIGNED.search(before)):
            yield f"--{found['name']}"


def _words(before: str) -> list[str]:
    """The words of the pattern that the innermost arm begins with."""
    begin = before.rfind(";;")
    if begin >= 0:
        found = _PATTERN.match(before, begin + 2)
    else:
        cases = list(_CASE.finditer(before))
        found = _PATTERN.match(before, cases[-1].end()) if cases else None
    if found is None or re.search(r"\besac\b", before[found.end() :]):
        return []
    return [word.strip(" \t\"'") for word in found["words"].split("|")]
