"""`setting`: a key is given one of some values, however that is written.

What a rule may say in `match`: `values`, words as in docs/scan.md; `compensated`, a
regular expression that must not be found in the brackets around it; and what every
matcher of code may (`asked.py`).
"""

from __future__ import annotations

from collections.abc import Iterable

from tlsmith.scan import functions
from tlsmith.scan.expression import Value, value_end
from tlsmith.scan.finding import Edit, Match
from tlsmith.scan.lexer import NEWLINE, STRING, WORD
from tlsmith.scan.matchers.asked import compiled, fits_calls, fits_file, satisfying
from tlsmith.scan.rule import Rule
from tlsmith.scan.source import Source

_GIVING = frozenset({"=", ":", "=>", ":=", "<-", "+=", "->"})


def match(rule: Rule, source: Source, start: int, end: int) -> Iterable[Match]:
    """The key at an anchor with its value, if that is one of those asked for."""
    key = key_at(source, end)
    if key is None or not fits_file(rule, source):
        return
    low = value_start(source, key)
    if low is None or source.in_import(key) or _is_parameter(source, key):
        return
    high = value_end(source, low)
    found = satisfying(source, low, high, rule.match.get("values", ()))
    if found is None or not fits_calls(rule, source, key):
        return
    if "compensated" in rule.match and _compensated(rule, source, key):
        return
    value, sure = found
    yield Match(
        source.tokens.starts[key],
        source.tokens.ends[high - 1],
        None if sure else "medium",
        _reason(value, low, high, sure),
        edits=_edits(rule, source, key, (low, high), value),
    )


def key_at(source: Source, end: int) -> int | None:
    """The index of the key that an anchor ends on, or just behind."""
    tokens = source.tokens
    offset = end - 1
    if tokens.in_comment(offset):
        return None
    index = tokens.at(offset)
    while index is None and offset > 0 and source.text[offset].isspace():
        offset -= 1
        index = tokens.at(offset)
    if index is None:
        return None
    for _ in range(4):
        if index < 0 or tokens.kinds[index] == NEWLINE:
            return None
        if tokens.kinds[index] == WORD:
            return index
        if tokens.kinds[index] == STRING:
            return index if len(tokens.texts[index]) <= 80 else None
        index -= 1
    return None


def value_start(source: Source, key: int) -> int | None:
    """The index of the first token of a key's value, or None if it is given none."""
    tokens = source.tokens
    index = key + 1
    while index < len(tokens) and tokens.texts[index] in ("]", "}", "||", "??"):
        if tokens.kinds[index] == STRING or index > key + 3:
            return None
        index += 1
    if index >= len(tokens):
        return None
    text, kind = tokens.texts[index], tokens.kinds[index]
    if kind == STRING or text not in _GIVING:
        return _unmarked(source, key, index)
    if text == ":":
        typed = _behind_type(source, index + 1)
        if typed is not None:
            return typed
    return _skip_lines(source, index + 1)


def _unmarked(source: Source, key: int, index: int) -> int | None:
    """Where no sign stands between: Clojure, and Erlang's `{key, value}`."""
    tokens = source.tokens
    name = source.language.name
    before = tokens.texts[key - 1] if key else ""
    if name == "clojure" or (name == "powershell" and before == "-"):
        return index if tokens.kinds[index] != NEWLINE else None
    if (
        tokens.texts[index] == ","
        and before in ("{", "[")
        and name
        in (
            "erlang",
            "elixir",
            "python",
            "javascript",
        )
    ):
        return (
            _skip_lines(source, index + 1)
            if before == "{" or name == "javascript"
            else None
        )
    return None


def _behind_type(source: Source, index: int) -> int | None:
    """The value behind `key: Type =`, or None if no type stands there."""
    tokens = source.tokens
    for ahead in range(index, min(index + 8, len(tokens))):
        if tokens.texts[ahead] == "=" and ahead > index:
            return _skip_lines(source, ahead + 1)
        if tokens.kinds[ahead] != WORD and tokens.texts[ahead] not in (
            "[",
            "]",
            ".",
            "?",
            "|",
            "<",
            ">",
        ):
            return None
    return None


def _skip_lines(source: Source, index: int) -> int | None:
    tokens = source.tokens
    while index < len(tokens) and tokens.kinds[index] == NEWLINE:
        index += 1
    return index if index < len(tokens) else None


def _is_parameter(source: Source, key: int) -> bool:
    """Whether it is a parameter's default: what is passed there is seen where it is."""
    parent = source.tokens.parent[key]
    if parent < 0 or source.tokens.texts[parent] != "(":
        return False
    function = functions.function_of(source, parent)
    return function is not None and source.language.name != "ruby"


def _compensated(rule: Rule, source: Source, key: int) -> bool:
    tokens = source.tokens
    parent = tokens.parent[key]
    low = tokens.starts[parent] if parent >= 0 else 0
    high = tokens.ends[tokens.partner[parent]] if parent >= 0 else len(source.text)
    return bool(compiled(rule.match["compensated"]).search(source.text, low, high))


def _reason(value: Value, low: int, high: int, sure: bool) -> str:
    if low <= value.start < high:
        return "" if sure else "one branch of a condition says so"
    return "a name of this file holds that value" + ("" if sure else ", sometimes")


def _edits(
    rule: Rule, source: Source, key: int, bounds: tuple[int, int], value: Value
) -> tuple[Edit, ...]:
    tokens = source.tokens
    low, high = bounds
    if "value" in rule.rewrite and low <= value.start < high and not value.negated:
        return (
            Edit(
                tokens.starts[value.start],
                tokens.ends[value.end - 1],
                rule.rewrite["value"],
            ),
        )
    if rule.rewrite.get("remove") == "argument":
        return removal(source, key, high)
    return ()


def removal(source: Source, first: int, end: int) -> tuple[Edit, ...]:
    """The edit that takes an argument out, with one of its commas."""
    tokens = source.tokens
    start, stop = tokens.starts[first], tokens.ends[end - 1]
    if end < len(tokens) and tokens.texts[end] == ",":
        stop = tokens.ends[end]
        while stop < len(source.text) and source.text[stop] == " ":
            stop += 1
    elif first and tokens.texts[first - 1] == ",":
        start = tokens.starts[first - 1]
    return (Edit(start, stop, ""),)
