"""Values as they are written: where one ends, and what it can be.

Nothing is run. A value is a constant, a name that the same file gives a constant, a
choice between two, the negation of one, or unknown; what is unknown is never held to
be off.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tlsmith.scan import bindings
from tlsmith.scan.lexer import NEWLINE, NUMBER, STRING, WORD
from tlsmith.scan.source import Source

_DEEPEST = 5
_JOINING = frozenset(
    [
        ".",
        "?.",
        "::",
        "->",
        "=>",
        "||",
        "&&",
        "??",
        "?",
        ":",
        "+",
        "-",
        "*",
        "/",
        "|",
        "&",
        "=",
        "(",
        "[",
        "{",
        ",",
        "or",
        "and",
        "not",
        "if",
        "else",
        "!",
        "==",
        "!=",
        "<",
    ]
)
_TRUE = frozenset({"true", "yes", "$true"})
_FALSE = frozenset({"false", "no", "$false"})


@dataclass(frozen=True)
class Value:
    """What an expression may be.

    Args:
        start: Index of its first token.
        end: Index after its last.
        sure: Whether it is always this, as far as the file tells.
        negated: Whether a `not` stands before it.
    """

    start: int
    end: int
    sure: bool = True
    negated: bool = False


def value_end(source: Source, start: int) -> int:
    """The index after the last token of the value that starts at a token.

    It ends at a comma, a semicolon or a closing bracket; and at the line's end, where
    lines mean something and neither side of the break asks for more.
    """
    tokens = source.tokens
    index, size = start, len(tokens)
    while index < size:
        text, kind = tokens.texts[index], tokens.kinds[index]
        if kind == NEWLINE and _line_ends(source, start, index):
            break
        if kind not in (STRING, WORD) and text in (",", ";", ")", "]", "}"):
            break
        partner = tokens.partner[index]
        index = partner + 1 if partner > index else index + 1
    while index > start and tokens.kinds[index - 1] == NEWLINE:
        index -= 1
    return index


def _line_ends(source: Source, start: int, newline: int) -> bool:
    tokens = source.tokens
    parent = tokens.parent[newline]
    if newline == start:
        return False
    if parent >= 0 and tokens.texts[parent] in "([":
        return False
    after = newline + 1
    while after < len(tokens) and tokens.kinds[after] == NEWLINE:
        after += 1
    if tokens.texts[newline - 1] in _JOINING and tokens.kinds[newline - 1] != STRING:
        return False
    return not (
        after < len(tokens)
        and tokens.kinds[after] != STRING
        and tokens.texts[after]
        in (".", "?.", "?", ":", "||", "&&", "??", "->", "or", "and", "else")
    )


def text_of(source: Source, start: int, end: int) -> str:
    """Tokens joined as if written without spaces, but between words."""
    tokens = source.tokens
    parts: list[str] = []
    for index in range(start, end):
        if tokens.kinds[index] == NEWLINE:
            continue
        text = tokens.texts[index]
        if parts and _wordlike(parts[-1][-1]) and _wordlike(text[0]):
            parts.append(" ")
        parts.append(text)
    return "".join(parts)


def _wordlike(character: str) -> bool:
    return character.isalnum() or character in "_$@\"'"


def content(literal: str) -> str:
    """What a string literal holds, without its prefix and quotes."""
    body = literal.lstrip("rRbBuUfFtT@$#%qQwWiI~")
    for quote in ('"""', "'''"):
        if body.startswith(quote):
            return body[3:-3]
    return body[1:-1] if len(body) > 1 else ""


def possible_values(
    source: Source, start: int, end: int, depth: int = 0
) -> Iterator[Value]:
    """Everything an expression may be, names followed to their constants."""
    tokens = source.tokens
    start, end = _bare(source, start, end)
    if start >= end or depth > _DEEPEST:
        return
    first = tokens.texts[start]
    if first in ("!", "not") and tokens.kinds[start] != STRING:
        for value in possible_values(source, start + 1, end, depth + 1):
            yield Value(value.start, value.end, value.sure, not value.negated)
        return
    branches = _branches(source, start, end)
    if branches:
        for low, high in branches:
            for value in possible_values(source, low, high, depth + 1):
                yield Value(value.start, value.end, False, value.negated)
        return
    name = _name(source, start, end)
    bound = bindings.values_of(source, name, start) if name else []
    if not bound:
        yield Value(start, end)
        return
    for low, sure in bound:
        for value in possible_values(source, low, value_end(source, low), depth + 1):
            yield Value(value.start, value.end, value.sure and sure, value.negated)


def _bare(source: Source, start: int, end: int) -> tuple[int, int]:
    """A range without line breaks and brackets around the whole."""
    tokens = source.tokens
    while start < end and tokens.kinds[start] == NEWLINE:
        start += 1
    while end > start and tokens.kinds[end - 1] == NEWLINE:
        end -= 1
    while (
        start < end and tokens.texts[start] == "(" and tokens.partner[start] == end - 1
    ):
        start, end = _bare(source, start + 1, end - 1)
    if start + 1 < end and tokens.texts[start] in ("&", "*", "await", "const"):
        start += 1
    return start, end


def _top_level(source: Source, start: int, end: int) -> Iterator[tuple[int, str]]:
    tokens = source.tokens
    index = start
    while index < end:
        if tokens.kinds[index] != STRING:
            yield index, tokens.texts[index]
        partner = tokens.partner[index]
        index = partner + 1 if partner > index else index + 1


def _branches(source: Source, start: int, end: int) -> list[tuple[int, int]]:
    """The ranges between which a conditional chooses; none if it is not one."""
    marks = {"?": -1, ":": -1, "if": -1, "else": -1}
    arrow = False
    for index, text in _top_level(source, start, end):
        arrow = arrow or text in ("=>", "->", "lambda", "function", "func", "fn", "{")
        if text in marks and marks[text] < 0:
            marks[text] = index
        if text == "?" and arrow:
            return []
    if 0 <= marks["?"] < marks[":"]:
        return [(marks["?"] + 1, marks[":"]), (marks[":"] + 1, end)]
    if marks["else"] < 0 or marks["if"] < 0 or (arrow and marks["if"] != start):
        return []
    if marks["if"] > start:
        return [(start, marks["if"]), (marks["else"] + 1, end)]
    return _leading_if(source, start, marks["else"], end)


def _leading_if(
    source: Source, start: int, otherwise: int, end: int
) -> list[tuple[int, int]]:
    """`if (c) a else b`, `if c { a } else { b }`."""
    tokens = source.tokens
    if tokens.texts[otherwise - 1] == "}":
        first = (tokens.partner[otherwise - 1] + 1, otherwise - 1)
    elif tokens.texts[start + 1] == "(":
        first = (tokens.partner[start + 1] + 1, otherwise)
    else:
        return []
    if otherwise + 1 < end and tokens.texts[otherwise + 1] == "{":
        return [first, (otherwise + 2, tokens.partner[otherwise + 1])]
    return [first, (otherwise + 1, end)]


def _name(source: Source, start: int, end: int) -> tuple[str, ...]:
    """The parts of a plain or dotted name, or nothing."""
    tokens = source.tokens
    if (end - start) % 2 == 0 or end - start > 5:
        return ()
    for index in range(start, end):
        wanted = WORD if (index - start) % 2 == 0 else "p"
        if tokens.kinds[index] != wanted:
            return ()
        if wanted == "p" and tokens.texts[index] not in (".", "->", "::", "?."):
            return ()
    return tuple(tokens.texts[start:end:2])


def last_component(text: str) -> str:
    """What a dotted name ends in."""
    for mark in ("::", "->", ".", ":", "?"):
        text = text.rpartition(mark)[2] or text
    return text


def is_true(source: Source, value: Value) -> bool:
    """Whether it is the constant for true, or the number one."""
    return _boolean(source, value) is True


def is_false(source: Source, value: Value) -> bool:
    """Whether it is the constant for false."""
    return _boolean(source, value) is False


def _boolean(source: Source, value: Value) -> bool | None:
    tokens = source.tokens
    if value.end <= value.start or tokens.kinds[value.end - 1] == STRING:
        return None
    text = text_of(source, value.start, value.end)
    word = last_component(text).lower().lstrip("@").strip("()")
    found: bool | None = None
    if word in _TRUE or (word == "t" and source.language.name == "r"):
        found = True
    elif word in _FALSE or (word == "f" and source.language.name == "r"):
        found = False
    elif tokens.kinds[value.start] == NUMBER and value.negated:
        found = word.strip("ulxUL0") != ""
    return found if found is None or not value.negated else not found
