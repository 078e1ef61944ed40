"""Functions as they are written: where they begin and end, what they give back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tlsmith.scan.lexer import NEWLINE, STRING, WORD
from tlsmith.scan.source import Source

_DEFINING = frozenset(
    [
        "def",
        "function",
        "func",
        "fn",
        "fun",
        "sub",
        "proc",
        "lambda",
        "defp",
        "init",
        "constructor",
        "delegate",
    ]
)
_CONTROL = frozenset(
    [
        "if",
        "for",
        "while",
        "switch",
        "catch",
        "when",
        "else",
        "elseif",
        "elsif",
        "foreach",
        "match",
        "with",
        "using",
        "lock",
        "synchronized",
        "try",
        "unless",
        "until",
        "guard",
        "do",
        "return",
        "in",
        "of",
        "await",
        "and",
        "or",
        "not",
    ]
)
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


@dataclass(frozen=True)
class Function:
    """A function of a text.

    Args:
        name: Index of the token that names it, or -1.
        parameters: Index of the bracket that opens its parameters, or -1.
        start: Index of the first token of its body.
        end: Index after the last.
        expression: Whether the body is one expression, whose value it returns.
    """

    name: int
    parameters: int
    start: int
    end: int
    expression: bool = False


def enclosing(source: Source, index: int) -> int:
    """The number of the innermost function that a token stands in, or -1."""
    return source.owners[index] if 0 <= index < len(source.owners) else -1


def owners_of(source: Source) -> list[int]:
    """For each token the number of the innermost function around it, or -1."""
    owners = [-1] * len(source.tokens)
    spans = [
        (f.parameters if f.parameters >= 0 else f.start, f.end, number)
        for number, f in enumerate(source.functions)
    ]
    # The longest first, so that what lies in it is painted over it.
    for first, end, number in sorted(spans, key=lambda span: span[0] - span[1]):
        owners[first:end] = [number] * (min(end, len(owners)) - first)
    return owners


def outward(source: Source, number: int) -> Iterator[int]:
    """A function's number, those of the functions around it, and last -1."""
    while number >= 0:
        yield number
        function = source.functions[number]
        first = function.parameters if function.parameters >= 0 else function.start
        number = enclosing(source, first - 1) if first else -1
    yield -1


_MAKING = frozenset(
    [
        "__init__",
        "__post_init__",
        "__construct",
        "constructor",
        "initialize",
        "init",
        "setUp",
        "setup",
        "new",
        "BUILD",
    ]
)


def makes(source: Source, number: int) -> bool:
    """Whether a function makes an object: what it gives members, they begin with."""
    if number < 0 or source.functions[number].name < 0:
        return True
    name = source.tokens.texts[source.functions[number].name]
    return name in _MAKING or name[:1].isupper()


def has_parameter(source: Source, number: int, name: str) -> bool:
    """Whether a function takes a parameter of this name."""
    return _parameter(source, number, name) >= 0


def default_of(source: Source, number: int, name: str) -> int:
    """Where a parameter's default value starts, or -1."""
    index = _parameter(source, number, name)
    if index < 0:
        return -1
    tokens = source.tokens
    close = tokens.partner[source.functions[number].parameters]
    for ahead in range(index + 1, min(index + 8, close)):
        if tokens.texts[ahead] == "=":
            return ahead + 1
        if tokens.texts[ahead] == ",":
            return -1
    return -1


def _parameter(source: Source, number: int, name: str) -> int:
    opening = source.functions[number].parameters if number >= 0 else -1
    if opening < 0:
        return -1
    tokens = source.tokens
    for index in range(opening + 1, max(tokens.partner[opening], opening + 1)):
        if tokens.texts[index] == name and tokens.parent[index] == opening:
            return index
    return -1


def find_functions(source: Source) -> list[Function]:
    """Every function of a text that has a parameter list, in order."""
    found = []
    for index, text in enumerate(source.tokens.texts):
        if text == "(" and source.tokens.partner[index] > index:
            function = function_of(source, index)
            if function:
                found.append(function)
    return found


def function_of(source: Source, opening: int) -> Function | None:
    """The function whose parameters open here, if it is a definition."""
    tokens = source.tokens
    name = opening - 1 if opening and tokens.kinds[opening - 1] == WORD else -1
    if name >= 0 and tokens.texts[name] in _CONTROL:
        return None
    if name >= 0 and tokens.texts[name] in _DEFINING:
        name = -1
    body = body_after(
        source, tokens.partner[opening] + 1, defines(source, opening, name)
    )
    return body and Function(name, opening, *body)


def defines(source: Source, opening: int, name: int) -> bool:
    """Whether a word before a bracket says that this is a definition."""
    tokens = source.tokens
    first = (name if name >= 0 else opening) - 1
    return (first >= 0 and tokens.texts[first] in _DEFINING) or (
        name < 0 and opening > 0 and tokens.texts[opening - 1] in _DEFINING
    )


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
        return _arrow(source, ahead + 1)
    if text == "=" and (defined or typed):
        return (*_expression(source, ahead + 1), True)
    blocks = source.language.blocks if defined else ""
    if text == ":" and blocks == "indent":
        return (*_indented(source, ahead), False)
    if blocks == "end":
        return _body_to_end(source, ahead)
    return None


def _body_to_end(source: Source, ahead: int) -> tuple[int, int, bool] | None:
    """The body until its `end`; Lua's may begin on the same line."""
    tokens = source.tokens
    if source.language.name == "lua":
        return (*_ended(source, ahead - 1), False)
    if tokens.texts[ahead] == "do" or tokens.kinds[ahead] == NEWLINE:
        return (*_ended(source, ahead), False)
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
        tokens.texts[index] in ("{", "->") or tokens.texts[index] in _MODIFIERS
    )


def _arrow(source: Source, index: int) -> tuple[int, int, bool]:
    tokens = source.tokens
    while index < len(tokens) and tokens.kinds[index] == NEWLINE:
        index += 1
    if index < len(tokens) and tokens.texts[index] == "{":
        return index + 1, max(tokens.partner[index], index + 1), False
    return (*_expression(source, index), True)


def _expression(source: Source, index: int) -> tuple[int, int]:
    from tlsmith.scan.expression import value_end

    while index < len(source.tokens) and source.tokens.kinds[index] == NEWLINE:
        index += 1
    return index, value_end(source, index)


def _indented(source: Source, colon: int) -> tuple[int, int]:
    """The body behind a colon: the rest of the line, or what is indented more."""
    tokens = source.tokens
    if colon + 1 < len(tokens) and tokens.kinds[colon + 1] != NEWLINE:
        return _expression(source, colon + 1)
    indent = source.indent(colon)
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
    indent = source.indent(opening)
    for index in range(opening + 1, len(tokens)):
        if tokens.texts[index] == "end" and (
            source.indent(index) <= indent
            or source.position(tokens.starts[index])[0]
            == source.position(tokens.starts[opening])[0]
        ):
            return opening + 1, index
    return opening + 1, len(tokens)


_LOGGING = re.compile(
    r"(?i)(?:\w+\.)*_?(?:log\w*|timber|napier|q(?:debug|warning)|std|f?printf|trace|debug|info|warn\w*|print\w*|console|puts|echo|nslog|"
    r"write(?:line|-host|-verbose)|system|out|fmt|super|io|stderr|stdout|os_log|tracing)$"
)
_THROWING = frozenset(
    [
        "throw",
        "raise",
        "panic",
        "die",
        "abort",
        "exit",
        "fail",
        "reject",
        "croak",
        "error",
        "Err",
        "assert",
        "bail",
        "fatalError",
        "throws",
    ]
)


def returns_of(source: Source, function: Function) -> list[tuple[int, int]] | None:
    """The ranges of what a function returns, an empty one where it returns nothing.

    None if it may throw, or does anything else whose outcome nobody can see: calls
    that do more than tell.
    """
    from tlsmith.scan.expression import value_end

    tokens = source.tokens
    if function.expression:
        return [(function.start, function.end)]
    found: list[tuple[int, int]] = []
    for index in range(function.start, function.end):
        text = tokens.texts[index]
        if tokens.kinds[index] == STRING:
            continue
        if text in _THROWING and _throws(source, index):
            return None
        if text == "return":
            end = index + 1
            if end < function.end and tokens.kinds[end] != NEWLINE:
                end = min(value_end(source, index + 1), function.end)
            found.append((index + 1, end))
    return found or _last_value(source, function)


def _throws(source: Source, index: int) -> bool:
    """Whether a word that may throw does: `error(…)`, not `log.error(…)` or a name."""
    texts = source.tokens.texts
    if texts[index] not in ("error", "fail", "reject", "exit", "abort", "assert"):
        return True
    after = texts[index + 1] if index + 1 < len(texts) else ""
    before = texts[index - 1] if index else ""
    if after not in ("(", "!"):
        return texts[index] in ("assert", "fail")
    return texts[index] != "error" or before not in (".", "::", "->", "?.")


def _only_tells(source: Source, low: int, high: int) -> bool:
    """Whether an `if` or a loop does nothing but tell, whatever its condition is."""
    tokens = source.tokens
    if (
        tokens.texts[low] not in ("if", "for", "foreach")
        or tokens.texts[high - 1] != "}"
    ):
        return False
    blocks = [
        index
        for index in range(low, high)
        if tokens.texts[index] == "{" and tokens.parent[index] == tokens.parent[low]
    ]
    return bool(blocks) and all(
        _tells(source, start)
        for block in blocks
        for start, _ in _statements(source, block + 1, tokens.partner[block])
    )


def _last_value(source: Source, function: Function) -> list[tuple[int, int]] | None:
    """Without `return`: the last expression, if the rest does nothing but tell."""
    statements = [
        (low, high)
        for low, high in _statements(source, function.start, function.end)
        if not (_tells(source, low) or _only_tells(source, low, high))
    ]
    if not statements or _swallows(source, statements):
        return [(function.end, function.end)]
    return statements if len(statements) == 1 else None


def _swallows(source: Source, statements: list[tuple[int, int]]) -> bool:
    """Whether all there is is a `try` whose failures are only told of."""
    tokens = source.tokens
    if tokens.texts[statements[0][0]] != "try":
        return False
    caught = False
    for low, high in statements:
        if tokens.texts[low] not in ("try", "catch", "finally"):
            return False
        for index in range(low, high):
            if tokens.texts[index] == "catch":
                caught = True
            block = tokens.partner[index]
            if (
                tokens.texts[index] == "{"
                and tokens.parent[index] == tokens.parent[low]
            ):
                inner = list(_statements(source, index + 1, max(block, index + 1)))
                if caught and not all(_tells(source, start) for start, _ in inner):
                    return False
    return caught


def _statements(source: Source, start: int, end: int) -> Iterator[tuple[int, int]]:
    tokens = source.tokens
    index = low = start
    while index < end:
        if tokens.kinds[index] == NEWLINE or tokens.texts[index] == ";":
            if low < index:
                yield low, index
            low = index + 1
        partner = tokens.partner[index]
        index = partner + 1 if index < partner < end else index + 1
    if low < end:
        yield low, end


def _tells(source: Source, index: int) -> bool:
    """Whether a statement only logs, or passes."""
    tokens = source.tokens
    if tokens.texts[index].lower() == "system":
        return tokens.texts[index + 2 : index + 3] in (["out"], ["err"])
    if tokens.texts[index] in ("pass", "...", "_", "unused", "Q_UNUSED", "(") or (
        tokens.kinds[index] == STRING
    ):
        return True
    return bool(_LOGGING.match(tokens.texts[index]))
