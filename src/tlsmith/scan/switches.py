"""What is done only where a switch says so: `if insecure: …`, `if not verify: …`.

`verify=not insecure` is no finding unless the file says that `insecure` is on, and what
stands below `if insecure:` does no more. What a switch is where nobody sets it, and
what callers in the file hand it, decide.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from tlsmith.scan import callers, cases, defaults, templated
from tlsmith.scan.branches import Branch, branches
from tlsmith.scan.expression import Value, possible_values, truth
from tlsmith.scan.extent import content, text_of, top_level
from tlsmith.scan.lexer import NUMBER, STRING, WORD
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
_SHAPE = re.compile(
    r"""[\w$@]+(?:(?:\.|->|::|\?\.|!\.)[\w$#]+"""
    r"""|\((?P<given>["'][^"']{0,60}["'])?[\w"'.,&* ]{0,60}\)"""
    r"""|\[["':]?[\w$-]+["']?\])*[!?]?"""
)
"""A name, a member, or what is asked for by a name."""
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
_IS_HTTPS = re.compile(
    r"""(?i)[\w.$>()-]{1,60}(?:\.starts_?with\(|===?)["'](?:https|wss)(?:://)?["']\)?"""
)
"""A question that is about TLS as such: elsewhere nothing is to be verified."""
_IN_ENVIRONMENT = re.compile(r"""["'](\w+)["'] ?in ?[\w.]*environ""")
"""A variable of the environment that counts however it is set."""
_ANSWERED = re.compile(r"(?i)message_?box|::yes\b|dialog\.accepted|\bconfirm\w*\(")
"""A question that a person is asked."""
_TRUE = frozenset({"true", "yes", "on", "1", "$true"})
_FALSE = frozenset({"false", "no", "off", "0", "$false", ""})
_SAID = _TRUE | {"t", "y", "enable", "enabled"}
_DENIED = _FALSE | {"f", "n", "none", "disable", "disabled"}
"""What a variable may say of a switch: `asked.lower() in ("yes", "true", "1")`."""
_AND = frozenset({"and", "&&"})
_OR = frozenset({"or", "||"})
_NOT = frozenset({"!", "not"})


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
            for part in _parts(source, branch)
        )
        for branch in branches(source, index)
    )


def is_said_by_address(source: Source, start: int) -> bool:
    """Whether what stands at an offset is done only for addresses that have no TLS."""
    index = source.tokens.at(start)
    return index is not None and any(
        _IS_HTTPS.fullmatch(text_of(source, *part)) is not None
        for branch in branches(source, index)
        if not branch.holds
        for part in [(branch.low, branch.high)]
    )


_PLAIN = re.compile(
    r"(?i)\b(?:insecure|plain_?text|no_?(?:tls|ssl)|(?:disabled?|without|skip)_?(?:tls|ssl))"
)
_SECURED = re.compile(
    r"(?i)(?:^|[^a-z]|(?:use|using|enabled?|with|has|is|want|require)_?)"
    r"(?:m?tls|ssl|secured?|https|encrypt(?:ed|ion)?)"
    r"(?:_?(?:enabled?|active|on|required|config|creds?|credentials))?(?:\(\))?$"
)
"""A switch, or what is there alone, with TLS: without it there is none."""
_NOTHING = re.compile(
    r"""(?i)(?P<differs>!=|==|is not|is)=?\s*(?:nil|null|none|""|'')$"""
)


def is_without_tls(source: Source, start: int) -> bool:
    """Whether what stands at an offset is done only where a switch wants no TLS."""
    index = source.tokens.at(start)
    if index is None or source.language.name in questions.LANGUAGES:
        return False
    return any(
        _is_plain(text_of(source, *part), branch.holds)
        for branch in branches(source, index)
        for part in _parts(source, branch)
    )


def _is_plain(asked: str, holds: bool) -> bool:
    """Whether a condition that holds, or does not, says that no TLS is wanted."""
    if found := _NOTHING.search(asked):
        asked = asked[: found.start()]
        holds = holds is found["differs"].lower().startswith(("!", "is not", "isnot"))
    while asked.startswith(("!", "not ")):
        asked, holds = asked.removeprefix("!").removeprefix("not ").strip(), not holds
    if not _SHAPE.fullmatch(asked):
        return False
    return bool(_PLAIN.search(asked) if holds else _SECURED.search(asked))


_DEBUGGING = re.compile(
    r"""(?i)(?:[\w$]+(?:\.|::|->))*(?:is_?development(?:\(\))?|k_?debug_?mode|__dev__|debug"""
    r"""|(?:development|local)\?"""
    r"""|is_?debug(?:ging|_?mode|_?build)?(?:\(\))?|_?debug_?mode)"""
    r"""|cfg!\(debug_assertions\)"""
    r"""|(?:process\.env\.)?(?:NODE|APP|RAILS)_ENV===?["']dev(?:elopment)?["']"""
)
_NOT_RELEASED = re.compile(
    r"""(?i)!\(?(?:[\w$]+(?:\.|::|->))*(?:is_?production\(\)|k_?release_?mode)\)?"""
    r"""|(?:process\.env\.)?(?:NODE|APP|RAILS)_ENV!==?["']prod(?:uction)?["']"""
)
_PREPROCESSED = re.compile(
    r"(?m)^[ \t]*#[ \t]*(?P<word>if|ifn?def|elif|else|endif)\b[ \t]*(?P<asked>[^\n]*)"
)
_DEBUG_BUILD = re.compile(r"(?:defined\s*\(?\s*)?(?:_|QT_)?DEBUG\)?(?:\s*==\s*1)?")
_RELEASE_BUILD = re.compile(r"NDEBUG|QT_NO_DEBUG")
_PREPROCESSING = frozenset({"c", "csharp", "objectivec", "swift"})


def is_for_debugging(source: Source, start: int) -> bool:
    """Whether what stands at an offset is left out of what is released."""
    if source.language.name in _PREPROCESSING and _is_built_so(source, start):
        return True
    index = source.tokens.at(start)
    if index is None:
        return False
    return any(
        _is_of_debugging(text_of(source, *part), branch.holds)
        for branch in branches(source, index)
        for part in _parts(source, branch)
    )


def _is_of_debugging(text: str, holds: bool) -> bool:
    """Whether a condition holds, or does not, where somebody debugs alone."""
    if holds:
        return bool(_DEBUGGING.fullmatch(text) or _NOT_RELEASED.fullmatch(text))
    return _NOT_RELEASED.fullmatch(f"!{text}") is not None


def _is_built_so(source: Source, start: int) -> bool:
    """Whether a preprocessor leaves it to builds for debugging."""
    if "DEBUG" not in source.text:
        return False
    opened: list[bool] = []
    for found in _PREPROCESSED.finditer(source.text, 0, start):
        if found["word"].startswith("if"):
            build = _RELEASE_BUILD if found["word"] == "ifndef" else _DEBUG_BUILD
            opened.append(build.fullmatch(found["asked"].strip()) is not None)
        elif opened:
            opened.pop()
            if found["word"] != "endif":
                opened.append(False)
    return any(opened)


def _parts(source: Source, branch: Branch) -> list[tuple[int, int]]:
    """What must be so for a branch to be taken: each part of an `and`, if it holds."""
    joining, other = (_AND, _OR) if branch.holds else (_OR, _AND)
    if branch.holds and source.language.name == "swift":
        joining |= {","}
    joined = {text for _, text in top_level(source, branch.low, branch.high)}
    if not joined & other:
        return list(_split(source, branch, joining))
    if branch.holds or joined & joining:
        return []
    asked = [
        part
        for part in _split(source, branch, other)
        if not _IS_HTTPS.fullmatch(text_of(source, *part))
    ]
    return asked if len(asked) == 1 else []


def _split(
    source: Source, branch: Branch, joining: frozenset[str]
) -> Iterator[tuple[int, int]]:
    """The parts of a condition between the words that join them."""
    low = branch.low
    for index, text in top_level(source, branch.low, branch.high):
        if text in joining:
            yield low, index
            low = index + 1
    yield low, branch.high


def _is_switch(source: Source, low: int, high: int, holds: bool, *, deep: bool) -> bool:
    """Whether a part of a condition is a switch that is not known to be set so."""
    text = text_of(source, low, high)
    if holds and _IS_OFF.fullmatch(text):
        return True
    named = _IN_ENVIRONMENT.fullmatch(text)
    if named:
        return holds and _OFF.search(named[1]) is not None
    told = _by_default(source, low, high)
    wanted, operand = _operand(source, low, high, holds)
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
    shape = _SHAPE.fullmatch(named)
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


def _operand(
    source: Source, low: int, high: int, holds: bool
) -> tuple[bool, tuple[int, int]]:
    """What a condition asks about, and what that must be."""
    texts = source.tokens.texts
    wanted = holds
    while low < high and texts[low] in _NOT:
        low, wanted = low + 1, not wanted
    if low < high and texts[low] == "(" and source.tokens.partner[low] == high - 1:
        return _operand(source, low + 1, high - 1, wanted)
    told = _told(source, low, high)
    if told is not None:
        said, (low, high) = told
        return _operand(source, low, high, wanted if said else not wanted)
    among = _among(source, low, high)
    if among is not None:
        said, end = among
        differs = texts[end] == "not"
        return wanted ^ differs ^ (not said), (low, end)
    against = texts[high - 1].strip("\"'").lower() if low < high else ""
    if high - low < 3 or against not in _TRUE | _FALSE:
        return wanted, (low, high)
    sign = high - 2
    differs = texts[sign] in ("!=", "!==", "~=") or texts[sign - 1 : high - 1] == [
        "is",
        "not",
    ]
    if not (differs or texts[sign] in ("==", "===", "is")):
        return wanted, (low, high)
    end = sign - 1 if texts[sign] == "not" else sign
    return wanted ^ differs ^ (against in _FALSE), (low, end)


_READING = re.compile(r"Boolean\.(?:parseBoolean|valueOf)")
_TELLING = re.compile(r"(?:Boolean\.)?(\w+)\.equals(?:IgnoreCase)?")


def _told(source: Source, low: int, high: int) -> tuple[bool, tuple[int, int]] | None:
    """What Java compares with a word: `"true".equals(x)`, `Boolean.parseBoolean(x)`."""
    opening = source.tokens.partner[high - 1] if low < high else -1
    if not low < opening:
        return None
    called = text_of(source, low, opening).replace('"', "")
    inner = (opening + 1, high - 1)
    if _READING.fullmatch(called):
        return True, inner
    found = _TELLING.fullmatch(called)
    word = found[1].lower() if found else ""
    return (word in _TRUE, inner) if word in _TRUE | _FALSE and word else None


def _among(source: Source, low: int, high: int) -> tuple[bool, int] | None:
    """Whether what is asked must be one of the words for true, or for false, and where
    that begins: behind what is asked. `"NO_VERIFY" in os.environ` asks for a name.
    """
    tokens = source.tokens
    if high - low < 3:
        return None
    if tokens.kinds[low] == STRING and "in" in tokens.texts[low + 1 : low + 3]:
        return True, low + 1
    opening = tokens.partner[high - 1]
    if not low < opening < high or tokens.texts[opening - 1] != "in":
        return None
    words = {
        content(tokens.texts[index]).lower()
        for index in range(opening + 1, high - 1)
        if tokens.kinds[index] in (STRING, WORD, NUMBER)
    }
    end = opening - 1 - (tokens.texts[opening - 2] == "not")
    if words and words <= _SAID:
        return True, end
    return (False, end) if words and words <= _DENIED else None


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
