"""Members of a parameter: `options.verify`, and `const { verify } = options`.

A function may take its settings as one table. What its callers write into that is what
the members are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tlsmith.scan import functions
from tlsmith.scan.expression import Value
from tlsmith.scan.extent import content, value_end
from tlsmith.scan.functions import Function
from tlsmith.scan.lexer import NEWLINE, STRING, WORD
from tlsmith.scan.source import Source

_GIVING = (":", "=>", "=")
_OPENING = ("{", "[", "(")
_MOST = 40
_LITERAL = ("javascript", "php", "lua", "python")
"""Where tables are written as they are handed over."""


@dataclass(frozen=True)
class Member:
    """A member of a table that a function takes.

    Args:
        function: The function.
        at: At which place a call gives the table.
        key: The member's name in it.
    """

    function: Function
    at: int
    key: str


def member_of(source: Source, value: Value) -> Member | None:
    """The member of a parameter that an expression is, or None."""
    owner = functions.enclosing(source, value.start)
    if owner < 0 or source.language.name not in _LITERAL:
        return None
    found = _dotted(source, value)
    if found is None and value.end - value.start == 1:
        return _taken_apart(source, owner, value.start)
    if found is None:
        return None
    holder, key = found
    for number in functions.outward(source, owner):
        if number >= 0 and functions.has_parameter(source, number, holder):
            function = source.functions[number]
            return Member(function, functions.position(source, function, holder), key)
    return None


def given(source: Source, bounds: tuple[int, int], key: str) -> tuple[int, int] | None:
    """What a table that is written there gives a key."""
    tokens = source.tokens
    low, high = bounds
    while low < high and tokens.texts[low] not in _OPENING:
        low += 1
    if low >= high or tokens.partner[low] < low:
        return None
    for index in range(low + 1, tokens.partner[low] - 1):
        if tokens.parent[index] != low or tokens.texts[index + 1] not in _GIVING:
            continue
        word = tokens.texts[index]
        if (content(word) if tokens.kinds[index] == STRING else word) == key:
            return index + 2, value_end(source, index + 2)
    return None


def _dotted(source: Source, value: Value) -> tuple[str, str] | None:
    """The parts of `options.key`, `options?.key`, `$options['key']`."""
    tokens = source.tokens
    texts = tokens.texts[value.start : value.end]
    if len(texts) == 3 and texts[1] in (".", "?."):
        return texts[0], texts[2]
    literal = len(texts) == 4 and tokens.kinds[value.start + 2] == STRING
    if literal and texts[1] == "[":
        return texts[0], content(texts[2])
    return None


def _taken_apart(source: Source, owner: int, index: int) -> Member | None:
    """The member that a name is by `({ key }) => …`, or `const { key } = options`."""
    tokens = source.tokens
    word = tokens.texts[index]
    for place in source.words.get(word, ())[:_MOST]:
        brace = tokens.parent[place]
        if brace < 0 or tokens.texts[brace] != "{" or place == index:
            continue
        key = _key(source, place)
        for number in functions.outward(source, owner):
            at = _at(source, number, brace) if key and number >= 0 else -1
            if at >= 0:
                return Member(source.functions[number], at, key)
    return None


def _key(source: Source, place: int) -> str:
    """The key of a pattern that a name stands for: `key`, `key = 1`, `key: name`."""
    texts = source.tokens.texts
    if texts[place - 1] == ":" and source.tokens.kinds[place - 2] == WORD:
        return texts[place - 2]
    plain = texts[place - 1] in ("{", ",", "\n") and texts[place + 1] in (
        *("}", ",", "=", "\n"),
    )
    return texts[place] if plain else ""


def _at(source: Source, number: int, brace: int) -> int:
    """Which parameter of a function a pattern in braces takes apart, or -1."""
    tokens = source.tokens
    function = source.functions[number]
    opening, close = function.parameters, tokens.partner[brace]
    if opening < 0 or close < brace:
        return -1
    if tokens.parent[brace] == opening:
        return _commas(source, opening, brace)
    if tokens.texts[close + 1 : close + 2] != ["="] or brace < function.start:
        return -1
    taken = tokens.texts[close + 2]
    if brace < function.end and functions.has_parameter(source, number, taken):
        return functions.position(source, function, taken)
    return -1


def _commas(source: Source, opening: int, index: int) -> int:
    tokens = source.tokens
    return sum(
        tokens.texts[at] == "," and tokens.parent[at] == opening
        for at in range(opening + 1, index)
    )


def tables(
    source: Source, places: Iterator[tuple[int, int]], key: str
) -> Iterator[tuple[int, int]]:
    """What each table of several gives a key, where it does."""
    for bounds in places:
        found = given(source, bounds, key)
        if found and source.tokens.kinds[found[0]] != NEWLINE:
            yield found
