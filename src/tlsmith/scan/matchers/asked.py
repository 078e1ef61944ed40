"""What every matcher of code asks of the file and of what stands around.

`file_has`, `file_lacks`, `in_call`, `not_in_call`; `beside_lacks`, a regular expression
that must not be found between the brackets around; `call_has`, one that must be found
in what is called around it, or in what that is handed; `not_called`, one that must not
be found in the nearest call's name and what stands around; `not_given_to`, one that
must not be the name of the argument that the table around is; `function_lacks`, one
that must not be found in the function around; `unless_later`, one for
what puts a name right that is given the thing: an attribute and its value, further down
in the function.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from tlsmith.scan import acceptance, functions
from tlsmith.scan.callers import direct, handing
from tlsmith.scan.expression import (
    Value,
    is_false,
    is_true,
    last_component,
    possible_values,
)
from tlsmith.scan.extent import content, text_of
from tlsmith.scan.lexer import STRING, WORD
from tlsmith.scan.pattern import compiled
from tlsmith.scan.rule import Rule
from tlsmith.scan.source import Source

_NULLS = frozenset(
    [
        "none",
        "nil",
        "null",
        "undefined",
        "nullptr",
        "undef",
        "$null",
        "nothing",
        "void0",
        "na",
    ]
)
_ZERO = re.compile(r"(?:0+|0x0+|0b0+)(?:[uUlL]*|\.0*)")
_ONE = re.compile(r"(?:0x0*)?1[uUlL]*")
_ASSERTING = re.compile(
    r"(?i)(?:^|[.:>\s])(?:assert\w*(?:\.\w+)?|raises|mock\.call|require\.\w+|expect\w*|to_?equal|to_?strict_?equal"
    r"|to_?match_?object|to_?have_?been_\w*|tohavebeen\w*|\w*called_?(?:once_?)?with|objectcontaining|should\w*"
    r"|record\.exception|include|(?:hash|array)_including|(?:have_)?received?\(.*\.with)!?$"
)
_REFUSING = re.compile(
    r"\s*(?:async\s+)?with\s.*\b(?:raises|assertRaises\w*|assert_raises)\b"
)
_TELLING = re.compile(
    r"(?i)(?:^|[.:>\s])(?:hasattr|isinstance|issubclass|typeof|print\w*|console\.\w+"
    r"|log(?:ger|ging)?\.\w+|add_argument|add_option|flag\.\w+|warn\w*)!?$"
)
"""What is only said by these is not done; what is called to be said is."""

_OFFERING = ("python", "javascript", "ruby", "php", "perl", "csharp")
"""Where `option(...)` defines one of a command's."""


_OFFER = re.compile(r"(?:^|[.:>])[oO]ption$")
_OFFERED = re.compile(r"""\b\w+\.on[\s(]\s*["']-""")
"""Behind which stands what Ruby does where a command's option is given."""


_NAMED = re.compile(r"""(?:getattr\([\w.]+,|[\w:]+\.const_get\():?["']?(\w+)["']?\)""")
"""A constant that is asked for by its name: `getattr(ssl, "CERT_NONE")`."""


def fits_calls(rule: Rule, source: Source, index: int) -> bool:
    """Whether `in_call` and `not_in_call` hold, and nothing is only told or asserted.

    `told` says that a rule does not mind the latter.
    """
    callees = list(callees_around(source, index))
    if not rule.match.get("told") and (
        any(_ASSERTING.search(callee) for callee in callees)
        or _is_offered(source, index)
        or any(_tells(source, callee) for callee in callees[:1])
    ):
        return False
    if _is_refused(source, index) or _is_mended(rule, source, index):
        return False
    if _is_elsewhere(rule, source, index):
        return False
    has = rule.match.get("call_has")
    handed = between(source, index) if has else ""
    is_call = bool(callees) and handed.startswith("(")
    if has and is_call and not compiled(has).search(callees[0] + handed):
        return False
    wanted = rule.match.get("in_call")
    if wanted and not any(compiled(wanted).search(callee) for callee in callees):
        return False
    return not (
        _is_one(rule.match.get("not_in_call"), callees)
        or _is_one(
            rule.match.get("not_called"),
            (callee + between(source, index) for callee in callees[:1]),
        )
    )


def _is_elsewhere(rule: Rule, source: Source, index: int) -> bool:
    """Whether what stands beside, or what it is given to, says that it is not meant."""
    lacks = rule.match.get("beside_lacks")
    if lacks and compiled(lacks).search(between(source, index)):
        return True
    if _is_beside(rule, source, index):
        return True
    other = rule.match.get("not_given_to")
    return bool(other) and bool(compiled(other).fullmatch(_given_to(source, index)))


def _is_beside(rule: Rule, source: Source, index: int) -> bool:
    """Whether the function around says that this is something else, as servers do."""
    lacks = rule.match.get("function_lacks")
    low, high = _function_around(source, index) if lacks else (0, 0)
    return (
        bool(lacks) and compiled(str(lacks)).search(source.text, low, high) is not None
    )


_DEF = re.compile(r"(?m)^([ \t]*)def\b")


def _function_around(source: Source, index: int) -> tuple[int, int]:
    """The offsets of the function around a token; Ruby's may have no parameters."""
    tokens = source.tokens
    number = functions.enclosing(source, index)
    if number >= 0:
        function = source.functions[number]
        return tokens.starts[function.start], tokens.ends[function.end - 1]
    start = tokens.starts[index]
    above = list(_DEF.finditer(source.text, 0, start))
    if source.language.blocks != "end" or not above:
        return 0, 0
    end = re.compile(rf"(?m)^{above[-1][1]}end\b").search(source.text, above[-1].end())
    if end is None or end.start() < start:
        return 0, 0
    return above[-1].start(), end.start()


def _given_to(source: Source, index: int) -> str:
    """The argument that the table of a key is: `json` in `post(json={"a": 1})`."""
    texts, parents = source.tokens.texts, source.tokens.parent
    at = parents[index] - 1
    if at > 0 and texts[at] == "dict":
        at -= 1
    if at < 1 or texts[at] != "=" or parents[at] < 0 or texts[parents[at]] != "(":
        return ""
    return texts[at - 1]


def _is_one(unwanted: str | None, callees: Iterable[str]) -> bool:
    return bool(unwanted) and any(compiled(unwanted).search(one) for one in callees)


def _is_mended(rule: Rule, source: Source, index: int) -> bool:
    """Whether what a statement gives a name is put right further down."""
    if "unless_later" not in rule.match:
        return False
    tokens = source.tokens
    first = source.begins_statement(index)
    for equals in range(first + 1, min(first + 8, index)):
        if tokens.texts[equals] == "=":
            break
    else:
        return False
    name = re.escape(source.text[tokens.starts[first] : tokens.ends[equals - 1]])
    number = functions.enclosing(source, index)
    last = source.functions[number].end - 1 if number >= 0 else len(tokens) - 1
    low, high = tokens.ends[index], tokens.ends[last]
    if again := re.compile(rf"(?m)^[ \t]*{name}[ \t]*=(?!=)").search(
        source.text, low, high
    ):
        high = again.start()
    later = compiled(rf"\b{name}\.(?:{rule.match['unless_later']})")
    return later.search(source.text, low, high) is not None


def between(source: Source, index: int) -> str:
    """The text between the brackets that a token stands in, or nothing."""
    tokens = source.tokens
    parent = tokens.parent[index]
    close = tokens.partner[parent] if parent >= 0 else -1
    return source.text[tokens.starts[parent] : tokens.ends[close]] if close >= 0 else ""


def _is_refused(source: Source, index: int) -> bool:
    """Whether it stands in a block that is said to raise: there it must not work."""
    if source.language.name == "php" and source.holds(r"\bexpectException\w*\("):
        number = functions.enclosing(source, index)
        first = source.functions[number].start if number >= 0 else index
        return "expectException" in source.tokens.texts[first:index]
    if source.language.name != "python" or not source.holds(
        r"\b(?:raises|assert_?[rR]aises)"
    ):
        return False
    return any(_REFUSING.match(line) for line in source.headers(index))


def _tells(source: Source, callee: str) -> bool:
    """Whether what is called only speaks of a setting: prints it, offers it."""
    if _TELLING.search(callee):
        return True
    return source.language.name in _OFFERING and bool(_OFFER.search(callee))


def _is_offered(source: Source, index: int) -> bool:
    """Whether it is done where an option of a command written in Ruby is given."""
    if source.language.name != "ruby" or not source.holds(r"\.on\b"):
        return False
    line = source.line_bounds(source.position(source.tokens.starts[index])[0])
    above = next(iter(source.headers(index)), "")
    return any(map(_OFFERED.search, (source.text[slice(*line)], above)))


def callees_around(source: Source, index: int) -> Iterator[str]:
    """What is called, or made, around a token: the innermost first."""
    tokens = source.tokens
    parent = tokens.parent[index]
    for _ in range(12):
        if parent < 0:
            break
        callee = _callee(source, parent)
        if callee:
            yield callee
        parent = tokens.parent[parent]
    if source.language.name in ("ruby", "elixir", "perl", "groovy", "puppet", "php"):
        first = source.begins_statement(index)
        yield text_of(source, first, min(index, first + 6))
        if first < index and tokens.texts[first + 1] not in (".", "::", "=", "["):
            yield tokens.texts[first]


def _callee(source: Source, bracket: int) -> str:
    """The dotted word before a bracket, what it is called on included."""
    tokens = source.tokens
    index = bracket - 1
    if index >= 0 and tokens.texts[index] in ("!", ">"):
        index -= 1
    low = index + 1
    while index >= 0:
        if tokens.kinds[index] == WORD:
            low = index
            index -= 1
            if index < 0 or tokens.texts[index] not in (".", "::", "->", "?.", ":"):
                break
            index -= 1
        elif tokens.partner[index] >= 0 and tokens.partner[index] < index:
            if low > index and tokens.texts[index] == "}":
                break
            index = tokens.partner[index] - 1
        elif tokens.texts[index] in (".", "\n"):
            index -= 1
        else:
            break
    return text_of(source, low, bracket)[-200:]


def satisfying(
    source: Source, start: int, end: int, words: Iterable[str]
) -> tuple[Value, bool] | None:
    """The value of an expression that is one of these words, and if it always is."""
    wanted = tuple(words)
    values = list(possible_values(source, start, end))
    hits = [v for v in values if any(is_word(source, v, word) for word in wanted)]
    if not hits:
        return None
    return hits[0], len(hits) == len(values) and all(v.sure for v in hits)


def handed(
    source: Source, bounds: tuple[int, int], words: Iterable[str]
) -> Iterator[tuple[int, int]]:
    """What callers in this file give a parameter that an expression is, if a word."""
    wanted = tuple(words)
    yield from handing(
        source,
        (*possible_values(source, *bounds), *direct(source, *bounds)),
        lambda value: any(is_word(source, value, word) for word in wanted),
    )


def is_word(source: Source, value: Value, word: str) -> bool:
    """Whether a value is what a word of the rules' vocabulary means."""
    if value.end <= value.start:
        return False
    if word in acceptance.KINDS:
        return acceptance.accepts(source, value, word)
    if word == "false":
        return is_false(source, value)
    if word == "true":
        return is_true(source, value)
    if value.negated:
        return False
    return _is_written(source, value, word)


def _is_written(source: Source, value: Value, word: str) -> bool:
    tokens = source.tokens
    literal = value.end - value.start == 1 and tokens.kinds[value.start] == STRING
    text = (
        content(tokens.texts[value.start])
        if literal
        else text_of(source, value.start, value.end)
    )
    if named := _NAMED.fullmatch(text):
        text = named[1]
    if word.startswith("/") and word.endswith("/") and len(word) > 1:
        pattern = compiled(
            f"(?s:{word[1:-1]})" if not word.startswith("/(?") else word[1:-1]
        )
        raw = source.text[tokens.starts[value.start] : tokens.ends[value.end - 1]]
        return bool(pattern.fullmatch(text) or (not literal and pattern.fullmatch(raw)))
    if word == "empty":
        return (literal and not text.strip()) or text in ("[]", "{}", "()", "''")
    if word == "null":
        return not literal and text.lower() in _NULLS
    if word == "0":
        return bool(_ZERO.fullmatch(text)) and not literal
    if word == "1":
        return bool(_ONE.fullmatch(text)) and not literal
    chosen = "?" in text.replace("?.", "")  # `a ? B : C` does not end in a name
    return text == word or (not literal and not chosen and last_component(text) == word)
