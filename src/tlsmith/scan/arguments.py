"""The arguments of a call, as they are written."""

from __future__ import annotations

from dataclasses import dataclass, field

from tlsmith.scan import functions
from tlsmith.scan.extent import content, value_end
from tlsmith.scan.lexer import NEWLINE, STRING, WORD
from tlsmith.scan.source import Source

_BARE = (
    "ruby",
    "perl",
    "elixir",
    "powershell",
    "lua",
    "haskell",
    "groovy",
    "tcl",
    "crystal",
    "nim",
)


@dataclass
class Arguments:
    """The arguments of a call, as ranges of tokens; of named ones, their values."""

    positional: list[tuple[int, int]] = field(default_factory=list)
    named: dict[str, tuple[int, int]] = field(default_factory=dict)
    end: int = 0


def arguments_of(source: Source, name: int) -> Arguments | None:
    """The arguments of a call of a name; None if it is not called there."""
    tokens = source.tokens
    opening = name + 1
    while opening < len(tokens) and tokens.texts[opening] in ("!", "?."):
        opening += 1
    if opening < len(tokens) and tokens.texts[opening] in ("<", "::"):
        opening = _behind_generics(source, opening)
    if opening >= len(tokens):
        return None
    if tokens.texts[opening] == "(" and tokens.partner[opening] > opening:
        if _is_definition(source, name, opening):
            return None
        return _split(source, opening + 1, tokens.partner[opening])
    if source.language.name in _BARE and tokens.kinds[opening] != NEWLINE:
        if tokens.texts[opening] in ("=", ".", ",", ")", "=>", ":", "]"):
            return None
        return _bare_arguments(source, opening)
    return None


def _behind_generics(source: Source, index: int) -> int:
    depth = 0
    for ahead in range(index, min(index + 24, len(source.tokens))):
        text = source.tokens.texts[ahead]
        depth += (text == "<") - (text == ">")
        if text == "(" and depth <= 0:
            return ahead
    return len(source.tokens)


def _is_definition(source: Source, name: int, opening: int) -> bool:
    if functions.defines(source, opening, name):
        return True
    tokens = source.tokens
    before = tokens.texts[name - 1] if name else ""
    if (
        before == "class"
        or _is_declared(source, name, before)
        or _is_signature(source, opening, before)
    ):
        return True
    if before == "::" and source.language.name == "c":
        return functions.function_of(source, opening) is not None
    if before in (".", "->", "::", "?.", "=", "(", ",", "return", "new", "await", "!"):
        return False
    function = functions.function_of(source, opening)
    if function is None or function.expression:
        return False
    return source.language.blocks == "brace" and (
        source.language.name not in ("kotlin", "swift", "groovy", "ruby", "scala")
        or before in ("fun", "func", "def")
    )


_BEFORE_SIGNATURES = frozenset(
    [
        "\n",
        ";",
        "{",
        "}",
        "static",
        "public",
        "private",
        "protected",
        "abstract",
        "async",
    ]
)


def _is_signature(source: Source, opening: int, before: str) -> bool:
    """Whether it says what a method of TypeScript gives: `static open(): Client;`."""
    close = source.tokens.partner[opening]
    return (
        source.language.name == "javascript"
        and before in _BEFORE_SIGNATURES
        and source.tokens.texts[close + 1 : close + 2] == [":"]
    )


_TYPED = ("c", "objectivec", "java", "csharp")
_BEFORE_CALLS = frozenset(
    [
        "return",
        "new",
        "await",
        "else",
        "throw",
        "do",
        "in",
        "case",
        "co_await",
        "co_return",
        "yield",
        "delete",
        "not",
        "and",
        "or",
        "goto",
        "const",
        "using",
        "assert",
    ]
)


def _is_declared(source: Source, name: int, before: str) -> bool:
    """Whether a type stands before the name: `void setInsecure();` calls nothing."""
    return (
        source.language.name in _TYPED
        and name > 0
        and source.tokens.kinds[name - 1] == WORD
        and before not in _BEFORE_CALLS
    )


def _split(source: Source, low: int, close: int) -> Arguments:
    found = Arguments(end=close + 1)
    index = low
    while index < close:
        if source.tokens.kinds[index] == NEWLINE:
            index += 1
            continue
        high = min(value_end(source, index), close)
        if high > index:
            _take(source, found, index, high)
        index = max(high + 1, index + 1)
    return found


def _bare_arguments(source: Source, low: int) -> Arguments:
    tokens = source.tokens
    found = Arguments(end=low)
    index = low
    while index < len(tokens):
        high = value_end(source, index)
        if high > index:
            _take(source, found, index, high)
            found.end = high
        if high >= len(tokens) or tokens.texts[high] != ",":
            break
        index = high + 1
        while index < len(tokens) and tokens.kinds[index] == NEWLINE:
            index += 1
    return found


def _take(source: Source, found: Arguments, low: int, high: int) -> None:
    tokens = source.tokens
    while low < high and tokens.kinds[low] == NEWLINE:
        low += 1
    if low >= high:
        return
    name = tokens.texts[low]
    if name == "*" and low + 1 < high and tokens.texts[low + 1] == "*":
        found.named["**"] = (low + 2, high)
        return
    if name == "*" and source.language.name == "python":
        found.named["*"] = (low + 1, high)
        return
    skip = 1 if name == ":" else 0
    if low + skip + 2 < high + 0 and tokens.kinds[low + skip] in (WORD, STRING):
        key = tokens.texts[low + skip]
        if tokens.texts[low + skip + 1] in _naming(source):
            key = content(key) if tokens.kinds[low + skip] == STRING else key
            found.named[key] = (low + skip + 2, high)
            return
    found.positional.append((low, high))


def _naming(source: Source) -> tuple[str, ...]:
    """What stands behind an argument's name; elsewhere `=>` begins what is done."""
    names = source.language.name in ("ruby", "perl", "php", "crystal", "puppet")
    return ("=", ":", "=>") if names else ("=", ":")
