"""`method`: a function of a certain name is defined, and it accepts everything.

What a rule may say in `match`: `parameters`, a regular expression searched between its
brackets; `within`, one searched in the header of what stands around it; `returns`, what
its answers must all be (words as in `setting`; `accepts` if not said; `accepting` if
each is a function that accepts everything); and `file_has`, `file_lacks`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tlsmith.scan import acceptance, functions
from tlsmith.scan.finding import Match
from tlsmith.scan.functions import Function
from tlsmith.scan.lexer import NEWLINE, STRING
from tlsmith.scan.matchers.asked import satisfying
from tlsmith.scan.matchers.setting import key_at
from tlsmith.scan.pattern import compiled
from tlsmith.scan.returns import returns_of
from tlsmith.scan.rule import Rule
from tlsmith.scan.source import Source

_GOING_ON = frozenset(["{", ":", ",", "extends", "implements", "with", "where"])
"""What a line begins with that belongs to the one above."""


def match(rule: Rule, source: Source, start: int, end: int) -> Iterable[Match]:
    """The definition of the name at an anchor, if it accepts everything."""
    name = key_at(source, end)
    if name is None:
        return
    function = definition_at(source, name)
    if function is None or not _fits(rule, source, function):
        return
    if not _is_kind(rule, source, function) or _is_told(rule, source, name):
        return
    tokens = source.tokens
    last = min(max(function.end - 1, function.start), len(tokens) - 1)
    yield Match(tokens.starts[name], tokens.ends[last], None, "it accepts everything")


def _is_kind(rule: Rule, source: Source, function: Function) -> bool:
    return any(
        _gives(source, function, word)
        for word in rule.match.get("returns", ["accepts"])
    )


def _is_told(rule: Rule, source: Source, name: int) -> bool:
    """Whether the same class has one above that is as bad: one of them is told."""
    tokens = source.tokens
    parent = tokens.parent[name]
    if parent < 0:
        return False
    for place in source.words.get(tokens.texts[name], ()):
        if place >= name:
            break
        if tokens.parent[place] == parent:
            function = definition_at(source, place)
            if (
                function
                and _fits(rule, source, function)
                and _is_kind(rule, source, function)
            ):
                return True
    return False


def definition_at(source: Source, name: int) -> Function | None:
    """The function that a name is given to here, or None if it is only called."""
    tokens = source.tokens
    opening = name + 1
    if opening < len(tokens) and tokens.texts[opening] == "<":
        while opening < len(tokens) and tokens.texts[opening] != "(":
            opening += 1
    if opening >= len(tokens) or tokens.texts[opening] != "(":
        return None
    if tokens.partner[opening] < opening or (
        name and tokens.texts[name - 1] in (".", "new", "->", "return")
    ):
        return None
    return functions.function_of(source, opening)


def _fits(rule: Rule, source: Source, function: Function) -> bool:
    tokens = source.tokens
    opening = function.parameters
    inside = source.text[tokens.starts[opening] : tokens.ends[tokens.partner[opening]]]
    if "parameters" in rule.match and not compiled(rule.match["parameters"]).search(
        inside
    ):
        return False
    if "within" not in rule.match:
        return True
    pattern = compiled(rule.match["within"])
    return any(pattern.search(header) for header in headers_around(source, function))


def headers_around(source: Source, function: Function) -> Iterator[str]:
    """The text before each brace around a function, or its less indented lines."""
    tokens = source.tokens
    index = function.name if function.name >= 0 else function.parameters
    if source.language.blocks != "brace":
        yield from source.headers(index)
        return
    parent = tokens.parent[index]
    while parent >= 0:
        low = header_start(source, parent)
        yield source.text[tokens.starts[low] : tokens.starts[parent]]
        parent = tokens.parent[parent]


def header_start(source: Source, brace: int) -> int:
    """Where what a brace belongs to begins, on this line or on those above."""
    tokens = source.tokens
    low = source.begins_statement(brace)
    for _ in range(4):
        if tokens.texts[low] not in _GOING_ON or low == 0:
            break
        above = low - 1
        while above > 0 and tokens.kinds[above] == NEWLINE:
            above -= 1
        if tokens.kinds[above] != STRING and tokens.texts[above] in (";", "{", "}"):
            break
        partner = tokens.partner[above]
        low = source.begins_statement(partner if 0 <= partner < above else above)
    return low


def _gives(source: Source, function: Function, word: str) -> bool:
    if word in acceptance.KINDS:
        return acceptance.gives_only(source, function, word)
    answers = returns_of(source, function)
    if word == "accepting":
        made = [source.tokens.texts[low] == "new" for low, _ in answers or ()]
        answers, word = (None if any(made) else answers), "accepts"
    return bool(answers) and all(
        low < high and satisfying(source, low, high, [word]) is not None
        for low, high in answers or ()
    )
