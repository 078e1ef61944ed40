"""What is done only where a switch says so: `if insecure: …`, `if not verify: …`.

`verify=not insecure` is no finding unless the file says that `insecure` is on, and what
stands below `if insecure:` does no more. What a switch is where nobody sets it, and
what callers in the file hand it, decide.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from tlsmith.scan import callers, cases, defaults, templated
from tlsmith.scan.branches import branches
from tlsmith.scan.conditions import SHAPE, asked_about, parts
from tlsmith.scan.expression import Value, possible_values, truth
from tlsmith.scan.extent import text_of
from tlsmith.scan.shell import questions
from tlsmith.scan.source import Source

_OFF = re.compile(
    r"insecure|unverified|untrusted|(?:^|[^a-z])(?:re)?lax(?:ed)?(?![a-z])"
    r"|self_?-?signed|plain_?-?http|trust_?(?:all|any|every)"
    r"|verif(?:y|ication)?_?none"
    r"|(?:skip|ignor(?:e|ing)|disabled?|bypass|suppress|without)[\w-]{0,20}?"
    r"(?:verif|valid|ssl|tls|x509|cert|https|host_?name|check)"
    r"|(?:allow|accept)[_-]?(?:\w{0,20}[_-])?(?:invalid|any|all|bad|unsafe)"
    r"|(?:[^a-z]|\b)no(?:t|_|-)?(?:ssl|tls|cert|check)?[_-]?(?:verif|valid|check|cert)",
    re.I,
)
"""A switch that takes verification away when it is on."""
_ON = re.compile(
    r"verif(?!ied|ier)|validat(?!ed|or)|check_?(?:cert|host|ssl|tls|server)"
    r"|strict_?-?ssl|reject_?unauthorized|(?:cert|ssl|tls)(?:ificate)?s?_?check",
    re.I,
)
"""A switch that takes it away when it is off."""
_ASKING = re.compile(
    r"(?:[iI]s|IS|[aA]re|[hH]as|HAS|[gG]et|[sS]hould|[uU]se|[sS]kip|[iI]gnore|[aA]llow|[aA]ccept"
    r"|[tT]rust|[vV]alue|[bB]ool)(?:[_A-Z]|$)|\w*(?:d|\?)$"
)
"""What a function is called that only tells how something is set."""
_COUNTING = re.compile(r"(?i)(?:is_?)?(?:not_?)?empty|is_?(?:null|present)")
_SPELLED = re.compile(
    r"(?:\??\.(?:strip|trim|(?:to_?)?(?:lower|upper)(?:case)?|downcase|to_?s(?:tring)?)"
    r"(?:\(\))?)+$",
    re.I,
)
"""What changes how a value is spelled alone."""
_IS_OFF = re.compile(
    r"(?i)[\w.$>()\[\]:\"'@-]{1,60}===?[\"':]?[\w.:]{0,40}"
    r"(?:insecure|trust_?all|skip_?verif|accept_?all|allow_?all|verify_?none|no_?verif)\w*[\"']?"
    r"|str(?:n?case)?n?cmp\([\w.>\[\]-]{1,40},\"(?:none|never|no|off)\"(?:,\d{1,2})?\)==0"
    r"|0==str(?:n?case)?n?cmp\([\w.>\[\]-]{1,40},\"(?:none|never|no|off)\"(?:,\d{1,2})?\)"
    r"|!str(?:n?case)?n?cmp\([\w.>\[\]-]{1,40},\"(?:none|never|no|off)\"(?:,\d{1,2})?\)"
)
"""A mode that is compared with the one which verifies nothing."""
_OFF_CASE = re.compile(
    rf"{_OFF.pattern}|verif\w{{0,8}}(?:[.:_]{{1,2}}|:{{2}})none\b|[\"']-{{0,2}}(?:k|bad-?tls)[\"']",
    re.I,
)
"""A case that somebody chooses in order to have nothing verified."""
_IN_ENVIRONMENT = re.compile(r"""["'](\w+)["'] ?in ?[\w.]*environ""")
"""A variable of the environment that counts however it is set."""
_ANSWERED = re.compile(r"(?i)message_?box|::yes\b|dialog\.accepted|\bconfirm\w*\(")
"""A question that a person is asked."""


def is_asked_for(source: Source, start: int, *, deep: bool = True) -> bool:
    """Whether what stands at an offset is done only where a switch asks for it.

    Args:
        source: The text.
        start: The offset.
        deep: Whether a switch that is itself set only where another one asks for it
            counts as not set.
    """
    if templated.is_asked_for(source, start, _OFF, _ON):
        return True
    if source.language.name in questions.LANGUAGES:
        return any(
            told.takes(_OFF, _ON) and not told.is_so(source.text)
            for told in questions.questions(source, start)
        )
    index = source.tokens.at(start)
    if index is None:
        return False
    return any(map(_OFF_CASE.search, cases.labels(source, index))) or any(
        _ANSWERED.search(text_of(source, branch.low, branch.high)) is not None
        or any(
            _is_switch(source, *part, branch.holds, deep=deep)
            for part in parts(source, branch)
        )
        for branch in branches(source, index)
    )


def _is_switch(source: Source, low: int, high: int, holds: bool, *, deep: bool) -> bool:
    """Whether a part of a condition is a switch that is not known to be set so."""
    text = text_of(source, low, high)
    if holds and _IS_OFF.fullmatch(text):
        return True
    named = _IN_ENVIRONMENT.fullmatch(text)
    if named:
        return holds and _OFF.search(named[1]) is not None
    told = _by_default(source, low, high)
    wanted, operand = asked_about(source, low, high, holds)
    values = list(possible_values(source, *operand))
    if not _takes_away(text_of(source, *operand), wanted):
        return len(values) == 1 and _says_by_value(
            source, values[0], operand, wanted, deep=deep
        )
    if told is not None:
        return told is not holds
    if not wanted and len(values) == 1:
        value = text_of(source, values[0].start, values[0].end)
        if defaults.is_set(value) is not None:
            return False  # a variable that nobody sets is off
    return not _is_so(source, values, wanted, deep=deep)


def _says_by_value(
    source: Source, value: Value, operand: tuple[int, int], wanted: bool, *, deep: bool
) -> bool:
    """Whether a name is given what a switch is: `s := os.Getenv("INSECURE")`."""
    given = (value.start, value.end)
    return given != operand and _is_switch(
        source, *given, wanted ^ value.negated, deep=deep
    )


def _takes_away(named: str, wanted: bool) -> bool:
    """Whether a switch of this name takes verification away if it is as wanted."""
    named = _SPELLED.sub("", named)
    if named[:1] in ("'", '"'):  # what is looked for among others
        named = named.strip("\"'-").replace("-", "_")
    shape = SHAPE.fullmatch(named)
    if shape is None or (named.endswith(")") and not (shape["given"] or _asks(named))):
        return False
    off = _OFF.search(named) is not None
    return off is wanted and (off or _ON.search(named) is not None)


def _asks(named: str) -> bool:
    """Whether a function is called that only tells how something is set."""
    called = re.split(r"\W+", named[: named.rindex("(")])[-1]
    return _ASKING.match(called) is not None and not _COUNTING.fullmatch(called)


def _by_default(source: Source, low: int, high: int) -> bool | None:
    """What a condition is where nobody sets what it asks for."""
    text = text_of(source, low, high)
    told = defaults.default_of(text)
    told = defaults.unset(text) if told is None else told
    return defaults.is_set(text) if told is None else told


def _is_so(source: Source, values: list[Value], wanted: bool, *, deep: bool) -> bool:
    """Whether the file says anywhere that a switch is what is wanted."""

    def fits(value: Value) -> bool:
        if text_of(source, value.start, value.end) in ('""', "''"):
            return wanted is value.negated
        return truth(source, value) is wanted

    if any(
        fits(value) and not _is_for_another(source, value, deep) for value in values
    ):
        return True
    return _is_handed(source, values, fits)


def _is_for_another(source: Source, value: Value, deep: bool) -> bool:
    """Whether a value is given only where another switch asks for it."""
    return deep and is_asked_for(source, source.tokens.starts[value.start], deep=False)


def _is_handed(
    source: Source, values: list[Value], fits: Callable[[Value], bool]
) -> bool:
    found: Iterator[tuple[int, int]] = callers.handing(source, values, fits)
    return next(found, None) is not None
