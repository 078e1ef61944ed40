"""A look around a key, before a whole file is read as configuration.

Most of what anchors find is no key, or is plainly set to something else than a rule
names. Only what can be told from the characters beside it is told here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from tlsmith.scan.anchor import words_of
from tlsmith.scan.source import Source

_KEY_END = r"[\w.-]*+(?P<quote>[\"']?)[ \t]*+[:=][ \t]*+"
_SCALAR = re.compile(
    _KEY_END + r"(?P<mark>[\"']?)(?P<value>[\w./-]++)(?P=mark)[ \t\r]*+(?=[\n,}\]]|\Z)"
)
_BLOCK = re.compile(
    _KEY_END + r"(?:\{[ \t\r\n]*+[\"'\w]"
    # Nothing on its line, and below it another key.
    r"|(?:\#[^\n]*)?\r?\n(?:[ \t]*(?:\#[^\n]*)?\r?\n)*[ \t]*[\w.\"'-]*[\w\"']:(?=\s))"
)
_DEFAULT = re.compile(r"^[ \t]+default:", re.M)
"""In the block of what a workflow or an action is given."""
_JSON_KEY = re.compile(r"[\w$.-]*+[ \t]*+(?:=|:(?!//))|[^\"'\n]*+[\"']\s*+[:=]")
_NAMED = re.compile(
    r"(?i)\"(?:name|key|option|property|parameter|setting|parameterkey|path)\\?\"\s{0,4}:\s{0,4}"
    r"\\?\"[\w./:-]{0,80}\Z"
)
"""What stands before a setting's name where another key holds its value."""
_XML_WORD = re.compile(r"[\w.:-]*+(?P<after>\s*+[=<]|[\"'])?")
_TEXT_KEY = re.compile(
    r"[\w.-]*+[\"'\])]*+(?:(?P<mark>[ \t]*+[:=>{\[])|[ \t]++(?P<value>[^\s#]++)|\s|\Z)"
)
_BEFORE = re.compile(r"[^\n]*?(?P<word>[\w.:$-]*+)\Z")
_BEHIND = re.compile(r"(?P<more>(?P<rest>[\w.$:-]*+)[\w \t-]*+)(?P<odd>[^\w\s=:]+\w)?")
_ELSEWHERE = re.compile(
    r"""["']?[ \t]*[:=][ \t]*["']?(?:\$\{[ \t]*|\{\{-?[ \t]*)?"""
    r"""!?(?:\*\w|var\.|local\.|\w+[ \t]*\}\})"""
)
"""A value that is set in another place: by a label, a variable."""
_PAGES = (".html", ".htm", ".svg")
"""What people look at, and no program is set up by."""
_LONGEST = 160
"""Characters of a key."""
_NEAR = 4000
"""How far behind its key a value may stand."""


def is_something_else(
    asked: Mapping[str, Any], source: Source, start: int, end: int
) -> bool:
    """Whether an anchor is no key, or one that is set to nothing that a rule names.

    Args:
        asked: What the rule says in `match`.
        source: The file.
        start: Where the anchor starts.
        end: Where it ends.
    """
    if "under" in asked and not source.holds_one(_words_under(asked["under"])):
        return True
    if asked.get("part", "key") != "key":
        return False
    if not _is_key(source, asked, start, end):
        return True
    if "like" in asked and not _may_be_like(asked["like"], source.text, end):
        return True
    values = asked.get("values")
    return values is not None and (
        not _comes_soon(source, tuple(values), end)
        or _has_other_value(values, source.text, end)
    )


def _may_be_like(like: str, text: str, end: int) -> bool:
    """Whether the key that an anchor ends in may be as a rule says, spaces included."""
    from tlsmith.scan.matchers.config import is_like

    before = _BEFORE.search(text, max(0, end - _LONGEST), end)
    behind = _BEHIND.match(text, end)
    if before is None or behind is None or behind["odd"]:
        return True  # something that stands in a key, and says nothing there
    words, word = before[0], before["word"]
    rest, more = behind["rest"], behind["more"]
    return any(is_like(like, key) for key in {word + rest, words + rest, words + more})


@lru_cache(maxsize=1024)
def _words_under(pattern: str) -> tuple[str, ...]:
    """Words of which one stands in every file that has such a path of keys."""
    return tuple(word.lower() for word in words_of(pattern))


def _is_key(source: Source, asked: Mapping[str, Any], start: int, end: int) -> bool:
    language = source.language.name
    if language == "json":
        if _JSON_KEY.match(source.text, end) is not None:
            return True
        return _NAMED.search(source.text, max(start - 120, 0), start) is not None
    if language == "xml":
        is_page = source.path.lower().endswith(_PAGES)
        return not is_page and _is_xml_key(source.text, start, end)
    return language != "text" or _is_text_key(source.text, end, asked.get("values"))


def _is_xml_key(text: str, start: int, end: int) -> bool:
    """Whether it is an element, an attribute, or all that stands in one of them."""
    while start > 0 and (text[start - 1].isalnum() or text[start - 1] in "_.:-"):
        start -= 1
    before = text[start - 1 : start]
    found = _XML_WORD.match(text, end)
    after = (found["after"] or "").strip() if found else ""
    if before == ">":
        return after == "<"
    if before in ("'", '"'):
        return after in ("'", '"', "=")
    return before == "<" or after == "="


def _is_text_key(text: str, end: int, values: Sequence[str] | None) -> bool:
    """Whether a value follows, and if spaces alone divide them, one that is named.

    In a file of no known language a key holds no spaces.
    """
    found = _TEXT_KEY.match(text, end)
    if found is None:
        return False
    if found["mark"] or values is None:
        return True
    if found["value"] is None:
        from tlsmith.scan.matchers.config import said

        return said(values, "")
    if not _is_plain(values):
        return True
    low = found["value"].lower().lstrip("\"'([{")
    return any(low.startswith(one) for one in _spellings(tuple(values)))


def _comes_soon(source: Source, values: tuple[str, ...], end: int) -> bool:
    lowered = source.lowered
    if lowered is None or not _is_plain(values):
        return True
    if _ELSEWHERE.match(lowered, end):
        return True
    return any(lowered.find(one, end, end + _NEAR) >= 0 for one in _spellings(values))


@lru_cache(maxsize=1024)
def _spellings(values: tuple[str, ...]) -> frozenset[str]:
    from tlsmith.scan.matchers.config import WORDS

    return frozenset().union(*(WORDS.get(one, {one.lower()}) for one in values))


def _has_other_value(values: Iterable[str], text: str, end: int) -> bool:
    from tlsmith.scan.matchers.config import said

    found = _SCALAR.match(text, end)
    if found is None:
        block = _BLOCK.match(text, end) is not None
        return (
            block and not said(values, "") and not _DEFAULT.search(text, end, end + 300)
        )
    value, mark = found["value"], found["mark"]
    if text[found.end() : found.end() + 1] == "," and not _is_plain(values):
        return False
    if value.startswith(("local.", "var.")):
        return False  # Terraform's, whose values are followed
    return not (said(values, value) or said(values, f"{mark}{value}{mark}"))


def _is_plain(values: Iterable[str]) -> bool:
    return not any(one == "empty" or one.startswith("/") for one in values)
