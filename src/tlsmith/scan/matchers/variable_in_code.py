"""A variable of the environment that a program sets."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tlsmith.scan.extent import value_end
from tlsmith.scan.finding import Edit, Match
from tlsmith.scan.lexer import NUMBER, STRING, WORD
from tlsmith.scan.matchers.asked import callees_around, fits_calls, satisfying
from tlsmith.scan.matchers.setting import value_start
from tlsmith.scan.refused import is_refused
from tlsmith.scan.rule import Rule
from tlsmith.scan.source import Source

_SETTER = re.compile(
    r"(?i)set_?env\w*|put_?env|\benviron(?:\.(?:update|setdefault))?$|\.envs?$|set_?(?:var|property)|setx|env\w*[.:]+set"
    r"|set_?environment_?variable|env_?var\w*|withEnv|add_?env\w*|environment[.:]+(?:put|add|set)"
    r"|environment\w*$|\bparam$|sys\.setenv|system\.put_env|\breflect\.set$"
)
_GETTER = re.compile(
    r"(?i)get_?env\w*$|\benviron\.get$|\benv(?:iron)?(?:\.(?:bool|str|int|get|fetch))?$"
    r"|envOr\w*$|env\w*_?(?:with|or)_?default$|viper\.setDefault$"
)
"""What reads a variable and names what it is without one."""
_SPEAKING = (
    *("env", "setx", "setvar", "set_var", "setproperty", "set_property"),
    *("viper", "param(", "param ("),
)
"""Of which a setter's or a getter's name holds one, in small letters."""
_FAILING = re.compile(
    r"(?i)exception|error|throw|raise|abort|panic|fail"
    r"|contains?\w*$|includes?$|index_?(?:of)?$|\bhas\w*$|matche?s?$|find$|trim\w*$"
)
_ENVIRONMENT = re.compile(r"(?i)env")
_OPTION = re.compile(r"(?:^|[\s\"'`])(?:-e|--env)[ =]\Z")
_SCRIPT = re.compile(
    r"""[\w:.-]\\?["'][ ]?:[ ]?\\?["'](?:cross-env[ ]+|\w+=[^\s"']{1,40}[ ]+){0,4}\Z"""
)
"""What stands before it in a script of a package.json that is written as a text."""
_TOLD = re.compile(r"=[\"']?(?P<value>[\w.-]*)")
_NEAR = 300
_QUOTES = "\"'`"


def may_be_given(rule: Rule, source: Source) -> bool:
    """Whether a program speaks of an environment, or of what else sets a variable."""
    return bool(rule.match.get("code")) or source.holds_one(_SPEAKING)


def given_in_code(rule: Rule, source: Source, start: int, end: int) -> Iterator[Match]:
    """Where a program gives the variable at an anchor one of the values."""
    index = source.tokens.at(start)
    if index is None or not fits_calls(rule, source, index):
        return
    tokens = source.tokens
    name = source.text[start:end]
    if tokens.kinds[index] == STRING:
        content = tokens.texts[index].lstrip("rbuftRBUFT@$").strip(_QUOTES)
        if content in (name, f"env.{name}"):
            yield from _by_string(rule, source, index)
        elif content.startswith(f"{name}="):
            yield from _as_pair(rule, source, index, content)
        elif _OPTION.search(source.text, max(0, start - 20), start) or (
            _SCRIPT.search(source.text, max(0, start - 200), start)
        ):
            yield from _as_option(rule, source, start, end)
    elif tokens.kinds[index] == WORD and (
        rule.match.get("code") or _is_environment(source, index)
    ):
        yield from _assigned(rule, source, index)


def _as_option(rule: Rule, source: Source, start: int, end: int) -> Iterator[Match]:
    """`-e NAME=value` among the arguments that a container is started with."""
    told = _TOLD.match(source.text, end)
    if told and re.fullmatch(f"(?i:{rule.match['values']})", told["value"]):
        yield Match(start, told.end())


def _by_string(rule: Rule, source: Source, index: int) -> Iterator[Match]:
    """`environ["NAME"] = …`, `{"NAME": …}`, `setenv("NAME", …)`, `KEY = "NAME"`."""
    tokens = source.tokens
    after = tokens.texts[index + 1] if index + 1 < len(tokens) else ""
    if after == "," and (
        any(_SETTER.search(one) for one in callees_around(source, index))
        or _is_put(source, index)
    ):
        yield from _judged(rule, source, index, index + 2)
        return
    if after == "," and _GETTER.search(next(callees_around(source, index), "")):
        yield from _judged(rule, source, index, _default(source, index + 2))
        return
    if rule.match.get("code") or _is_environment(source, index):
        yield from _assigned(rule, source, index)
    before = tokens.texts[index - 1] if index else ""
    if before in ("=", ":=") and tokens.kinds[index - 2] == WORD:
        for place in source.words.get(tokens.texts[index - 2], ()):
            if place > index and tokens.texts[place - 1] == "[":
                yield from _assigned(rule, source, place)


_FALLBACKS = frozenset(["??", "||", "?:", "or"])
_READ = re.compile(r"(?i)(?:env[.:]+|env\[|get_?env\w*\(|environmentvariable\()$")


def _fallback(source: Source, index: int) -> int | None:
    """Where begins what stands for a variable without a value: `env.NAME ?? …`."""
    texts = source.tokens.texts
    start = source.tokens.starts[index]
    if not _READ.search(source.text, max(0, start - 40), start):
        return None
    after = index + 1
    if texts[after : after + 1] in (["]"], [")"]):
        after += 1
    return after + 1 if _FALLBACKS.intersection(texts[after : after + 1]) else None


_ENVIRONMENT_OF = re.compile(r"(?i)environment\(\)\s*\.\s*put\(\s*$")


def _is_put(source: Source, index: int) -> bool:
    """`builder.environment().put("NAME", …)` of Java."""
    start = source.tokens.starts[index]
    return _ENVIRONMENT_OF.search(source.text, max(0, start - 40), start) is not None


def _default(source: Source, index: int) -> int:
    """Where a default begins, be its name written before it (`default=False`)."""
    texts = source.tokens.texts
    return index + 2 if texts[index : index + 2] == ["default", "="] else index


def _assigned(rule: Rule, source: Source, index: int) -> Iterator[Match]:
    low = value_start(source, index)
    if low is None:
        low = _fallback(source, index)
    if low is not None and not source.in_import(index):
        yield from _judged(rule, source, index, low)


def _judged(rule: Rule, source: Source, index: int, low: int) -> Iterator[Match]:
    tokens = source.tokens
    high = value_end(source, low)
    if high <= low:
        return
    found = satisfying(source, low, high, (f"/(?i:{rule.match['values']})/",))
    if found is None:
        return
    value, sure = found
    if not _is_literal(source, value.start, value.end):
        return
    name = tokens.texts[index].strip(_QUOTES)
    if any(tokens.texts[at].strip(_QUOTES) == name for at in range(low + 1, high)):
        return  # `NAME = getenv("NAME")`, which reads it
    edits: tuple[Edit, ...] = ()
    literal = value.end - value.start == 1 and tokens.kinds[value.start] == STRING
    if "value" in rule.rewrite and literal and low <= value.start < high:
        written = tokens.texts[value.start]
        start = tokens.starts[value.start]
        edits = (Edit(start + 1, start + len(written) - 1, rule.rewrite["value"]),)
    yield Match(
        tokens.starts[index],
        tokens.ends[high - 1],
        None if sure else "medium",
        "" if sure else "one branch of a condition says so",
        edits=edits,
    )


def _is_literal(source: Source, start: int, end: int) -> bool:
    """Whether a value is written out: what a name stands for may be anything."""
    tokens = source.tokens
    return any(
        tokens.kinds[at] in (STRING, NUMBER)
        or tokens.texts[at].lower() in ("true", "false", "yes", "no", "on", "off")
        for at in range(start, min(end, start + 3))
    )


def _as_pair(rule: Rule, source: Source, index: int, content: str) -> Iterator[Match]:
    """`"NAME=value"` as an entry of an environment, or handed to `putenv`."""
    value = content.partition("=")[2]
    inside = source.tokens.parent[index] >= 0
    if inside and re.fullmatch(f"(?i:{rule.match['values']})", value):
        callees = list(callees_around(source, index))
        if any(_FAILING.search(callee) for callee in callees[:1]):
            return
        near = _is_environment(source, index) or any(map(_SETTER.search, callees))
        if near and not is_refused(source, index):
            yield Match(source.tokens.starts[index], source.tokens.ends[index])


def _is_environment(source: Source, index: int) -> bool:
    """Whether something near speaks of an environment."""
    start = source.tokens.starts[index]
    line, _ = source.line_bounds(source.position(start)[0])
    if _ENVIRONMENT.search(source.text, line, start):
        return True
    parent = source.tokens.parent[index]
    if parent < 0:
        return False
    opened = source.tokens.starts[parent]
    first, _ = source.line_bounds(source.position(opened)[0])
    return bool(_ENVIRONMENT.search(source.text, max(first, opened - _NEAR), opened))
