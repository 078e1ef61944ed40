"""Where a file calls a function of its own with a value that matters.

`def get(url, verify): return requests.get(url, verify=verify)` is as good as the value
that its callers give: each of them is a place of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from tlsmith.scan import classes, functions
from tlsmith.scan.arguments import Arguments, arguments_of
from tlsmith.scan.expression import Value, possible_values
from tlsmith.scan.functions import Function
from tlsmith.scan.lexer import WORD
from tlsmith.scan.source import Source
from tlsmith.scan.tables import member_of, tables

_IMPL = re.compile(r"\bimpl\b[^\n{]*?(\w+)(?:<[^\n{]*>)?\s*(?:where[^{]*)?\{")
_MAKING = ("constructor", "init")
"""What JavaScript, Kotlin and Swift call what makes an object."""
_ITSELF = ("self", "static", "cls", "super", "parent")
"""What stands for a class, or for what it is made from, where one is made."""
_MOST = 60
_LONGEST = 5


def handing(
    source: Source, values: Iterable[Value], fits: Callable[[Value], bool]
) -> Iterator[tuple[int, int]]:
    """The arguments of callers in this file that make one of these values fit.

    Args:
        source: The text.
        values: What an expression may be; those that are parameters count.
        fits: Whether a value is what is looked for.
    """
    for value in values:
        for bounds in _given(source, value):
            given = (
                Value(found.start, found.end, found.sure, found.negated ^ value.negated)
                for found in possible_values(source, *bounds)
            )
            if any(fits(one) for one in given):
                yield bounds


def _given(source: Source, value: Value) -> Iterator[tuple[int, int]]:
    """What callers give a value that is a parameter, or a member of one."""
    function = _taking(source, value)
    if function:
        word = source.tokens.texts[value.start]
        at = functions.position(source, function, word)
        yield from _arguments(source, function, word.lstrip("$"), at)
        return
    member = member_of(source, value)
    if member:
        places = _arguments(source, member.function, "", member.at)
        yield from tables(source, places, member.key)


def direct(source: Source, low: int, high: int) -> Iterator[Value]:
    """The parameter that an expression is, or the negation of, whatever its default.

    That of `verify ?? true` is what stands before the sign.
    """
    negated = False
    texts = source.tokens.texts
    if high - low > 2 and texts[low + 1] in ("??", "?:"):
        high = low + 1
    while low < high and source.tokens.texts[low] in ("!", "not"):
        low, negated = low + 1, not negated
    if 0 < high - low < _LONGEST:
        yield Value(low, high, False, negated)


def _taking(source: Source, value: Value) -> Function | None:
    """The function one of whose parameters a value is; what it makes may use it."""
    owner = functions.enclosing(source, value.start)
    if owner < 0 or value.end - value.start != 1:
        return None
    if source.tokens.kinds[value.start] != WORD:
        return None
    word = source.tokens.texts[value.start]
    for number in functions.outward(source, owner):
        if number >= 0 and functions.has_parameter(source, number, word):
            return source.functions[number]
    return None


def _arguments(
    source: Source, function: Function, word: str, at: int
) -> Iterator[tuple[int, int]]:
    name = _called(source, function)
    places = source.words.get(name, ()) if name else ()
    places = [*places, *_by_other_words(source, function, name)]
    for place in places if len(places) < _MOST else ():
        if place == function.name or not _is_of(source, function, place):
            continue
        arguments = arguments_of(source, place)
        bounds = arguments and _argument(arguments, word, at)
        if bounds:
            yield bounds


def _by_other_words(source: Source, function: Function, name: str) -> Iterator[int]:
    """Where a class makes itself, or what it is made from: `new self(`, `super(`."""
    texts = source.tokens.texts
    if function.name >= 0 and name == texts[function.name]:
        return
    heirs = set(classes.heirs(source, name))
    for word in _ITSELF:
        for place in source.words.get(word, ())[:_MOST]:
            itself = word not in ("super", "parent")
            around = classes.name_around(source, place)
            if around == name if itself else around in heirs:
                yield place + 2 * (texts[place + 1 : place + 2] == ["::"])
    for place in source.words.get("__init__", ())[:_MOST]:
        before = texts[max(place - 4, 0) : place]
        if before == ["super", "(", ")", "."] and (
            classes.name_around(source, place) in heirs
        ):
            yield place


def _is_of(source: Source, function: Function, place: int) -> bool:
    """Whether a call in Rust of `new` means that of the type a function is of."""
    tokens = source.tokens
    if source.language.name != "rust" or tokens.texts[place] != "new":
        return True
    types = _IMPL.findall(source.text, 0, tokens.starts[function.name])
    owner = tokens.texts[place - 2] if tokens.texts[place - 1] == "::" else ""
    return owner in ("Self", *types[-1:])


def _argument(arguments: Arguments, name: str, at: int) -> tuple[int, int] | None:
    if name in arguments.named:
        return arguments.named[name]
    if 0 <= at < len(arguments.positional):
        return arguments.positional[at]
    return None


def _called(source: Source, function: Function) -> str:
    """The name by which a function is called: that of its class if it makes one."""
    tokens = source.tokens
    if function.name < 0:
        if tokens.texts[function.parameters - 1] in _MAKING:
            return classes.name_around(source, function.parameters)
        return functions.given_name(source, function.parameters)
    name = tokens.texts[function.name]
    if (
        source.language.name == "rust"
        or name[:1].isupper()
        or not functions.makes(source, source.functions.index(function))
    ):
        return name
    return classes.name_around(source, function.name)
