"""Which values a file gives a name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tlsmith.scan import classes, functions, loops, members
from tlsmith.scan.extent import value_end
from tlsmith.scan.lexer import STRING, WORD
from tlsmith.scan.source import Source

_ASSIGNING = ("=", ":=", "<-")
_UNQUALIFIED = ("java", "csharp", "kotlin", "scala", "groovy", "dart", "c")
"""Where a member goes by its bare name."""
_MOST = 400

_TYPES = frozenset({"bool", "boolean", "Boolean", "Bool", "BOOL", "int", "long"})
"""What `KEY: bool = true` gives no value."""


def values_of(source: Source, name: Sequence[str], use: int) -> list[tuple[int, bool]]:
    """Where the values of a name start, as a use of it may see them.

    Args:
        source: The text.
        name: The parts of a dotted name.
        use: Index of the token where it is used.

    Returns:
        The index of each value's first token, and whether it is the only one.
    """
    if name[-1] in _TYPES:
        return []
    found = _own_values(source, name, use)
    inherited = members.of_heirs(source, name, use)
    if inherited:
        return [(value, False) for value, _ in (*found, *inherited)]
    return found


def _own_values(
    source: Source, name: Sequence[str], use: int
) -> list[tuple[int, bool]]:
    """What a name is given where it is used, by its class, or by its own type."""
    found = _assigned(source, name, use, use if name[0] in members.OWN else -1)
    if not found and len(name) == 2 and name[0] in members.OWN:
        found = [
            (value, sure and not _is_field(source, value))
            for value, sure in _assigned(source, name[1:], use, use)
        ]
    if not found and len(name) == 2 and name[0] in ("$this", "self", "static"):
        found = _assigned(source, ("$" + name[1],), -1, use)
    if not found and len(name) == 1 and name[0].startswith("@"):
        found = _assigned(source, (name[0].lstrip("@"),), use)
    if not found and len(name) == 1 and _may_be_member(source, name[0], use):
        found = _assigned(source, ("this", name[0]), use)
    if not found and len(name) == 1 and source.language.name == "php":
        found = _defined(source, name[0])
    if not found and len(name) > 1 and name[0] not in members.OWN:
        found = members.members(source, name[-2], name[-1])
    if not found and source.language.name == "rust" and name[0] == "self":
        found = members.of_implemented(source, name[-1], use)
    if not found and len(name) == 2 and name[0] not in members.OWN:
        found = members.of_made(source, name[0], name[1])
    if not found and len(name) == 1:
        found = _of_loop(source, name[0], use) or _imported(source, name[0])
    if not found and len(name) == (3 if name[0] in members.OWN else 2):
        found = members.of_type(source, name[-2], name[-1])
    return found


def _imported(source: Source, name: str) -> list[tuple[int, bool]]:
    """What a name is imported for: `from ssl import CERT_NONE as OFF`."""
    texts = source.tokens.texts
    return [
        (place - 2, True)
        for place in source.words.get(name, ())[:_MOST]
        if source.language.name == "python"
        and (place > 1 and texts[place - 1] == "as" and source.in_import(place))
    ]


def _of_loop(source: Source, name: str, use: int) -> list[tuple[int, bool]]:
    """What a loop over what is written there gives: `for verify in (True, False)`."""
    tokens = source.tokens
    scopes = list(functions.outward(source, functions.enclosing(source, use)))
    for place in source.words.get(name, ())[:_MOST]:
        opening = place + 2
        if (
            tokens.texts[place + 1 : opening] in (["in"], ["of"])
            and tokens.texts[opening : opening + 1] in (["("], ["["])
            and functions.enclosing(source, place) in scopes
        ):
            return [(low, False) for low in _elements(source, opening)]
    return []


def _elements(source: Source, opening: int) -> Iterator[int]:
    """Where each element of a literal starts."""
    low, close = opening + 1, source.tokens.partner[opening]
    for _ in range(8):
        if low >= close:
            break
        yield low
        low = value_end(source, low) + 1


def _may_be_member(source: Source, name: str, use: int) -> bool:
    """Whether a bare name may be a member: where no `this` is needed, no parameter."""
    around = functions.outward(source, functions.enclosing(source, use))
    return source.language.name in _UNQUALIFIED and not any(
        number >= 0 and functions.has_parameter(source, number, name)
        for number in around
    )


def _is_field(source: Source, value: int) -> bool:
    """Whether it is the default of a dataclass's field: `verify: bool = False`."""
    first = source.begins_statement(value)
    stated = source.tokens.texts[first:value]
    return source.language.name == "python" and ":" in stated


def _defined(source: Source, name: str) -> list[tuple[int, bool]]:
    """The value of a constant of PHP: `define('NAME', value)`."""
    texts = source.tokens.texts
    return [
        (place + 4, True)
        for place in source.words.get("define", ())
        if place + 4 < len(texts) and texts[place + 2][1:-1] == name
    ]


def _assigned(
    source: Source, name: Sequence[str], use: int, of: int = -1
) -> list[tuple[int, bool]]:
    """The values that a name is given; a member, those in the class around `of`."""
    by_scope: dict[int, list[tuple[int, int]]] = {}
    own = functions.enclosing(source, use)
    for index in _of_one_class(source, _occurrences(source, name), of):
        private = source.tokens.texts[index + 2 : index + 3] == ["#"]
        value = _value_of_binding(source, index, len(name) * 2 - 1 + private)
        if value < 0 or index == use:
            continue
        scope = functions.enclosing(source, index)
        by_scope.setdefault(scope, []).append((index, value))
    for scope in functions.outward(source, own):
        here = by_scope.get(scope, [])
        again: list[int] = []
        if scope == own and scope >= 0:
            again = _seen_again(source, here, use)
            here = [binding for binding in here if binding[0] < use]
        if here:
            found = _last_ones(source, here, use if scope == own else -1)
            return [(v, s and not again) for v, s in found] + [
                (v, False) for v in again
            ]
        if len(name) == 1 and functions.has_parameter(source, scope, name[0]):
            default = functions.default_of(source, scope, name[0])
            return [(default, False)] if default >= 0 else []
    if len(name) > 1 and name[0] in members.OWN:
        every = [binding for bindings in by_scope.values() for binding in bindings]
        return [
            (value, len(every) == 1)
            for index, value in every
            if functions.makes(source, functions.enclosing(source, index))
        ]
    return []


def _seen_again(source: Source, found: list[tuple[int, int]], use: int) -> list[int]:
    """The values given further down in the loop that a use of a name stands in.

    What is given one above it, in the loop, is not seen again.
    """
    later = [(index, value) for index, value in found if index > use]
    loop = loops.around(source, use) if later else None
    if loop is None:
        return []
    low, high = loop
    starts = source.tokens.starts
    if any(low < starts[index] < starts[use] for index, _ in found):
        return []
    return [value for index, value in later if starts[index] < high]


def _of_one_class(source: Source, places: list[int], of: int) -> list[int]:
    """Those of several places that stand in the same class, or all if none does."""
    if of < 0 or len(places) < 2:
        return places
    own = classes.around(source, of)
    return [p for p in places if classes.around(source, p) == own] or places


def _occurrences(source: Source, name: Sequence[str]) -> list[int]:
    """Indices of the tokens at which a dotted name starts."""
    places = source.words.get(name[0], ())
    if len(places) > _MOST:
        return []
    texts = source.tokens.texts
    return [
        place
        for place in places
        if _goes_on(texts, place, name)
        and (place == 0 or texts[place - 1] not in (".", "->", "::", "?."))
        and texts[max(place - 2, 0) : place] != [".", "#"]
    ]


def _goes_on(texts: Sequence[str], place: int, name: Sequence[str]) -> bool:
    """Whether the other parts of a name follow its first: `this.verify`."""
    private = len(name) == 2 and texts[place + 2 : place + 3] == ["#"]
    last = place + 2 * (len(name) - 1) + private
    return last < len(texts) and all(
        texts[place + 2 * part + private] == name[part] for part in range(1, len(name))
    )


def _value_of_binding(source: Source, index: int, width: int) -> int:
    """Where the value starts that an occurrence of a name is given, or -1."""
    tokens = source.tokens
    after = index + width
    if index and tokens.texts[index - 1] == "define":
        return after if after < len(tokens) else -1
    if (
        after + 1 >= len(tokens)
        or tokens.kinds[after] == STRING
        or _is_argument(source, index)
    ):
        return -1
    if "," in (tokens.texts[after], tokens.texts[index - 1] if index else ""):
        several = of_several(source, index)
        if several >= 0:
            return several
    if tokens.texts[after] in _ASSIGNING or _is_constant_of_perl(source, index):
        return after + 1
    declared = tokens.texts[index - 1] if index else ""
    typed = declared in ("var", "const", "let") and tokens.kinds[after] == WORD
    if typed or tokens.texts[after] == ":":  # Go has no colon: var verify bool = false
        return members.after_annotation(source, after + (not typed))
    return -1


def _is_constant_of_perl(source: Source, index: int) -> bool:
    """Whether a name is given a value by `use constant NAME => …`, or in its braces."""
    tokens = source.tokens
    if source.language.name != "perl" or tokens.texts[index + 1] != "=>":
        return False
    parent = tokens.parent[index]
    before = parent if parent >= 0 else index
    return before > 1 and tokens.texts[before - 2 : before] == ["use", "constant"]


_TARGET = frozenset({".", "->", "::", "?."})
_LONGEST_TARGETS = 40


def of_several(source: Source, index: int) -> int:
    """Where the value of a name, or a member, starts in `a.b, c = 1, 2`, or -1."""
    tokens = source.tokens
    first = source.begins_statement(index)
    if tokens.texts[first] in ("const", "let", "var", "local", "my"):
        first += 1
    place, position, ahead = -1, 0, first
    last = min(len(tokens), first + _LONGEST_TARGETS)
    while ahead < last and tokens.texts[ahead] not in _ASSIGNING:
        text = tokens.texts[ahead]
        if tokens.kinds[ahead] != WORD and text != "," and text not in _TARGET:
            return -1
        place = position if ahead == index else place
        position += text == ","
        ahead += 1
    if place < 0 or ahead >= last:
        return -1
    ahead += 1
    for _ in range(place):
        ahead = value_end(source, ahead)
        if ahead >= len(tokens) or tokens.texts[ahead] != ",":
            return -1
        ahead += 1
    return ahead if ahead < len(tokens) else -1


def _is_argument(source: Source, index: int) -> bool:
    """Whether `name = value` stands between a call's or a definition's brackets."""
    parent = source.tokens.parent[index]
    return (
        parent >= 0
        and source.tokens.texts[parent] == "("
        and (
            parent > 0
            and source.tokens.kinds[parent - 1] == WORD
            and source.tokens.texts[parent - 1]
            not in ("if", "while", "for", "var", "const", "let", "val")
        )
    )


def _last_ones(
    source: Source, found: list[tuple[int, int]], use: int
) -> list[tuple[int, bool]]:
    """The last value given without condition, and those given after it under one.

    Where all are given under one, as in `if a: x = 1 else: x = 2`, it may be any.
    """
    depths = [source.depth(index) for index, _ in found]
    least = min(depths)
    base = max(place for place, depth in enumerate(depths) if depth == least)
    if use >= 0 and len(found) > 1 and least > source.depth(use):
        base = 0
    kept = found[base:]
    return [(value, len(kept) == 1) for _, value in kept]
