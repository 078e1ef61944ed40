"""Functions as they are written: where they begin and end, and their parameters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tlsmith.scan.bodies import body_after
from tlsmith.scan.lexer import WORD
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
        "Function",
        "Sub",
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


_BARE_CONDITIONS = ("go", "rust", "swift")
"""Where no brackets stand around what `if` asks."""
_ASKING = frozenset({"if", "for", "while", "switch", "match", "else", "guard"})


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


def defines_name(source: Source, name: str) -> bool:
    """Whether the file defines a function of this name."""
    texts = source.tokens.texts
    return any(
        function.name >= 0 and texts[function.name] == name
        for function in source.functions
    )


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
        if ahead == index + 1 and source.language.name == "ruby":
            named = tokens.texts[ahead] == ":" and ahead + 1 < close
            if named and tokens.texts[ahead + 1] != ",":
                return ahead + 1  # `def get(verify: false)`
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


_OWN = ("self", "cls", "&")


def position(source: Source, function: Function, word: str) -> int:
    """At which place a call gives a parameter; it does not give what a method is of."""
    tokens = source.tokens
    opening = function.parameters
    texts = tokens.texts[opening + 1 : tokens.partner[opening]]
    at = 0
    for index in range(opening + 1, tokens.partner[opening]):
        if tokens.parent[index] != opening:
            continue
        if tokens.texts[index] == word:
            break
        at += tokens.texts[index] == ","
    return at - 1 if texts[:1] and texts[0] in _OWN and at else at


def given_name(source: Source, opening: int) -> str:
    """The name in `name = (a) => …`, `name := func(a) …`, `name = function (a) …`."""
    tokens = source.tokens
    index = opening - 1
    while index > 0 and tokens.texts[index] in ("async", "function", "func", "lambda"):
        index -= 1
    if index > 0 and tokens.texts[index] in ("=", ":=", ":"):
        return tokens.texts[index - 1]
    return ""


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
    if name >= 0 and (tokens.texts[name] in _CONTROL or _is_asked(source, name)):
        return None
    if _is_receiver(source, opening):
        return None
    after = tokens.partner[opening] + 1
    if source.language.name == "go":
        if _is_result(source, opening):
            return None
        after += tokens.texts[after : after + 1] == ["func"]
        if tokens.texts[after : after + 1] == ["("] and tokens.partner[after] > after:
            after = tokens.partner[after] + 1
    if name >= 0 and tokens.texts[name] in _DEFINING:
        name = -1
    body = body_after(source, after, defines(source, opening, name))
    return body and Function(name, opening, *body)


def _is_result(source: Source, opening: int) -> bool:
    """Whether it is what a function of Go gives back: `(*C, error)`, `func(*C)`."""
    texts = source.tokens.texts
    before = opening - 1 - (texts[opening - 1] == "func")
    return texts[before] == ")"


def _is_asked(source: Source, name: int) -> bool:
    """Whether it is a call whose block belongs to a word before: `if has(x) {`."""
    texts = source.tokens.texts
    if source.language.name not in _BARE_CONDITIONS or texts[name] in _DEFINING:
        return False
    stated = texts[source.begins_statement(name) : name]
    return not _ASKING.isdisjoint(stated)


def defines(source: Source, opening: int, name: int) -> bool:
    """Whether a word before a bracket says that this is a definition."""
    tokens = source.tokens
    first = (name if name >= 0 else opening) - 1
    if name > 0 and tokens.texts[first] == ")" and source.language.name == "go":
        return _is_receiver(source, tokens.partner[first])
    return (first >= 0 and tokens.texts[first] in _DEFINING) or (
        name < 0 and opening > 0 and tokens.texts[opening - 1] in _DEFINING
    )


def _is_receiver(source: Source, opening: int) -> bool:
    """Whether a bracket holds what a method of Go is of: `func (c *Client) Get() {`."""
    tokens = source.tokens
    close = tokens.partner[opening]
    if source.language.name != "go" or opening < 1 or close + 2 >= len(tokens):
        return False
    return (
        tokens.texts[opening - 1] == "func"
        and tokens.kinds[close + 1] == WORD
        and tokens.texts[close + 1] != "func"
        and tokens.texts[close + 2] == "("
    )
