"""Conditional expressions: `a ? b : c`, `b if a else c`, `if (a) b else c`."""

from __future__ import annotations

from dataclasses import dataclass

from tlsmith.scan.extent import top_level
from tlsmith.scan.source import Source

_OPENING_FUNCTIONS = frozenset({"=>", "->", "lambda", "function", "func", "fn", "{"})

_POINTING = {
    "c": frozenset({"->"}),
    "objectivec": frozenset({"->"}),
    "php": frozenset({"->"}),
    "perl": frozenset({"->", "{"}),  # `$ENV{NAME} ? …`
}
"""What opens no function there, but says whose member something is."""


@dataclass(frozen=True)
class Choice:
    """A conditional expression: ranges of its condition and of both outcomes."""

    condition: tuple[int, int]
    yes: tuple[int, int]
    no: tuple[int, int]


def choice_of(source: Source, start: int, end: int) -> Choice | None:
    """The conditional that an expression is, or None."""
    marks = {"?": -1, ":": -1, "if": -1, "else": -1}
    arrow = False
    opening = _OPENING_FUNCTIONS - _pointing(source)
    for index, text in top_level(source, start, end):
        arrow = arrow or text in opening
        if text in marks and marks[text] < 0:
            marks[text] = index
        if text == "?" and arrow:
            return None
    question, colon, when, otherwise = marks.values()
    if 0 <= question < colon:
        return Choice((start, question), (question + 1, colon), (colon + 1, end))
    if otherwise < 0 or when < 0 or (arrow and when != start):
        return None
    if when > start:
        return Choice((when + 1, otherwise), (start, when), (otherwise + 1, end))
    return _leading_if(source, start, otherwise, end)


def _leading_if(source: Source, start: int, otherwise: int, end: int) -> Choice | None:
    """`if (c) a else b`, `if c { a } else { b }`."""
    tokens = source.tokens
    if tokens.texts[otherwise - 1] == "}":
        brace = tokens.partner[otherwise - 1]
        condition, first = (start + 1, brace), (brace + 1, otherwise - 1)
    elif tokens.texts[start + 1] == "(":
        close = tokens.partner[start + 1]
        condition, first = (start + 2, close), (close + 1, otherwise)
    else:
        return None
    second = (otherwise + 1, end)
    if otherwise + 1 < end and tokens.texts[otherwise + 1] == "{":
        second = (otherwise + 2, tokens.partner[otherwise + 1])
    return Choice(condition, first, second)


def opens_function(source: Source, bounds: tuple[int, int]) -> bool:
    """Whether a function is written there: it is what it does, whoever asks for it."""
    opening = _OPENING_FUNCTIONS - {"{"} - _pointing(source)
    return any(text in opening for _, text in top_level(source, *bounds))


def _pointing(source: Source) -> frozenset[str]:
    return _POINTING.get(source.language.name, frozenset())


def operand_start(source: Source, index: int) -> int:
    """The index at which the expression starts that a token stands in."""
    tokens = source.tokens
    parent = tokens.parent[index]
    label = -1
    while index - 1 > parent:
        before = tokens.texts[index - 1]
        if before in ("=", "=>", ":=", ",", ";", "return", "<-") or (
            before == "\n"
            and index - 2 > parent
            and tokens.texts[index - 2] not in "?:"
            and not _goes_on(source, index)
        ):
            break
        label = index if before == ":" else -1 if before == "?" else label
        partner = tokens.partner[index - 1]
        index = partner if 0 <= partner < index - 1 else index - 1
    return label if label >= 0 else index


def _goes_on(source: Source, index: int) -> bool:
    """Whether a line begins with what belongs to a conditional above: `? a`, `: b`."""
    return source.tokens.texts[index] in ("?", ":") and source.language.name != "ruby"
