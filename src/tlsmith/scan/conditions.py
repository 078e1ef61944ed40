"""What a condition is made of: its parts, and what each asks about."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tlsmith.scan.branches import Branch, branches
from tlsmith.scan.extent import content, text_of, top_level
from tlsmith.scan.lexer import NUMBER, STRING, WORD
from tlsmith.scan.source import Source

SHAPE = re.compile(
    r"""[\w$@]+(?:(?:\.|->|::|\?\.|!\.)[\w$#]+"""
    r"""|\((?P<given>["'][^"']{0,60}["'])?[\w"'.,&* ]{0,60}\)"""
    r"""|\[["':]?[\w$-]+["']?\])*[!?]?"""
)
"""A name, a member, or what is asked for by a name."""
IS_HTTPS = re.compile(
    r"""(?i)[\w.$>()-]{1,60}(?:\.starts_?with\(|===?)["'](?:https|wss)(?:://)?["']\)?"""
)
"""A question that is about TLS as such: elsewhere nothing is to be verified."""
_TRUE = frozenset({"true", "yes", "on", "1", "$true"})
_FALSE = frozenset({"false", "no", "off", "0", "$false", ""})
_SAID = _TRUE | {"t", "y", "enable", "enabled"}
_DENIED = _FALSE | {"f", "n", "none", "disable", "disabled"}
"""What a variable may say of a switch: `asked.lower() in ("yes", "true", "1")`."""
_AND = frozenset({"and", "&&"})
_OR = frozenset({"or", "||"})
_NOT = frozenset({"!", "not"})


def asked_at(source: Source, start: int) -> Iterator[tuple[str, bool]]:
    """What is asked before what stands at an offset is done, and if it must hold."""
    index = source.tokens.at(start)
    for branch in branches(source, index) if index is not None else ():
        for part in parts(source, branch):
            yield text_of(source, *part), branch.holds


def parts(source: Source, branch: Branch) -> list[tuple[int, int]]:
    """What must be so for a branch to be taken: each part of an `and`, if it holds."""
    joining, other = (_AND, _OR) if branch.holds else (_OR, _AND)
    if branch.holds and source.language.name == "swift":
        joining |= {","}
    joined = {text for _, text in top_level(source, branch.low, branch.high)}
    if not joined & other:
        return list(_split(source, branch, joining))
    if branch.holds or joined & joining:
        return []
    asked = [
        part
        for part in _split(source, branch, other)
        if not IS_HTTPS.fullmatch(text_of(source, *part))
    ]
    return asked if len(asked) == 1 else []


def _split(
    source: Source, branch: Branch, joining: frozenset[str]
) -> Iterator[tuple[int, int]]:
    """The parts of a condition between the words that join them."""
    low = branch.low
    for index, text in top_level(source, branch.low, branch.high):
        if text in joining:
            yield low, index
            low = index + 1
    yield low, branch.high


def asked_about(
    source: Source, low: int, high: int, holds: bool
) -> tuple[bool, tuple[int, int]]:
    """What a condition asks about, and what that must be."""
    texts = source.tokens.texts
    wanted = holds
    while low < high and texts[low] in _NOT:
        low, wanted = low + 1, not wanted
    if low < high and texts[low] == "(" and source.tokens.partner[low] == high - 1:
        return asked_about(source, low + 1, high - 1, wanted)
    told = _told(source, low, high)
    if told is not None:
        said, (low, high) = told
        return asked_about(source, low, high, wanted if said else not wanted)
    among = _among(source, low, high)
    if among is not None:
        said, end = among
        differs = texts[end] == "not"
        return wanted ^ differs ^ (not said), (low, end)
    against = texts[high - 1].strip("\"'").lower() if low < high else ""
    if high - low < 3 or against not in _TRUE | _FALSE:
        return wanted, (low, high)
    sign = high - 2
    differs = texts[sign] in ("!=", "!==", "~=") or texts[sign - 1 : high - 1] == [
        "is",
        "not",
    ]
    if not (differs or texts[sign] in ("==", "===", "is")):
        return wanted, (low, high)
    end = sign - 1 if texts[sign] == "not" else sign
    return wanted ^ differs ^ (against in _FALSE), (low, end)


_READING = re.compile(r"Boolean\.(?:parseBoolean|valueOf)")
_TELLING = re.compile(r"(?:Boolean\.)?(\w+)\.equals(?:IgnoreCase)?")


def _told(source: Source, low: int, high: int) -> tuple[bool, tuple[int, int]] | None:
    """What Java compares with a word: `"true".equals(x)`, `Boolean.parseBoolean(x)`."""
    opening = source.tokens.partner[high - 1] if low < high else -1
    if not low < opening:
        return None
    called = text_of(source, low, opening).replace('"', "")
    inner = (opening + 1, high - 1)
    if _READING.fullmatch(called):
        return True, inner
    found = _TELLING.fullmatch(called)
    word = found[1].lower() if found else ""
    return (word in _TRUE, inner) if word in _TRUE | _FALSE and word else None


def _among(source: Source, low: int, high: int) -> tuple[bool, int] | None:
    """Whether what is asked must be one of the words for true, or for false, and where
    that begins: behind what is asked. `"NO_VERIFY" in os.environ` asks for a name.
    """
    tokens = source.tokens
    if high - low < 3:
        return None
    if tokens.kinds[low] == STRING and "in" in tokens.texts[low + 1 : low + 3]:
        return True, low + 1
    opening = tokens.partner[high - 1]
    if not low < opening < high or tokens.texts[opening - 1] != "in":
        return None
    words = {
        content(tokens.texts[index]).lower()
        for index in range(opening + 1, high - 1)
        if tokens.kinds[index] in (STRING, WORD, NUMBER)
    }
    end = opening - 1 - (tokens.texts[opening - 2] == "not")
    if words and words <= _SAID:
        return True, end
    return (False, end) if words and words <= _DENIED else None
