"""Whether a text holds what a rule about commands looks for, before it is cut up.

Most texts that name a program switch nothing off; that is seen without knowing where
its commands stand.
"""

from __future__ import annotations

import re
from functools import lru_cache

from tlsmith.scan.anchor import words_of
from tlsmith.scan.pattern import compiled
from tlsmith.scan.rule import Rule
from tlsmith.scan.source import Source

_NEAR = 800
"""Characters."""
_CLOSE = 200
_SHORTENED = re.compile(r"--ins(?=ec)|--no-check-c")
"""How little of an option may stand for it."""
_OPTION = re.compile(
    r"(?i)[-/][\w.:-]*\Z"
    r"|\b(?:set|config|configure|conf|setconf|put|update|modify)[:_\w-]*\W[\s\S]*\Z"
)
"""What an option begins with, or what says on a command line that a setting follows."""


def may_tell(rule: Rule, source: Source) -> bool:
    """Whether a rule may find something in a text, or in one that it is part of.

    A short option may stand in what a variable holds, so whole files are asked.
    """
    kind = rule.match.get("kind")
    if kind not in ("command", "variable"):
        return True
    while source.outer is not None:
        source = source.outer
    if kind == "variable":
        return source.holds(f"(?i:{rule.match['values']})")
    return source.holds(_signs(rule))


def tells_near(rule: Rule, source: Source, start: int, end: int) -> bool:
    """Whether a sign of what a rule looks for stands near a program's name.

    In programs and their like a command is written in one place.
    """
    kind = rule.match.get("kind")
    if kind == "option":
        return (
            _OPTION.search(source.text, max(0, start - _CLOSE), start + 1) is not None
        )
    if kind != "command":
        return True
    signs = compiled(_signs(rule))
    return signs.search(source.text, max(0, start - _NEAR), end + _NEAR) is not None


@lru_cache(maxsize=1024)
def _pattern(flags: tuple[str, ...], said: str) -> str:
    signs = []
    for flag in flags:
        if len(flag) == 2:
            # Behind `:-` it is what a variable stands for without a value.
            before = r"(?:(?<![\w.-])|(?<=:-))"
            signs.append(rf"{before}-[a-zA-Z#]{{0,12}}{re.escape(flag[1])}")
        else:
            short = _SHORTENED.match(flag)
            signs.append(re.escape(short[0] if short else flag))
    words = words_of(said) if said else frozenset()
    if "" in words:
        return ""
    signs += [f"(?i:{re.escape(word)})" for word in sorted(words)]
    return "|".join(signs)


def _signs(rule: Rule) -> str:
    asked = rule.match
    flags = (*asked.get("flags", ()), *asked.get("options", {}))
    return _pattern(flags, asked.get("said", ""))
