"""Bodies of functions: where they begin and end behind a parameter list."""

from __future__ import annotations

from tlsmith.scan.extent import value_end
from tlsmith.scan.lexer import NEWLINE, STRING
from tlsmith.scan.source import Source

_MODIFIERS = frozenset(
    [
        "throws",
        "throw",
        "const",
        "override",
        "noexcept",
        "async",
        "final",
        "where",
        "rethrows",
        "mutating",
        "inout",
        "returns",
        "suspend",
        "unsafe",
        "volatile",
    ]
)
_HEADER = 60
_BEHIND_HEADER = frozenset({"As", "Implements", "Handles", ".", ","})
"""What Visual Basic says of a function between its parameters and its body."""


def body_after(
    source: Source, index: int, defined: bool
) -> tuple[int, int, bool] | None:
    """Start and end of the body behind a parameter list, and if it is an expression.

    Args:
        source: The text.
        index: Of the token behind the closing bracket.
        defined: Whether a word like `def` stands before.
    """
    tokens = source.tokens
    typed = False
    angles = 0
    for ahead in range(index, min(index + _HEADER, len(tokens))):
        text, kind = tokens.texts[ahead], tokens.kinds[ahead]
        angles += (text == "<") - (text == ">")
        if text == "," and typed and angles > 0:
            continue  # Result<A, B>
        body = None if kind == STRING else _body_at(source, ahead, defined, typed)
        if body:
            return body
        if text in ("->", ":"):
            typed = True
        elif not _goes_on(source, index, ahead, typed or defined):
            return None
    return None


def _body_at(
    source: Source, ahead: int, defined: bool, typed: bool
) -> tuple[int, int, bool] | None:
    """The body that a token opens, if it opens one."""
    tokens = source.tokens
    text = tokens.texts[ahead]
    if text == "{" and tokens.partner[ahead] > ahead:
        return ahead + 1, tokens.partner[ahead], False
    arrows = ("elixir", "erlang") if defined else ("java",)
    if text == "=>" or (text == "->" and source.language.name in arrows):
        return arrow(source, ahead + 1)
    if text == "=" and (defined or typed):
        return _given(source, *expression(source, ahead + 1))
    return _body_without_braces(source, ahead) if defined else None


def _body_without_braces(source: Source, ahead: int) -> tuple[int, int, bool] | None:
    tokens = source.tokens
    if source.language.name == "visualbasic":
        return _visual_basic(source, ahead)
    if tokens.texts[ahead] == ":" and source.language.blocks == "indent":
        return (*_indented(source, ahead), False)
    if source.language.blocks == "end":
        return _body_to_end(source, ahead)
    return None


def _given(source: Source, start: int, end: int) -> tuple[int, int, bool]:
    """The body behind an equals sign: an expression, or a block as Scala has them."""
    tokens = source.tokens
    if source.language.name == "scala" and tokens.texts[start : start + 1] == ["{"]:
        return start + 1, max(tokens.partner[start], start + 1), False
    return start, end, True


def _body_to_end(source: Source, ahead: int) -> tuple[int, int, bool] | None:
    """The body until its `end`; Lua's may begin on the same line."""
    tokens = source.tokens
    if source.language.name == "lua":
        return (*_ended(source, ahead - 1), False)
    if tokens.texts[ahead] == "do" or tokens.kinds[ahead] == NEWLINE:
        return (*_ended(source, ahead), False)
    return None


def _visual_basic(source: Source, ahead: int) -> tuple[int, int, bool] | None:
    """Visual Basic's body: the rest of the line, or what is above `End Function`."""
    tokens = source.tokens
    if not _BEHIND_HEADER.isdisjoint(tokens.texts[ahead - 1 : ahead + 1]):
        return None
    if tokens.kinds[ahead] != NEWLINE:
        return (*expression(source, ahead), True)
    for index in range(ahead, len(tokens) - 1):
        ends = tokens.texts[index].lower() == "end"
        if ends and tokens.texts[index + 1].lower() in ("function", "sub"):
            return ahead + 1, index, False
    return None


def _goes_on(source: Source, index: int, ahead: int, free: bool) -> bool:
    """Whether a header may go on with this token."""
    text, kind = source.tokens.texts[ahead], source.tokens.kinds[ahead]
    if kind == NEWLINE:
        return _brace_follows(source, ahead)
    if kind == STRING or text in ";)}":
        return False
    throws = _is_throws(source, index)
    return throws or (text != "," and (free or text in _MODIFIERS))


def _is_throws(source: Source, index: int) -> bool:
    tokens = source.tokens
    while index < len(tokens) and tokens.kinds[index] == NEWLINE:
        index += 1
    return index < len(tokens) and tokens.texts[index] in _MODIFIERS


def _brace_follows(source: Source, index: int) -> bool:
    tokens = source.tokens
    while index < len(tokens) and tokens.kinds[index] == NEWLINE:
        index += 1
    return index < len(tokens) and (
        tokens.texts[index] in ("{", "->", "=>") or tokens.texts[index] in _MODIFIERS
    )


def arrow(source: Source, index: int) -> tuple[int, int, bool]:
    """The body behind an arrow: a block, or an expression."""
    tokens = source.tokens
    while index < len(tokens) and tokens.kinds[index] == NEWLINE:
        index += 1
    if index < len(tokens) and tokens.texts[index] == "{":
        return index + 1, max(tokens.partner[index], index + 1), False
    return (*expression(source, index), True)


def expression(source: Source, index: int) -> tuple[int, int]:
    """Where an expression begins and ends, line breaks before it passed over."""
    while index < len(source.tokens) and source.tokens.kinds[index] == NEWLINE:
        index += 1
    return index, value_end(source, index)


def _header(source: Source, index: int) -> int:
    """The first token of the line that what ends with a token begins on.

    Parameters may have lines of their own, and their bracket be indented with them.
    """
    tokens = source.tokens
    while index > 0 and tokens.kinds[index - 1] != NEWLINE:
        index -= 1
        if 0 <= tokens.partner[index] < index:
            index = tokens.partner[index]
    return index


def _indented(source: Source, colon: int) -> tuple[int, int]:
    """The body behind a colon: the rest of the line, or what is indented more."""
    tokens = source.tokens
    if colon + 1 < len(tokens) and tokens.kinds[colon + 1] != NEWLINE:
        return expression(source, colon + 1)
    indent = source.indent(_header(source, colon))
    index = colon + 1
    while index < len(tokens):
        if tokens.kinds[index] == NEWLINE:
            index += 1
            continue
        if tokens.kinds[index - 1] == NEWLINE and source.indent(index) <= indent:
            break
        partner = tokens.partner[index]
        index = partner + 1 if partner > index else index + 1
    return colon + 1, index


def _ended(source: Source, opening: int) -> tuple[int, int]:
    """The body until the `end` that is indented like the line it opens on."""
    tokens = source.tokens
    indent = source.indent(_header(source, opening))
    for index in range(opening + 1, len(tokens)):
        if tokens.texts[index] == "end" and (
            source.indent(index) <= indent
            or source.position(tokens.starts[index])[0]
            == source.position(tokens.starts[opening])[0]
        ):
            return opening + 1, index
    return opening + 1, len(tokens)
