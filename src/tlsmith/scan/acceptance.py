"""Functions that accept everything: they never throw and give back only yes."""

from __future__ import annotations

import re
from dataclasses import replace

from tlsmith.scan import bodies, functions
from tlsmith.scan.expression import (
    Value,
    is_false,
    is_true,
    last_component,
    possible_values,
)
from tlsmith.scan.extent import text_of
from tlsmith.scan.functions import Function
from tlsmith.scan.lexer import NEWLINE, NUMBER, WORD
from tlsmith.scan.returns import returns_of
from tlsmith.scan.source import Source

_NOTHING = frozenset(
    "null nil none undefined undef $null nullptr Ok(()) () void0 {} ({}) Ok Ok[()]"
    " Promise.resolve() Task.CompletedTask pass new{} kotlin.Unit Unit".lower().split()
)
_YES = frozenset({"1", "1l", "!0", "ok", ":ok", "yes"})
_SAME = re.compile(
    r"([\w.$]+)(?:={2,3}|\.(?i:equals|equalsIgnoreCase|contentEquals|isEqual)\()\1\)?"
)
"""What is always so: a name that is compared with itself."""
_BEFORE_FUNCTIONS = frozenset({"new", "New", "async", "static", "&", "@", "AddressOf"})
KINDS = ("accepts", "returns-true", "returns-false", "returns-nothing")


def accepts(source: Source, value: Value, kind: str) -> bool:
    """Whether a value is a function, here or in this file, that accepts everything.

    Args:
        source: The text.
        value: The expression.
        kind: One of KINDS: what its answers must all be.
    """
    found = _function_in(source, value)
    return found is not None and gives_only(source, found, kind)


def gives_only(source: Source, function: Function, kind: str) -> bool:
    """Whether every answer of a function is of a kind, and it never throws."""
    answers = returns_of(source, function)
    if answers is None:
        return False
    if kind == "accepts":
        return _all(source, answers, "returns-true") or _all(
            source, answers, "returns-nothing"
        )
    return _all(source, answers, kind)


def _all(source: Source, answers: list[tuple[int, int]], kind: str) -> bool:
    return all(_is(source, low, high, kind) for low, high in answers)


def _is(source: Source, start: int, end: int, kind: str) -> bool:
    tokens = source.tokens
    if all(tokens.kinds[index] == NEWLINE for index in range(start, end)):
        return kind == "returns-nothing"
    values = list(possible_values(source, start, end))
    if kind == "returns-true":
        if _is_always_true(source, start, end):
            return True
        return all(is_true(source, v) or _is_yes(source, v) for v in values)
    if kind == "returns-false":
        return all(is_false(source, v) or _is_zero(source, v) for v in values)
    return all(_is_nothing(source, v) for v in values)


def _is_always_true(source: Source, start: int, end: int) -> bool:
    """Whether it is always true by its form.

    That is `whatever || true`, `SKIP || whatever` where SKIP is true, `host == host`.
    """
    tokens = source.tokens
    low, operands = start, []
    for index in range(start, end):
        if tokens.texts[index] in ("||", "or") and (
            tokens.parent[index] == tokens.parent[start]
        ):
            operands.append((low, index))
            low = index + 1
    operands.append((low, end))
    if any(_SAME.fullmatch(text_of(source, *operand)) for operand in operands):
        return True
    return len(operands) > 1 and any(
        values and all(is_true(source, value) and value.sure for value in values)
        for values in (list(possible_values(source, *operand)) for operand in operands)
    )


def _is_nothing(source: Source, value: Value) -> bool:
    text = text_of(source, value.start, value.end).replace(" ", "")
    return text.lower() in _NOTHING and not _is_name_ok(source, text)


def _is_name_ok(source: Source, text: str) -> bool:
    """Whether it is a variable called `ok`: often the answer of the check before."""
    return text in ("ok", "yes") and source.language.name != "erlang"


def _is_yes(source: Source, value: Value) -> bool:
    text = text_of(source, value.start, value.end)
    if value.negated or _is_name_ok(source, text):
        return False
    if "=" in text:
        return False  # `answer == Dialog.Yes` asks
    return text.lower() in _YES or last_component(text.lower()) in _YES


def _is_zero(source: Source, value: Value) -> bool:
    return (
        source.tokens.kinds[value.start] == NUMBER
        and text_of(source, value.start, value.end).strip("uUlL") == "0"
    )


def _function_in(source: Source, value: Value) -> Function | None:
    """The function that an expression is, or names."""
    tokens = source.tokens
    start, end = value.start, value.end
    if value.negated or start >= end:
        return None
    while start < end and tokens.texts[start] in _BEFORE_FUNCTIONS:
        start += 1
    written = _written(source, start, end)
    if written and written.expression and start < end < written.end:
        return replace(written, end=end)  # `dev ? (a, b) => true : null`
    if written:
        return written
    return _named(source, start, end)


def _written(source: Source, start: int, end: int) -> Function | None:
    tokens = source.tokens
    behind = start
    for index in range(start, min(end, start + 12)):
        text = tokens.texts[index]
        if index < behind:
            continue  # what a call is handed is not what it gives
        if tokens.partner[index] > index and text == "(":
            behind = tokens.partner[index] + 1
            function = _with_parameters(source, start, index)
            if function:
                return function
        elif text in _arrows(source) and tokens.parent[index] == tokens.parent[start]:
            low, high, expression = bodies.body_after(source, index, True) or (
                *bodies.expression(source, index + 1),
                True,
            )
            return Function(-1, -1, low, high, expression)
        elif text == "{" and tokens.partner[index] > index:
            opens = index == start or _opens(source, start, index)
            return _block(source, index) if opens else None
        else:
            function = _by_keyword(source, start, index, end)
            if function:
                return function
    return None


def _arrows(source: Source) -> tuple[str, ...]:
    """What stands before a function's body; in C a pointer's member has its own."""
    return ("=>",) if source.language.name in ("c", "objectivec") else ("=>", "->")


def _by_keyword(source: Source, start: int, index: int, end: int) -> Function | None:
    """`lambda a: …`, Rust's `|a| …`, and Erlang's `fun … end`."""
    text = source.tokens.texts[index]
    if text == ":" and source.tokens.texts[start] == "lambda":
        return Function(-1, -1, index + 1, end, True)
    if text == "|" and source.language.name == "rust":
        return _closure(source, index, end)
    if text in ("fn", "fun") and source.language.blocks == "end":
        return _clause(source, index, end)
    return None


def _with_parameters(source: Source, start: int, opening: int) -> Function | None:
    """`function (a) {…}`, `(a) => …`, `func(a) error {…}`, `Verifier((a) -> …)`."""
    tokens = source.tokens
    body = bodies.body_after(
        source,
        tokens.partner[opening] + 1,
        functions.defines(source, opening, -1)
        or tokens.texts[start]
        in ("function", "func", "fn", "sub", "delegate", "[", "def"),
    )
    if body is None and tokens.texts[tokens.partner[opening] + 1 :][:1] == ["->"]:
        body = bodies.arrow(source, tokens.partner[opening] + 2)
    if body:
        return Function(-1, opening, *body)
    plain = all(tokens.kinds[at] == WORD for at in range(start, opening, 2))
    if start < opening and tokens.kinds[opening - 1] == WORD and plain:
        return _written(source, opening + 1, tokens.partner[opening])
    return None


def _opens(source: Source, start: int, brace: int) -> bool:
    """Whether `word {` is a function: `sub {`, `proc {`, `Verifier { _, _ ->`."""
    tokens = source.tokens
    if tokens.texts[brace - 1] in ("sub", "proc", "lambda", "delegate", "Proc", "^"):
        return True
    return source.language.name in ("kotlin", "swift", "scala", "groovy", "ruby") and (
        brace - start <= 4
    )


def _block(source: Source, brace: int) -> Function:
    """A block with its parameters inside: `{ a, b -> …}`, `{ |a| …}`, `{ a in …}`."""
    tokens = source.tokens
    close = tokens.partner[brace]
    start = brace + 1
    if start < close and tokens.texts[start] == "|":
        start = next(
            (i + 1 for i in range(start + 1, close) if tokens.texts[i] == "|"), start
        )
    for index in range(start, min(close, start + 40)):
        if tokens.parent[index] == brace and tokens.texts[index] in ("->", "=>", "in"):
            start = index + 1
            break
        if tokens.texts[index] in ("return", ";", "="):
            break
    return Function(-1, -1, start, close)


def _closure(source: Source, bar: int, end: int) -> Function | None:
    tokens = source.tokens
    for index in range(bar + 1, end):
        if tokens.texts[index] == "|":
            if index + 1 < end and tokens.texts[index + 1] == "{":
                return Function(-1, -1, index + 2, tokens.partner[index + 1])
            return Function(-1, -1, index + 1, end, True)
    return None


def _clause(source: Source, index: int, end: int) -> Function | None:
    """`fn _, _ -> x end`: a single clause."""
    texts = source.tokens.texts
    arrows = [i for i in range(index, end) if texts[i] == "->"]
    if len(arrows) != 1 or texts[end - 1] != "end":
        return None
    return Function(-1, -1, arrows[0] + 1, end - 1)


def _named(source: Source, start: int, end: int) -> Function | None:
    """The function of this file that a plain name, or a method reference, means."""
    tokens = source.tokens
    if end - start > 6 or tokens.kinds[end - 1] != WORD:
        return None
    if any(tokens.kinds[index] not in (WORD, "p") for index in range(start, end)):
        return None
    name = tokens.texts[end - 1]
    found = [
        f for f in source.functions if f.name >= 0 and tokens.texts[f.name] == name
    ]
    return found[0] if len(found) == 1 else None
