"""`setting`: a key is given one of some values, however that is written.

What a rule may say in `match`: `values`, words as in docs/scan.md; `key_lacks`, a
regular expression that must not be found in the key; `compensated`, one that ends on
another key: where that is given something in the same function which does not accept
everything, nothing is found; and what every matcher of code may (`asked.py`).
"""

from __future__ import annotations

from collections.abc import Iterable

from tlsmith.scan import bindings, functions
from tlsmith.scan.expression import Value
from tlsmith.scan.extent import value_end
from tlsmith.scan.finding import Edit, Match
from tlsmith.scan.lexer import NEWLINE, NUMBER, STRING, WORD
from tlsmith.scan.matchers.asked import fits_calls, handed, satisfying
from tlsmith.scan.pattern import compiled
from tlsmith.scan.rule import Rule
from tlsmith.scan.source import Source

_GIVING = frozenset({"=", ":", "=>", ":=", "<-", "+=", "->"})
_BLANKS = 12
"""Characters at the end of an anchor that may be blanks."""
_USES = 20
"""Uses of a constant that are looked at."""
_SEVERAL = ("python", "go", "ruby", "lua")
"""Where several things are given their values at once."""


def match(rule: Rule, source: Source, start: int, end: int) -> Iterable[Match]:
    """The key at an anchor with its value, if that is one of those asked for."""
    key = key_at(source, end)
    if key is None:
        return
    for place in (key, *_by_constant(source, key)):
        yield from _given(rule, source, place)


def _given(rule: Rule, source: Source, key: int) -> Iterable[Match]:
    """What a key is given, if that is one of the values asked for."""
    low = value_start(source, key)
    if low is None or source.in_import(key) or _is_parameter(source, key):
        return
    if is_local(source, key) or is_typed(source, key):
        return
    high = key + 1 if low == key else value_end(source, low)
    words = rule.match.get("values", ())
    found = satisfying(source, low, high, words)
    callers = [] if found else list(handed(source, (low, high), words))
    if not (found or callers) or not _fits(rule, source, key):
        return
    for first, last in callers:
        yield Match(source.tokens.starts[first], source.tokens.ends[last - 1])
    if found is None:
        return
    value, sure = found
    origin = origin_of(source, value, low, high)
    if origin and not sure:
        told = "a name that is used below, sometimes"
        yield Match(*origin, "medium", told, unset=value.unset)
        return
    yield Match(
        source.tokens.starts[key],
        source.tokens.ends[high - 1],
        None if sure else "medium",
        _reason(value, low, high, sure),
        edits=_edits(rule, source, key, (low, high), value),
        origin=origin,
        chosen=None if sure else source.tokens.starts[value.start],
        unset=value.unset,
    )


def origin_of(
    source: Source, value: Value, low: int, high: int
) -> tuple[int, int] | None:
    """Where a value stands that is given elsewhere, under a name."""
    tokens = source.tokens
    if low <= value.start < high or tokens.parent[value.start] == low:
        return None
    return tokens.starts[value.start], tokens.ends[value.end - 1]


def _fits(rule: Rule, source: Source, key: int) -> bool:
    if not fits_calls(rule, source, key) or _is_opposite(rule, source, key):
        return False
    return "compensated" not in rule.match or not _compensated(rule, source, key)


def key_at(source: Source, end: int) -> int | None:
    """The index of the key that an anchor ends on, or just behind."""
    tokens = source.tokens
    offset = len(source.text[max(0, end - _BLANKS) : end].rstrip()) - 1
    offset += max(0, end - _BLANKS)
    if tokens.in_comment(offset):
        return None
    index = tokens.at(offset)
    while index is None and offset > 0 and source.text[offset].isspace():
        offset -= 1
        index = tokens.at(offset)
    if index is None:
        return None
    for _ in range(4):
        if index < 0 or (tokens.kinds[index] == NEWLINE and tokens.parent[index] < 0):
            return None
        if tokens.kinds[index] == WORD:
            return index
        if tokens.kinds[index] == STRING:
            return index if len(tokens.texts[index]) <= 80 else None
        index -= 1
    return None


def _by_constant(source: Source, key: int) -> Iterable[int]:
    """Where a constant stands for a key that it holds: `KEY = "verify"` and, below,
    `options[KEY] = False`.
    """
    tokens = source.tokens
    if tokens.kinds[key] != STRING or tokens.texts[key - 1 : key] != ["="]:
        return
    first = source.begins_statement(key)
    names = [i for i in range(first, key) if tokens.kinds[i] == WORD]
    if not names or tokens.texts[key + 1 : key + 2] not in ([], ["\n"], [";"]):
        return
    typed = ":" in tokens.texts[first:key]
    name = names[-2] if typed and len(names) > 1 else names[-1]
    for place in source.words.get(tokens.texts[name], ())[:_USES]:
        beside = tokens.texts[place - 1 : place + 2 : 2]
        if place != name and beside == ["[", "]"]:
            yield place


def value_start(source: Source, key: int) -> int | None:
    """The index of the first token of a key's value, or None if it is given none."""
    several = _of_several(source, key)
    return several if several >= 0 else _own_value(source, key)


def _own_value(source: Source, key: int) -> int | None:
    tokens = source.tokens
    index = key + 1
    if tokens.parent[key] >= 0:
        index = _skip_lines(source, index) or index
    while index < len(tokens) and tokens.texts[index] in ("]", "}", "||", "??"):
        if tokens.kinds[index] == STRING or index > key + 3:
            return None
        index += 1
    if index >= len(tokens):
        return None
    index = _behind_accessors(source, index)
    text, kind = tokens.texts[index], tokens.kinds[index]
    if kind == STRING or text not in _GIVING:
        return key if _is_shorthand(source, key) else _unmarked(source, key, index)
    if text == ":":
        if _is_no_sign(source, key, index):
            return None
        typed = _behind_type(source, index + 1)
        if typed is not None:
            return typed
    return _skip_lines(source, index + 1)


def _of_several(source: Source, key: int) -> int:
    """Where the value of a member starts in `a.verify, tries = False, 5`, or -1."""
    tokens = source.tokens
    if source.language.name not in _SEVERAL or tokens.texts[key - 1 : key] != ["."]:
        return -1
    after = tokens.texts[key + 1 : key + 2]
    if after == [","] or (
        after == ["="] and "," in tokens.texts[source.begins_statement(key) : key]
    ):
        return bindings.of_several(source, key)
    return -1


def _is_no_sign(source: Source, key: int, colon: int) -> bool:
    """Whether a colon gives no value: `a ? x.key : false`, `unsigned accept_all : 1;`.

    The latter says how many bits a member of C has.
    """
    tokens = source.tokens
    if key and tokens.texts[key - 1] in (".", "?.") and colon == key + 1:
        return True
    if source.language.name == "python" and tokens.parent[colon] < 0:
        return tokens.kinds[colon + 1 : colon + 2] == [NEWLINE]  # `if x["verify"]:`
    return (
        source.language.name in ("c", "objectivec")
        and tokens.kinds[colon + 1 : colon + 2] == [NUMBER]
        and tokens.texts[colon + 2 : colon + 3] in ([";"], [","])
        and tokens.kinds[colon - 2] == WORD
    )


def _behind_accessors(source: Source, index: int) -> int:
    """The index of what gives a property of C# its value, behind `{ get; set; }`."""
    tokens = source.tokens
    if source.language.name != "csharp" or tokens.texts[index] != "{":
        return index
    close = tokens.partner[index]
    begins = tokens.texts[index + 1 : index + 2] == ["get"]
    ends = begins and tokens.texts[close + 1 : close + 2] == ["="]
    return close + 1 if ends else index


def _is_shorthand(source: Source, key: int) -> bool:
    """Whether it is `{ key, … }` of JavaScript, or `Type { key, … }` of Rust, which
    give it the variable's value.
    """
    tokens = source.tokens
    parent = tokens.parent[key]
    if parent < 0 or key + 1 >= len(tokens):
        return False
    if source.language.name == "rust":
        if not _is_literal(source, parent):
            return False
    elif source.language.name != "javascript":
        return False
    close = tokens.partner[parent]
    between = {"{", ",", "\n"}
    return (
        tokens.texts[parent] == "{"
        and tokens.kinds[key] == WORD
        and tokens.texts[key - 1] in between
        and tokens.texts[key + 1] in (",", "}", "\n")
        and close + 1 < len(tokens)
        and tokens.texts[close + 1] not in ("=", "from", "=>")
    )


def _is_literal(source: Source, brace: int) -> bool:
    """Whether a brace of Rust opens a value, and defines or takes apart no type."""
    texts = source.tokens.texts
    before = texts[brace - 2] if brace > 1 else ""
    return texts[brace - 1][:1].isupper() and before not in (
        ("struct", "enum", "union", "impl", "for", "trait", "let", "->", "mod")
    )


def is_typed(source: Source, key: int) -> bool:
    """Whether it is a member of a type of TypeScript, whose value is a type as well."""
    tokens = source.tokens
    parent = tokens.parent[key]
    if source.language.name != "javascript" or parent < 0:
        return False
    if tokens.texts[parent - 1] in ("is", "<"):
        return True  # `o is { key: false }`, `Map<{ key: false }>`
    first = source.begins_statement(parent)
    words = [text for text in tokens.texts[first : first + 4] if text != "\n"]
    return bool({"type", "interface"}.intersection(words[:2])) and ":" not in words


_DECLARING = frozenset(
    [
        "const",
        "let",
        "var",
        "val",
        "my",
        "local",
        "final",
        "auto",
        "bool",
        "boolean",
        "mut",
    ]
)


def is_local(source: Source, key: int) -> bool:
    """Whether it is a variable of a function: what it is used for is what counts."""
    tokens = source.tokens
    if tokens.kinds[key] != WORD or functions.enclosing(source, key) < 0:
        return False
    if key + 1 >= len(tokens) or tokens.texts[key + 1] not in ("=", ":=", ":"):
        return False
    before = tokens.texts[key - 1] if key else ""
    if before in _DECLARING:
        return True
    if source.language.name not in ("python", "go", "php"):
        return False
    owner = source.functions[functions.enclosing(source, key)]
    return (
        source.begins_statement(key) == key
        and tokens.texts[key + 1] != ":"
        and tokens.parent[key] in (-1, owner.start - 1)
    )


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
    """Whether it is a parameter's default, seen where the parameter is used."""
    parent = source.tokens.parent[key]
    if parent < 0 or source.tokens.texts[parent] != "(":
        return False
    function = functions.function_of(source, parent)
    if function is None or source.language.name == "ruby":
        return False
    return not _is_handed_on(source, key, function)


def _is_handed_on(source: Source, key: int, function: functions.Function) -> bool:
    """Whether a parameter is passed on by position, and under no name of its own."""
    texts = source.tokens.texts
    handed = False
    for place in source.words.get(texts[key], ()):
        if not function.start <= place < function.end:
            continue
        if texts[place - 1] in ("=", ":", "=>"):
            return False
        after = texts[place + 1] if place + 1 < len(texts) else ""
        handed = handed or (texts[place - 1] in "({[," and after in ")}],")
    return handed


def _is_opposite(rule: Rule, source: Source, key: int) -> bool:
    """Whether the whole key says what `key_lacks` excludes, as `no_verify` does."""
    lacks = rule.match.get("key_lacks")
    return bool(lacks) and bool(compiled(lacks).search(source.tokens.texts[key]))


def _compensated(rule: Rule, source: Source, key: int) -> bool:
    """Whether another key of the same object stands in for this one.

    It does not where its own value accepts everything, or is nothing.
    """
    pattern = compiled(rule.match["compensated"])
    low, high = _brackets(source, key)
    if high < 0 or not pattern.search(source.text, low, high):
        low, high = _around(source, key)
    for found in pattern.finditer(source.text, low, high):
        other = key_at(source, found.end())
        if other is None or not _have_one_owner(source, key, other):
            continue
        value = value_start(source, other)
        if value is not None and not satisfying(
            source, value, value_end(source, value), ("accepts", "null")
        ):
            return True
    return False


def _have_one_owner(source: Source, key: int, other: int) -> bool:
    """Whether two keys are of one literal, or of what has one name."""
    parent = source.tokens.parent
    texts = source.tokens.texts
    assigned = [texts[one - 1] in (".", "->") for one in (key, other)]
    if not any(assigned) and parent[key] == parent[other]:
        return True
    owner = _owner(source, key)
    return bool(owner) and owner == _owner(source, other)


def _owner(source: Source, key: int) -> str:
    """The name of what a key is of: before its dot, or of its literal; or ""."""
    tokens = source.tokens
    if tokens.texts[key - 1] in (".", "->"):
        return tokens.texts[key - 2]
    place = tokens.parent[key] - 1
    while place > 0 and tokens.texts[place] not in ("=", ":=", ":"):
        if tokens.texts[place] in ("\n", ";", ",") or tokens.partner[place] >= 0:
            return ""
        place -= 1
    return tokens.texts[place - 1] if place > 0 else ""


def _brackets(source: Source, key: int) -> tuple[int, int]:
    """The offsets of the brackets that a key stands in, or (0, -1)."""
    tokens = source.tokens
    parent = tokens.parent[key]
    close = tokens.partner[parent] if parent >= 0 else -1
    if close < 0 or tokens.texts[key - 1] in (".", "->"):
        return 0, -1
    return tokens.starts[parent], tokens.ends[close]


def _around(source: Source, key: int) -> tuple[int, int]:
    """The offsets of the function around a key, or of the file."""
    tokens = source.tokens
    number = functions.enclosing(source, key)
    if number < 0:
        return 0, len(source.text)
    function = source.functions[number]
    return tokens.starts[function.start], tokens.ends[function.end - 1]


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
    if "swap" in rule.rewrite and low <= value.start < high:
        return _swapped(rule, source, value)
    if rule.rewrite.get("remove") == "argument":
        return removal(source, key, high)
    return ()


def _swapped(rule: Rule, source: Source, value: Value) -> tuple[Edit, ...]:
    """The edit that writes `by` for `swap` in a value, so that it keeps its form.

    A bare name stays: what the file imported may be that name alone.
    """
    tokens = source.tokens
    start, end = tokens.starts[value.start], tokens.ends[value.end - 1]
    text = source.text[start:end]
    swapped = text.replace(rule.rewrite["swap"], rule.rewrite["by"])
    bare = value.end - value.start == 1 and tokens.kinds[value.start] == WORD
    return () if swapped == text or bare else (Edit(start, end, swapped),)


def removal(source: Source, first: int, end: int) -> tuple[Edit, ...]:
    """The edit that takes an argument out, with one of its commas.

    There is none for what is assigned in a statement of its own.
    """
    tokens = source.tokens
    bracket = tokens.parent[first]
    if bracket < 0 or tokens.partner[bracket] < end:
        return ()
    if first and tokens.texts[first - 1] not in ("(", "[", "{", ",", "\n"):
        return ()
    start, stop = tokens.starts[first], tokens.ends[end - 1]
    if end < len(tokens) and tokens.texts[end] == ",":
        stop = tokens.ends[end]
        while stop < len(source.text) and source.text[stop] == " ":
            stop += 1
    elif first and tokens.texts[first - 1] == ",":
        start = tokens.starts[first - 1]
    return (Edit(start, stop, ""),)
