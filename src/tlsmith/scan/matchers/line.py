"""`line`: a line of a file that has no better structure, outside comments.

What a rule may say in `match`: `pattern`, a regular expression searched in the line
(without, the anchor itself); `unless`, one that must not be found in it; `files`,
`not_files`, searched in the path; `file_has`, `file_lacks`, in the whole text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from tlsmith.scan.finding import Edit, Match
from tlsmith.scan.matchers.filenames import fits_name
from tlsmith.scan.pattern import compiled
from tlsmith.scan.rule import Rule
from tlsmith.scan.source import Source

_FAR = 1000
"""So much of a long line is looked at on either side."""
_COMMENT = re.compile(r"[ \t]*(?:#|;|//|!|--[ \t]|::|rem\s|\*[ \t]|<!--)", re.I)


def match(rule: Rule, source: Source, start: int, end: int) -> Iterable[Match]:
    """The part of an anchor's line that the rule's pattern matches."""
    asked = rule.match
    if not fits_name(asked, source.path):
        return
    if in_comment(source, start):
        return
    line = source.line_bounds(source.position(start)[0])
    first, last = max(line[0], start - _FAR), min(line[1], end + _FAR)
    text = source.text[first:last]
    if "unless" in asked and compiled(asked["unless"]).search(text):
        return
    if "pattern" not in asked:
        yield Match(start, end, edits=_edits(rule, source, *line))
        return
    for found in compiled(asked["pattern"]).finditer(text):
        if found.start() + first < end and found.end() + first >= start:
            yield Match(
                first + found.start(),
                first + found.end(),
                edits=_edits(rule, source, *line),
            )


def in_comment(source: Source, offset: int) -> bool:
    """Whether a line is a comment, or an offset lies in one."""
    first, last = source.line_bounds(source.position(offset)[0])
    commented = _COMMENT.match(source.text, first, last) is not None
    return commented or source.zone(offset) == "comment"


def _edits(rule: Rule, source: Source, first: int, last: int) -> tuple[Edit, ...]:
    if rule.rewrite.get("remove") != "line":
        return ()
    return (Edit(first, min(last + 1, len(source.text)), ""),)
