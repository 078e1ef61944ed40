"""What an expression is made of: signs between parts, what it negates, a name."""

from __future__ import annotations

from tlsmith.scan.extent import content, top_level
from tlsmith.scan.lexer import STRING, WORD
from tlsmith.scan.source import Source

_EITHER = ("||", "or")

_BOTH = ("&&", "and")

_EQUAL = {"==": True, "===": True, "is": True, "!=": False, "!==": False}

_ENCRYPTED = frozenset(
    {"tls", "ssl", "https", "use_tls", "use_ssl", "usetls", "usessl"}
)
"""Without which there is nothing to verify: `skip_verify = not tls` says no more."""


def operands(
    source: Source, start: int, end: int
) -> tuple[list[tuple[int, int]], bool]:
    """What stands between the signs of `a || b` or `a && b`, and if it is the former.

    Nothing if both signs are there.
    """
    marks: dict[bool, list[int]] = {True: [], False: []}
    for index, text in top_level(source, start, end):
        if text in _EITHER or text in _BOTH:
            marks[text in _EITHER].append(index)
    either = bool(marks[True])
    if either and marks[False]:
        return [], either
    lows = (start, *(mark + 1 for mark in marks[either]))
    return list(zip(lows, (*marks[either], end), strict=True)), either


def settled(source: Source, start: int, end: int) -> tuple[int, int] | None:
    """The constant that decides it, whatever else is asked: `debug || true`."""
    parts, either = operands(source, start, end)
    wanted = "true" if either else "false"
    for low, high in parts if len(parts) > 1 else ():
        if high - low == 1 and source.tokens.texts[low].lower() == wanted:
            return low, high
    return None


def turned(source: Source, start: int, end: int) -> tuple[int, int, bool] | None:
    """What an expression negates, or compares with a boolean, and if that negates."""
    tokens = source.tokens
    if tokens.texts[start] not in ("!", "not") or tokens.kinds[start] == STRING:
        return _compared(source, start, end)
    if end - start == 2 and tokens.texts[start + 1].lower() in _ENCRYPTED:
        return None
    return start + 1, end, True


def _compared(source: Source, start: int, end: int) -> tuple[int, int, bool] | None:
    """The name that is compared with a boolean: `verify is not False`."""
    texts = source.tokens.texts
    low = end - 2 if end - start > 2 else start
    differs = texts[low] == "not" and texts[low - 1] == "is"
    low -= differs
    word = texts[end - 1].lower()
    if low <= start or texts[low] not in _EQUAL or word not in ("true", "false"):
        return None
    if not name_in(source, start, low):
        return None
    same = _EQUAL[texts[low]] and not differs
    return start, low, same != (word == "true")


def name_in(source: Source, start: int, end: int) -> tuple[str, ...]:
    """The parts of a plain or dotted name, or nothing; `a["b"]["c"]` is one as well."""
    tokens = source.tokens
    if end - start in (4, 7) and tokens.texts[start + 1] == "[":
        keys = range(start + 2, end, 3)
        if tokens.kinds[start] == WORD and all(tokens.kinds[k] == STRING for k in keys):
            return tokens.texts[start], *(content(tokens.texts[k]) for k in keys)
    if end - start == 4 and tokens.texts[start : start + 3] == ["this", ".", "#"]:
        return "this", tokens.texts[start + 3]  # a private member of JavaScript
    symbol = end - start > 1 and tokens.texts[start] == ":"
    if symbol or (end - start) % 2 == 0 or end - start > 7:
        return ()
    for index in range(start, end):
        wanted = WORD if (index - start) % 2 == 0 else "p"
        if tokens.kinds[index] != wanted:
            return ()
        if wanted == "p" and tokens.texts[index] not in (".", "->", "::", "?."):
            return ()
    return tuple(tokens.texts[start:end:2])
