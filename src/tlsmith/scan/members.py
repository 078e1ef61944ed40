"""What classes, types, objects and tables of a file give their members."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from tlsmith.scan import classes
from tlsmith.scan.lexer import PUNCT, WORD
from tlsmith.scan.source import Source

OWN = ("self", "this", "cls", "Self", "$this")
"""What an object calls itself."""
_MOST = 400

_TYPE_BEHIND = r"\b{}\s*:\s*&?(?:mut )?([A-Z]\w*)\s*[,)=;\n{{]"

_TYPE_BEFORE = r"\b([A-Z]\w*)(?:\s*[&*]\s*|\s+){}\s*[,);=]"

_TYPED = {
    "go": r"[(,\n]\s*{} (?:\*?|:= &?)(\w+)[){{]",
    **dict.fromkeys(
        ("rust", "kotlin", "swift", "javascript", "python", "scala"), _TYPE_BEHIND
    ),
    **dict.fromkeys(("java", "csharp", "dart", "groovy"), _TYPE_BEFORE),
    "c": r"\b(\w+)(?:\s*[&*]\s*|\s+){}\s*[,);=]",
}
"""How languages say what type a variable has."""

_MADE = re.compile(r"\s*(?::\s*\w+\s*)?:?=\s*(?:new\s+|&)?([A-Z]\w*)\(\)")

_IMPL = re.compile(r"\bimpl\b[^\n{]{0,120}?(\w{1,80})(?:<[^\n{]{0,80}>)?\s{0,4}\{")


def members(source: Source, holder: str, member: str) -> list[tuple[int, bool]]:
    """What a member is given in the class, object or table that a file names."""
    places = [
        *source.words.get(member, ()),
        *source.words.get("$" + member, ()),
        *source.literals.get(member, ()),
    ]
    if len(places) > _MOST:
        return []
    found = [
        after
        for place in places
        if (after := _given(source, place)) >= 0 and _is_held(source, place, holder)
    ]
    return [(after, len(found) == 1) for after in found]


def _given(source: Source, place: int) -> int:
    """Where the value of a member starts, or -1."""
    texts = source.tokens.texts
    after = place + 1
    if after + 1 >= len(texts):
        return -1
    if source.language.name == "rust" and _stands_alone(texts, place):
        return place
    before = texts[max(place - 2, 0) : place]
    if before[-1:] in (["."], ["?."]) and before[0] not in ("{", ",", "\n"):
        return -1  # C's `{ .verify = 0 }` is a member's first value
    if texts[after] in ("=", "=>"):
        return after + 1
    if texts[after] == ":":
        typed = after_annotation(source, after + 1)
        return typed if typed >= 0 else after + 1
    return -1


def _stands_alone(texts: Sequence[str], place: int) -> bool:
    """Whether a name in braces gives the member of its name: `Conn { verify }`."""
    return texts[place - 1] in ("{", ",") and texts[place + 1] in ("}", ",")


def _is_held(source: Source, place: int, holder: str) -> bool:
    """Whether it stands between the brackets, or in the block, of this name."""
    tokens = source.tokens
    parent = tokens.parent[place]
    if parent >= 0:
        before = tokens.texts[max(0, parent - 8) : parent]
        return not {holder, f'"{holder}"', f"'{holder}'"}.isdisjoint(before)
    if source.language.blocks == "brace":
        return False
    header = next(iter(source.headers(place)), "")
    return re.search(rf"\b(?:class|module)\s+{re.escape(holder)}\b", header) is not None


def of_made(source: Source, name: str, member: str) -> list[tuple[int, bool]]:
    """What the class gives a member of a name that is made of it: `x = Options()`."""
    made = _class_made(source, name)
    given = members(source, made, member) if made else []
    return [(value, False) for value, _ in given]


@lru_cache(maxsize=8)  # asked for each use of a name
def _class_made(source: Source, name: str) -> str | None:
    """The class that a name is made of."""
    places = source.words.get(name, ())[:_MOST]
    made = next(filter(None, (_made_at(source, place) for place in places)), None)
    return made[1] if made else None


def _made_at(source: Source, place: int) -> re.Match[str] | None:
    """A class that the name at a place is made of there."""
    if place and source.tokens.texts[place - 1] == ".":
        return None
    return _MADE.match(source.text, source.tokens.ends[place])


def of_type(source: Source, variable: str, member: str) -> list[tuple[int, bool]]:
    """What a variable's type, or a literal of it, gives a member.

    That is `Client{skip: true}`, `class Client { boolean skip = true; … }`; in Go also
    what functions give it that take one: `func(c *Client) { c.skip = true }`.
    """
    if not (source.words.get(member) or source.literals.get(member)):
        return []
    types = _types_of(source, variable)
    found = [
        (value, False)
        for name in sorted(types)
        for value, _ in members(source, name, member)
    ]
    if source.language.name == "go":
        found += [(value, False) for value in _given_to(source, types, member)]
    return found


@lru_cache(maxsize=8)  # asked for each use of a variable
def _types_of(source: Source, variable: str) -> frozenset[str]:
    """The types that a file says a variable has, wherever one of that name is."""
    form = _TYPED.get(source.language.name)
    if form is None:
        return frozenset()
    return frozenset(re.findall(form.format(re.escape(variable)), source.text))


def _given_to(source: Source, types: frozenset[str], member: str) -> Iterator[int]:
    """What a member is given of a parameter of one of these types."""
    texts = source.tokens.texts
    for place in source.words.get(member, ())[:_MOST]:
        if texts[place - 1 : place + 2] != [".", member, "="]:
            continue
        if types & _types_of(source, texts[place - 2]):
            yield place + 2


def of_implemented(source: Source, member: str, use: int) -> list[tuple[int, bool]]:
    """What literals of the type that Rust implements here give a member."""
    types = _IMPL.findall(source.text, 0, source.tokens.starts[use])
    found = [
        *(members(source, types[-1], member) if types else ()),
        *members(source, "Self", member),
    ]
    return [(value, False) for value, _ in found]


def of_heirs(source: Source, name: Sequence[str], use: int) -> list[tuple[int, bool]]:
    """What classes made from the one around give a member that this one reads."""
    if len(name) != 2 or name[0] not in OWN:
        return []
    around = classes.name_around(source, use)
    return [
        given
        for heir in classes.heirs(source, around)
        for given in members(source, heir, name[1])
    ]


def after_annotation(source: Source, index: int) -> int:
    """Where the value starts behind a type, `: T = value`; -1 if there is none."""
    tokens = source.tokens
    ahead = index
    for _ in range(10):
        if ahead >= len(tokens):
            return -1
        if tokens.kinds[ahead] == PUNCT and tokens.texts[ahead] == "=":
            return ahead + 1
        partner = tokens.partner[ahead]
        function = partner > ahead and tokens.texts[ahead] == "("
        if tokens.kinds[ahead] not in (WORD, PUNCT) or (
            tokens.texts[ahead] in (*",;(){}",) and not function
        ):
            return -1
        ahead = partner + 1 if function else ahead + 1
    return -1
