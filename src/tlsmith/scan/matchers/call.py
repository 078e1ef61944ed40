"""`call`: a function is called with certain arguments, or without.

What a rule may say in `match`: `receiver`, a regular expression searched in the text
before the name; `arguments`, tables of `at` (a position from 0, -1 for any) or `name`
with `values`, which must all hold; `missing`, keywords none of which may be given
(`**` is a dictionary of them), unless `missing_at` positional ones are there; and what
every matcher of code may (`asked.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tlsmith.scan import functions
from tlsmith.scan.expression import content, value_end
from tlsmith.scan.finding import Edit, Match
from tlsmith.scan.lexer import NEWLINE, STRING, WORD
from tlsmith.scan.matchers.asked import compiled, fits_calls, fits_file, satisfying
from tlsmith.scan.matchers.setting import key_at, removal
from tlsmith.scan.rule import Rule
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
_BEFORE = 300


@dataclass
class Arguments:
    """The arguments of a call, as ranges of tokens; of named ones, their values."""

    positional: list[tuple[int, int]] = field(default_factory=list)
    named: dict[str, tuple[int, int]] = field(default_factory=dict)
    end: int = 0


def match(rule: Rule, source: Source, start: int, end: int) -> Iterable[Match]:
    """The call of the name at an anchor, if its arguments are those asked for."""
    name = key_at(source, end)
    if name is None or source.tokens.kinds[name] != WORD or not fits_file(rule, source):
        return
    arguments = arguments_of(source, name)
    if arguments is None or source.in_import(name) or not _receiver(rule, source, name):
        return
    if not _lacks(rule.match, arguments) or not fits_calls(rule, source, name):
        return
    sure, last, edits = True, arguments.end, _of_name(rule, source, name)
    for asked in rule.match.get("arguments", ()):
        hit = _hit(source, arguments, asked)
        if hit is None:
            return
        (low, high), always = hit
        sure, last = sure and always, high
        edits = edits or _of_argument(rule, source, low, high)
    yield Match(
        source.tokens.starts[name],
        source.tokens.ends[last - 1],
        None if sure else "medium",
        "" if sure else "one branch of a condition says so",
        edits=edits,
    )


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
    if before in (".", "->", "::", "?.", "=", "(", ",", "return", "new", "await", "!"):
        return False
    function = functions.function_of(source, opening)
    if function is None or function.expression:
        return False
    return source.language.blocks == "brace" and (
        source.language.name not in ("kotlin", "swift", "groovy", "ruby", "scala")
        or before in ("fun", "func", "def")
    )


def _split(source: Source, low: int, close: int) -> Arguments:
    found = Arguments(end=close + 1)
    index = low
    while index < close:
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
        if tokens.texts[low + skip + 1] in ("=", ":", "=>"):
            key = content(key) if tokens.kinds[low + skip] == STRING else key
            found.named[key] = (low + skip + 2, high)
            return
    found.positional.append((low, high))


def _receiver(rule: Rule, source: Source, name: int) -> bool:
    if "receiver" not in rule.match:
        return True
    end = source.tokens.starts[name]
    before = "\n" + source.text[max(0, end - _BEFORE) : end]
    return bool(compiled(rule.match["receiver"]).search(before))


def _lacks(asked: Mapping[str, Any], arguments: Arguments) -> bool:
    if "missing" not in asked:
        return True
    if any(name in arguments.named for name in asked["missing"]):
        return False
    return len(arguments.positional) <= asked.get("missing_at", 1 << 30) - (
        1 if "missing_at" in asked else 0
    )


def _hit(
    source: Source, arguments: Arguments, asked: Mapping[str, Any]
) -> tuple[tuple[int, int], bool] | None:
    candidates: list[tuple[int, int]] = []
    if asked.get("name") in arguments.named:
        candidates.append(arguments.named[asked["name"]])
    at = asked.get("at")
    if at == -1:
        candidates += [*arguments.positional, *arguments.named.values()]
    elif at is not None and at < len(arguments.positional):
        candidates.append(arguments.positional[at])
    for low, high in candidates:
        found = satisfying(source, low, high, asked.get("values", ()))
        if found:
            return (low, high), found[1]
    return None


def _of_name(rule: Rule, source: Source, name: int) -> tuple[Edit, ...]:
    if "replace" not in rule.rewrite:
        return ()
    tokens = source.tokens
    return (Edit(tokens.starts[name], tokens.ends[name], rule.rewrite["replace"]),)


def _of_argument(rule: Rule, source: Source, low: int, high: int) -> tuple[Edit, ...]:
    tokens = source.tokens
    if "value" in rule.rewrite:
        return (Edit(tokens.starts[low], tokens.ends[high - 1], rule.rewrite["value"]),)
    if rule.rewrite.get("remove") == "argument":
        first = low
        while first and tokens.texts[first - 1] in ("=", ":", "=>"):
            first -= 2
        return removal(source, first, high)
    return ()
