"""What an expression can be.

Nothing is run. A value is a constant, a name that the same file gives a constant, a
choice between two, the negation of one, or unknown; what is unknown is never held to
be off.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from tlsmith.scan import bindings, defaults
from tlsmith.scan.choice import Choice, choice_of, opens_function, operand_start
from tlsmith.scan.extent import text_of, value_end
from tlsmith.scan.functions import Function, given_name
from tlsmith.scan.lexer import NEWLINE, NUMBER, STRING, WORD
from tlsmith.scan.operands import name_in, operands, settled, turned
from tlsmith.scan.returns import returns_of
from tlsmith.scan.source import Source

_DEEPEST = 5
_OPTION = re.compile(
    r"""(?i)(?:(?:true|false|null|[01])[!=]==?)?(?:!|not )*[\w.$@:>\-?\[("'{]*"""
    r"""(?:verif|insecure|skip|strict|check|ssl|tls|secure|trust|unsafe|valid|reject|cert"""
    r"""|self_?sign)\w*["']?\??(?:\(\)|(?:,[\w$.]+)?[\])}]{0,3})?"""
    r"""(?:(?://|\?\?|\|\||or )(?:true|false|[01]))?\)?"""
    r"""(?:(?:[!=]==?| is (?:not )?)(?:true|false|null|none|undefined|[01]))?"""
)
"""A condition that is nothing but an option about verification itself."""
_GIVEN = re.compile(r"(?i)(?:[!=]==?| is (?:not )?)(?:null|none|undefined)$")
_READ = re.compile(
    r"""(?i)\(?[\w.$@>?\[\]()"'-]{1,80}(?:[!=]==?|\.equals(?:ignorecase)?\()"""
    r"""["'](?:true|false|yes|no|on|off|[01])["']\)*"""
)
"""A condition that reads a boolean out of a text: `asked === 'true'`."""
_SHORT = 120

_CAST = re.compile(
    r"""(?:bool(?:ean)?|to|toptr|boolptr|ptr|pointer|pointerto|valueof|parseboolean|tostring)"""
    r"""\(["']?(\d+|true|false)["']?"""
)

_TOLD = re.compile(r"\.to_?[sS](?:tring\(\))?$")
"""What makes a word of a boolean: `Boolean.TRUE.toString()`."""


_TRUE = frozenset({"true", "yes", "$true"})
_FALSE = frozenset({"false", "no", "$false"})


@dataclass(frozen=True)
class Value:
    """What an expression may be.

    Args:
        start: Index of its first token.
        end: Index after its last.
        sure: Whether it is always this, as far as the file tells.
        negated: Whether a `not` stands before it.
        constant: What it is by its own default, if it comes from outside.
        unset: Whether it is so only as long as nobody sets a variable outside.
    """

    start: int
    end: int
    sure: bool = True
    negated: bool = False
    constant: bool | None = None
    unset: bool = False


def possible_values(
    source: Source, start: int, end: int, depth: int = 0
) -> Iterator[Value]:
    """Everything an expression may be, names followed to their constants."""
    start, end = _bare(source, start, end)
    if start >= end or depth > _DEEPEST:
        return
    parts = _parts(source, start, end, depth)
    if parts is not None:
        for low, high in parts:
            yield from _unsure(source, low, high, depth)
        return
    decided = settled(source, start, end)
    fallback = decided or _fallback(source, start, end)
    if fallback is not None:
        yield Value(*fallback, sure=decided is not None)
        if source.tokens.texts[fallback[0] - 1] == "??":
            yield from _unsure(source, start, fallback[0] - 1, depth)
        return
    inner = turned(source, start, end)
    if inner:
        low, high, negates = inner
        for value in possible_values(source, low, high, depth + 1):
            yield replace(value, negated=value.negated != negates)
        return
    yield from _followed(source, start, end, depth)


def _followed(source: Source, start: int, end: int, depth: int) -> Iterator[Value]:
    """What a name is given, or a call gives back; itself if the file does not say."""
    name = name_in(source, start, end)
    bound = bindings.values_of(source, name, start) if name else []
    ranges = [(low, value_end(source, low), sure) for low, sure in bound]
    if name and not ranges:
        ranges = [(*answer, True) for answer in _of_property(source, name)]
    if not name:
        ranges = [(*answer, True) for answer in _answers(source, start, end)]
    if not ranges:
        yield _outside(source, name, start, end)
        return
    for low, high, sure in ranges:
        for value in possible_values(source, low, high, depth + 1):
            yield replace(value, sure=value.sure and sure)


def _unsure(source: Source, start: int, end: int, depth: int) -> Iterator[Value]:
    """What an expression may be, of which others are as likely."""
    for value in possible_values(source, start, end, depth + 1):
        yield replace(value, sure=False)


def _fallback(source: Source, start: int, end: int) -> tuple[int, int] | None:
    """The constant that stands in for a name that is given nothing: `x or False`."""
    tokens = source.tokens
    last = end - 1
    if tokens.texts[last].lower() not in ("true", "false") or last - start < 2:
        return None
    sign = last - 2 if tokens.texts[last - 2 : last] == ["?", ":"] else last - 1
    if sign <= start or tokens.texts[sign] not in ("or", "||", "??", "?"):
        return None
    if sign == last - 1 and tokens.texts[sign] == "?":
        return None
    if source.language.name == "lua":
        start = _asked_first(source, start, sign)
    return (last, end) if name_in(source, start, sign) else None


def _parts(
    source: Source, start: int, end: int, depth: int
) -> list[tuple[int, int]] | None:
    """Which parts of an expression it may be; None if it has none.

    Those are the outcomes of a condition, and what may be left of `a || b`.
    """
    choice = choice_of(source, start, end)
    if choice:
        return _open_branches(source, choice, depth)
    several, either = operands(source, start, end)
    if len(several) < 2 or settled(source, start, end):
        return None
    left = [
        one
        for one in several
        if any(
            truth(source, value) is not (not either)
            for value in possible_values(source, *one, depth + 1)
        )
    ]
    last = several[-1]
    # `x || false` means false by default; `x && true` is no more than x.
    return left if last in left or (left and not either) else [*left, last]


def _of_property(source: Source, name: tuple[str, ...]) -> list[tuple[int, int]]:
    """What a member is that a function of the file works out, as Python and JavaScript
    have them.
    """
    texts = source.tokens.texts
    found = [
        function
        for function in (source.functions if len(name) > 1 else ())
        if function.name > 2
        and texts[function.name] == name[-1]
        and (
            texts[function.name - 1] == "get"
            or (
                texts[function.name - 1] == "def"
                and texts[function.name - 3] in ("property", "cached_property")
            )
        )
    ]
    if len(found) != 1:
        return []
    return [a for a in returns_of(source, found[0]) or [] if a[0] < a[1]]


def _asked_first(source: Source, start: int, end: int) -> int:
    """Where Lua's `x` begins of `x and x`, or of `x ~= nil and x`."""
    texts = source.tokens.texts
    for index in range(start + 1, end):
        if texts[index] == "and":
            given = texts[index + 1 : end]
            asked = texts[start:index]
            told = asked in (given, [*given, "~", "=", "nil"])
            return index + 1 if told else start
    return start


def _outside(source: Source, name: tuple[str, ...], start: int, end: int) -> Value:
    """What the file gives no value: by its own default, if it says one."""
    if end - start == 1 and source.tokens.kinds[start] != WORD:
        return Value(start, end)
    if name:
        constant, unset = defaults.option_default(source, name), None
    else:
        text = text_of(source, start, end) if end - start < 40 else ""
        constant = defaults.default_of(text)
        unset = defaults.unset(text) if constant is None else None
    constant = constant if unset is None else unset
    return Value(start, end, constant is None, False, constant, unset is not None)


def _answers(source: Source, start: int, end: int) -> list[tuple[int, int]]:
    """What a call of a function of this file gives back.

    One that is handed something counts where it gives the same whatever that is.
    """
    tokens = source.tokens
    opening = tokens.partner[end - 1]
    if tokens.kinds[start] != WORD or tokens.texts[end - 1] != ")" or opening < 1:
        return []
    own = tokens.texts[start] in ("self", "this") or source.language.name == "go"
    if opening - start != 1 and not (own and opening - start == 3):
        return []
    name = tokens.texts[opening - 1]
    found = [
        function for function in source.functions if _name_of(source, function) == name
    ]
    if not found and opening - start == 1 and end - opening == 2:
        return _given_lambdas(source, name, start)
    if len(found) != 1 or found[0].start <= start < found[0].end:
        return []
    answers = [a for a in returns_of(source, found[0]) or [] if a[0] < a[1]]
    if end - opening > 2 and len({text_of(source, *a) for a in answers}) > 1:
        return []
    return answers


def _given_lambdas(source: Source, name: str, use: int) -> list[tuple[int, int]]:
    """What the lambda of Python gives back that a name is given: `f = lambda: x`."""
    tokens = source.tokens
    return [
        (low + 2, value_end(source, low))
        for low, _ in bindings.values_of(source, (name,), use)
        if tokens.texts[low : low + 2] == ["lambda", ":"]
    ]


def _name_of(source: Source, function: Function) -> str:
    """The name of a function, or of what one without a name is given to."""
    if function.name >= 0:
        return source.tokens.texts[function.name]
    return given_name(source, function.parameters) if function.parameters >= 0 else ""


def _bare(source: Source, start: int, end: int) -> tuple[int, int]:
    """A range without line breaks and brackets around the whole."""
    tokens = source.tokens
    while start < end and tokens.kinds[start] == NEWLINE:
        start += 1
    while end > start and tokens.kinds[end - 1] == NEWLINE:
        end -= 1
    while (
        start < end and tokens.texts[start] == "(" and tokens.partner[start] == end - 1
    ):
        start, end = _bare(source, start + 1, end - 1)
    if start + 1 < end and tokens.texts[start] in ("&", "*", "await", "const"):
        start += 1
    if start + 2 < end and tokens.texts[start + 1] == ":=":
        start += 2  # what `(name := value)` gives the name, it is
    if source.language.name == "javascript":
        return _untyped(source, start, end)
    if source.language.name in ("c", "objectivec", "php"):
        return _uncast(source, start, end)
    return start, end


_NUMERIC = frozenset({"long", "int", "bool", "BOOL", "unsigned", "short", "boolean"})


def _uncast(source: Source, start: int, end: int) -> tuple[int, int]:
    """A range without a cast to a number: `(long) x`, `static_cast<long>(x)`."""
    tokens = source.tokens
    if tokens.texts[start] == "static_cast" and tokens.texts[end - 1] == ")":
        opening = tokens.partner[end - 1]
        if start < opening and _NUMERIC.issuperset(
            tokens.texts[start + 2 : opening - 1]
        ):
            return opening + 1, end - 1
    close = tokens.partner[start] if tokens.texts[start] == "(" else -1
    if start + 1 < close < end - 1 and _NUMERIC.issuperset(
        tokens.texts[start + 1 : close]
    ):
        return _bare(source, close + 1, end)
    return start, end


def _untyped(source: Source, start: int, end: int) -> tuple[int, int]:
    """A range without TypeScript's assertions: `x as T`, `<T>x`, `x!`."""
    texts = source.tokens.texts
    if end - start > 3 and texts[start] == "<" and texts[start + 2] == ">":
        start += 3
    for index in range(start + 1, min(end - 1, start + 8)):
        if texts[index] in ("as", "satisfies"):
            return start, index
    if end - start > 1 and texts[end - 1] == "!":
        end -= 1
    return start, end


def _open_branches(source: Source, choice: Choice, depth: int) -> list[tuple[int, int]]:
    """The outcomes that may be meant; none if an option decides that nobody knows.

    `verify=False if insecure else True` says what the option insecure is for, no more
    than `verify=not insecure` does.
    """
    values = list(possible_values(source, *choice.condition, depth + 1))
    values = [value for value in values if not value.unset]
    outcomes = []
    truths = {truth(source, value) for value in values}
    if True in truths:
        outcomes.append(choice.yes)
    if False in truths:
        outcomes.append(choice.no)
    condition = text_of(source, *choice.condition)
    if defaults.is_set(condition) is False:
        return [choice.no]
    if source.language.name == "c":
        return outcomes  # how C writes a boolean: as much is known as of its condition
    if _GIVEN.search(condition):
        return [choice.yes, choice.no]  # whether it was given at all, not what it says
    if outcomes:
        return outcomes
    if len(condition) < _SHORT and (
        _OPTION.fullmatch(condition) or _READ.fullmatch(condition)
    ):
        written = (
            opens_function(source, choice.yes),
            opens_function(source, choice.no),
        )
        return [choice.yes, choice.no] if any(written) else []
    return [choice.yes, choice.no]


def is_left_open(source: Source, index: int) -> bool:
    """Whether a token stands in the outcome of a condition that nobody knows."""
    start = operand_start(source, index)
    choice = choice_of(source, start, value_end(source, start))
    if choice is None:
        return False
    chosen = _open_branches(source, choice, 0)
    return not any(low <= index < high for low, high in (*chosen, choice.condition))


def last_component(text: str) -> str:
    """What a dotted name ends in."""
    for mark in ("::", "->", "\\", ".", ":", "?"):
        text = text.rpartition(mark)[2] or text
    return text


def is_true(source: Source, value: Value) -> bool:
    """Whether it is the constant for true, or the number one."""
    return _boolean(source, value) is True


def is_false(source: Source, value: Value) -> bool:
    """Whether it is the constant for false."""
    return _boolean(source, value) is False


def truth(source: Source, value: Value) -> bool | None:
    """What a value is as a condition, where numbers count as well, or None."""
    if value.end - value.start == 1 and value.constant is None:
        text = source.tokens.texts[value.start]
        if source.tokens.kinds[value.start] == NUMBER and text.isdigit():
            return (int(text) != 0) != value.negated
    return _boolean(source, value)


def _boolean(source: Source, value: Value) -> bool | None:
    tokens = source.tokens
    if value.constant is not None:
        return value.constant != value.negated
    if value.end <= value.start or tokens.kinds[value.end - 1] == STRING:
        return None
    text = text_of(source, value.start, value.end)
    if "==" in text or "!=" in text:
        return None  # `answer == Dialog.Yes` asks
    word = last_component(_TOLD.sub("", text)).lower().lstrip("@").strip("()")
    cast = _CAST.fullmatch(word)
    if cast:
        return (cast[1] not in ("0", "false")) != value.negated
    found: bool | None = None
    if word in _TRUE or (word == "t" and source.language.name == "r"):
        found = True
    elif word in _FALSE or (word == "f" and source.language.name == "r"):
        found = False
    elif tokens.kinds[value.start] == NUMBER and value.negated:
        found = word.strip("ulxUL0") != ""
    return found if found is None or not value.negated else not found
