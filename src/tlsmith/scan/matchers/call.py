"""`call`: a function is called with certain arguments, or without.

What a rule may say in `match`: `inside`, that the anchor ends in one of the arguments;
`receiver`, a regular expression searched in the text before the name; `arguments`,
tables of `at` (a position from 0, -1 for any) or `name` with `values`, which must all
hold; `arguments_lack`, words none of which may be one; `told_there`, that what it is
followed to is told instead where a rule sees it; `missing`, keywords none of which may
be given, but as None (`**` is a dictionary of them), unless `missing_at` positional
ones are there; and what every matcher of code may (`asked.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tlsmith.scan.arguments import Arguments, arguments_of
from tlsmith.scan.expression import Value
from tlsmith.scan.finding import Edit, Match
from tlsmith.scan.lexer import WORD
from tlsmith.scan.matchers.asked import fits_calls, handed, satisfying
from tlsmith.scan.matchers.setting import key_at, origin_of, removal
from tlsmith.scan.pattern import compiled
from tlsmith.scan.rule import Rule
from tlsmith.scan.source import Source

_BEFORE = 300


def match(rule: Rule, source: Source, start: int, end: int) -> Iterable[Match]:
    """The call of the name at an anchor, if its arguments are those asked for."""
    name = key_at(source, end)
    if name is not None and rule.match.get("inside"):
        name = source.tokens.parent[name] - 1
    if name is None or name < 0 or source.tokens.kinds[name] != WORD:
        return
    arguments = arguments_of(source, name)
    if arguments is None or source.in_import(name) or not _receiver(rule, source, name):
        return
    if _has_any(source, arguments, rule.match.get("arguments_lack", ())):
        return
    if not _lacks(source, rule.match, arguments) or not fits_calls(rule, source, name):
        return
    sure, last, edits = True, arguments.end, _of_name(rule, source, name)
    origin = chosen = None
    for asked in rule.match.get("arguments", ()):
        hit = _hit(source, arguments, asked)
        if hit is None:
            yield from _by_callers(rule, source, arguments, asked)
            return
        (low, high), always, value = hit
        origin = origin or origin_of(source, value, low, high)
        if rule.match.get("told_there") and origin is None:
            origin = source.tokens.starts[low], source.tokens.ends[high - 1]
        sure, last = sure and always, high
        if not always and low <= value.start < high:
            chosen = source.tokens.starts[value.start]
        if always and low <= value.start < high:  # elsewhere it has its reasons
            edits = edits or _of_argument(rule, source, low, high)
    if origin and not sure and not rule.match.get("told_there"):
        yield Match(*origin, "medium", "a name that is used below, sometimes")
        return
    yield Match(
        source.tokens.starts[name],
        source.tokens.ends[last - 1],
        None if sure else "medium",
        "" if sure else "one branch of a condition says so",
        edits=edits,
        origin=origin,
        told_there=rule.match.get("told_there", False),
        chosen=chosen,
    )


def _has_any(source: Source, arguments: Arguments, words: Iterable[str]) -> bool:
    """Whether any argument is one of these words."""
    return (
        bool(words) and _hit(source, arguments, {"at": -1, "values": words}) is not None
    )


def _by_callers(
    rule: Rule, source: Source, arguments: Arguments, missed: Mapping[str, Any]
) -> Iterable[Match]:
    """Calls in this file of what hands its parameter on, if the others are right."""
    for asked in rule.match["arguments"]:
        if asked is not missed and _hit(source, arguments, asked) is None:
            return
    for bounds in _candidates(arguments, missed):
        for low, high in handed(source, bounds, missed.get("values", ())):
            yield Match(source.tokens.starts[low], source.tokens.ends[high - 1])


def _receiver(rule: Rule, source: Source, name: int) -> bool:
    if "receiver" not in rule.match:
        return True
    end = source.tokens.starts[name]
    before = "\n" + source.text[max(0, end - _BEFORE) : end]
    return bool(compiled(rule.match["receiver"]).search(before))


def _lacks(source: Source, asked: Mapping[str, Any], arguments: Arguments) -> bool:
    if "missing" not in asked:
        return True
    if "*" in arguments.named:
        return False
    for name in asked["missing"]:
        if name in arguments.named and not _is_none(source, arguments.named[name]):
            return False
    return len(arguments.positional) < int(asked.get("missing_at", 1 << 30))


def _is_none(source: Source, bounds: tuple[int, int]) -> bool:
    """Whether an argument is `None`, or a name for it: it might as well be left out."""
    low, high = bounds
    found = satisfying(source, low, high, ("None",)) if high == low + 1 else None
    return found is not None and found[1]


def _hit(
    source: Source, arguments: Arguments, asked: Mapping[str, Any]
) -> tuple[tuple[int, int], bool, Value] | None:
    for low, high in _candidates(arguments, asked):
        found = satisfying(source, low, high, asked.get("values", ()))
        if found:
            return (low, high), found[1], found[0]
    return None


def _candidates(
    arguments: Arguments, asked: Mapping[str, Any]
) -> list[tuple[int, int]]:
    """The arguments that may be the one asked for."""
    candidates: list[tuple[int, int]] = []
    if asked.get("name") in arguments.named:
        candidates.append(arguments.named[asked["name"]])
    at = asked.get("at")
    if at == -1:
        candidates += [*arguments.positional, *arguments.named.values()]
    elif at is not None and at < len(arguments.positional):
        candidates.append(arguments.positional[at])
    elif at == 0 and len(arguments.named) == 1:  # `trustAll(value = true)`
        candidates += arguments.named.values()
    return candidates


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
