"""`option`: an option, or a setting on a command line, by what its name is like.

Programs beyond counting have one: `--tls-allow-insecure`,
`-disableHttpsCertValidation`, `/TrustServerCertificate:True`,
`config set core.ssl_verify false`. What a rule may say in `match`, each a regular
expression for names in small letters without punctuation:

- `on`: those that do it alone, or with a value that is true.
- `told`: those that do it only where they are told a value that is true.
- `off`: those that do it with a value that is false.

The anchor is in the name. A variable that holds options is looked into as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tlsmith.scan.finding import Match
from tlsmith.scan.matchers.command import goes_plain
from tlsmith.scan.matchers.config import is_like
from tlsmith.scan.matchers.flag import TALKING, is_code, is_kept
from tlsmith.scan.rule import Rule
from tlsmith.scan.shell.command import Command, Word
from tlsmith.scan.shell.program import name_of
from tlsmith.scan.shell.running import words_at
from tlsmith.scan.source import Source

_NAMED = re.compile(
    r"(?P<name>[-/]{0,2}[A-Za-z][\w.:-]*?)(?:[=:](?P<value>[^\s,;:=]+))?(?=[,;]|\Z)"
)
_PIECES = re.compile(r"(?<=,)")
_TRUE = re.compile(r"(?i)[\"']?\$?(?:true|1|yes|on|y)[\"']?")
_FALSE = re.compile(
    r"(?i)[\"']?\$?(?:false|0|no|off|n|none|never|ignore|:?(?:ssl_)?verify_none)[\"']?"
)
_SETTING = re.compile(
    r"(?i)(?:[\w-]+:)*(?:set|config|configure|conf|setconf|put|update|modify)(?:[:_-]\w+)*"
)
_OWN_RULES = re.compile(r"git|curl|wget2?|mpv")
"""Programs whose options are told by rules of their own, or verify nothing unasked."""
_VALUE = re.compile(r"--?value(?:=(?P<value>.*))?")
_KEPT = re.compile(r"(?P<name>-{1,2}[A-Za-z][\w.-]*)(?:[= ](?P<value>[\w$]+))?")


class _Said(NamedTuple):
    """A name with the value it is given, and the offset behind both."""

    name: str
    value: str | None
    end: int


def match(rule: Rule, source: Source, start: int, end: int) -> Iterable[Match]:
    """The option, or the setting, whose name an anchor is part of."""
    if is_code(source) or source.zone(start) == "comment":
        return
    for command, word in words_at(source, start):
        if source.outer is None and command.words[:1] == [word]:
            continue
        said = _said_in(command, word, start)
        if said and _is_wrong(rule, said) and not goes_plain(command):
            yield Match(word.start, said.end)
            return
    yield from _kept(rule, source, start)


def _is_wrong(rule: Rule, said: _Said) -> bool:
    """Whether a rule names such an option with such a value."""
    asked, name, value = rule.match, said.name, said.value
    if value is not None and _FALSE.fullmatch(value):
        return is_like(asked["off"], name)
    if value is not None and not _TRUE.fullmatch(value):
        return False
    return is_like(asked["on"], name) or (
        value is not None and is_like(asked["told"], name)
    )


def _said_in(command: Command, word: Word, offset: int) -> _Said | None:
    """What a command's word says at an offset, if the command is given it."""
    words = command.words
    # Arguments that a list of settings holds stand there without their program.
    name = name_of(words[0].text) if words and words[0].text[:1] != "-" else ""
    if not any(word is one for one in words[1 if name else 0 :]):
        return None
    if TALKING.fullmatch(name) or _OWN_RULES.fullmatch(name):
        return None
    at = 0
    for piece in _PIECES.split(word.text):
        found = _NAMED.match(piece)
        if found and word.offset(at + found.start("name")) <= offset < word.offset(
            at + found.end("name")
        ):
            return _with_value(command, word, found)
        at += len(piece)
    return None


def _with_value(command: Command, word: Word, found: re.Match[str]) -> _Said | None:
    """A name with its value, which may be the word behind it."""
    name, value = found["name"], found["value"]
    at = command.words.index(word)
    behind = command.words[at + 1 : at + 3]
    if value is not None:
        # `"use_ssl:true,verify_certs:false"` is several settings in one word.
        known = name[:1] in "-/" or "=" in found[0] or "," in word.text
        return _Said(name.lstrip("-/"), value, word.end) if known else None
    if name[:1] == "-":
        return _option(name.lstrip("-"), word, behind)
    if behind and _is_setting(command.words[:at]):
        return _setting(name, behind)
    return None


def _option(name: str, word: Word, behind: Sequence[Word]) -> _Said:
    if behind and (_TRUE.fullmatch(behind[0].text) or _FALSE.fullmatch(behind[0].text)):
        return _Said(name, behind[0].text, behind[0].end)
    return _Said(name, None, word.end)


def _setting(name: str, behind: Sequence[Word]) -> _Said:
    """What the words behind a name set it to: `no`, `--value=no`, `--value no`."""
    if told := _VALUE.fullmatch(behind[0].text):
        last = behind[-1] if told["value"] is None else behind[0]
        return _Said(name, told["value"] or last.text, last.end)
    return _Said(name, behind[0].text, behind[0].end)


def _is_setting(words: Sequence[Word]) -> bool:
    return any(_SETTING.fullmatch(word.text) for word in words[1:])


def _kept(rule: Rule, source: Source, start: int) -> Iterable[Match]:
    """The option at an anchor, where it is among those that a variable holds."""
    first = source.line_bounds(source.position(start)[0])[0]
    space = max(source.text.rfind(mark, first, start) for mark in " \t\"'=")
    found = _KEPT.match(source.text, space + 1)
    if found is None or found.end("name") <= start:
        return
    said = _Said(found["name"].lstrip("-"), found["value"], found.end())
    if said.value and not (_TRUE.fullmatch(said.value) or _FALSE.fullmatch(said.value)):
        said = _Said(said.name, None, found.end("name"))
    if _is_wrong(rule, said) and is_kept(source, found.start(), found.end("name")):
        yield Match(found.start(), said.end)
