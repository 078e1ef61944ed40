"""`flag`: an option that means one thing whatever the program, in scripts.

The anchor is the option. It is a word of a command, or among the options that a
variable holds: those begin with an option, so that sentences about one are none, and
the name of the variable does not say that it is a text to be read. What a rule may say
in `match`:

- `kept`: a regular expression for options that are looked for in variables alone.
- `beside_url`: one for options that count only where a command names a URL with TLS or
  another machine's port, or says what clients do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from tlsmith.scan.finding import Match
from tlsmith.scan.matchers.command import goes_plain, is_unset
from tlsmith.scan.pattern import compiled
from tlsmith.scan.rule import Rule
from tlsmith.scan.shell.command import Command, Word
from tlsmith.scan.shell.program import name_of
from tlsmith.scan.shell.running import words_at
from tlsmith.scan.source import Source

_ASSIGNED = re.compile(
    r"(?:^|[;&|\s])(?P<name>[A-Za-z_]\w*)\+?=(?P<quote>[\"'])[ \t]*"
    r"(?:\$\{?\w+\}?[ \t]+)?(?=-)[^\"'\n]*$"
)
_MAKE_VARIABLE = re.compile(
    r"(?:export[ ]+)?(?P<name>\w*(?:OPTS?|OPTIONS|FLAGS|ARGS))[ \t]*[:?+]{0,2}="
    r"[ \t]*(?:-\S+[ \t]+)*-$",
    re.I,
)
_TOLD = re.compile(r"(?i)help|usage|msg|message|desc|text|note|hint|warn|error|doc")
TALKING = re.compile(
    r"(?i)echo|printf|e?grep|rg|ag|ack|sed|awk|test|\[\[?|log\w*|die|warn\w*|err\w*|info"
    r"|fail|fatal|debug|note|print|say|usage|case|complete|compgen|assert\w*|expect\w*|:"
    r"|for|select|contains|has|\w*_?opts?|getopts?|args|set|return|unset|typeset|argparse"
)
_OWN_RULES = re.compile(r"curl|wget2?|run|npx|timeout")
_TLS = re.compile(
    r"(?:-[\w-]+=)?[\"']?(?:https|wss|ldaps|grpcs|amqps|mqtts|imaps)://", re.I
)
_ADDRESS = re.compile(
    r"(?:-[\w-]+=)?(?!localhost\b|127\.)[\w-]+(?:\.[\w-]+)+:\d{2,5}\b"
)
"""Another machine's port."""
_OF_CLIENTS = re.compile(
    r"login|log-in|logon|signin|pull|push|get|list|ls|status|whoami|enroll|register|fetch"
    r"|upload|download|sync|query|describe|scan|connect|submit|image|target|configure"
)
"""What a client is told to do, and a server is not."""
_KEY_TOOLS = re.compile(r"step(?:-cli)?")
"""Programs to which `--insecure` says that a key needs no password."""
_SPACED = re.compile(r"[ ]{2}")
_UNSET = re.compile(r"[= ](?:false|no|0|off)\b", re.I)


def match(rule: Rule, source: Source, start: int, end: int) -> Iterable[Match]:
    """The option at an anchor, if a command or a variable is given it."""
    unset = _UNSET.match(source.text, end) and "=" not in source.text[start:end]
    if unset or is_code(source) or source.text[start - 1 : start] == "-":
        return
    if source.zone(start) == "comment":
        return
    kept = rule.match.get("kept")
    given = not (kept and compiled(kept).fullmatch(source.text, start, end))
    url = rule.match.get("beside_url")
    if url and compiled(url).fullmatch(source.text, start, end):
        if _is_given(source, start, end, to_url=True):
            yield Match(start, end)
        return
    if source.language.name != "shell":
        given = False
    if is_kept(source, start, end) or (given and _is_given(source, start, end)):
        yield Match(start, end)


def is_code(source: Source) -> bool:
    """Whether it stands in a program, where such words are what is parsed as well.

    Groovy's are pipelines, whose steps are scripts.
    """
    while source.outer is not None:
        source = source.outer
    return bool(source.language.imports) and source.language.name != "groovy"


def is_kept(source: Source, start: int, end: int) -> bool:
    first, last = source.line_bounds(source.position(start)[0])
    before = source.text[first : start + 1]
    found = _ASSIGNED.search(before)
    if found is None and source.language.name == "make":
        bare = _MAKE_VARIABLE.match(before)
        return bare is not None and not _TOLD.search(bare["name"])
    if found is None or _TOLD.search(found["name"]):
        return False
    stop = source.text.find(found["quote"], end, last)
    text = source.text[first + found.end("quote") : stop if stop >= 0 else last]
    return not _SPACED.search(text.strip()) and "--help" not in text.split()


def _is_given(source: Source, start: int, end: int, *, to_url: bool = False) -> bool:
    """Whether it is a whole word of a command, behind its program."""
    for command, word in words_at(source, start):
        if word.offset(0) == start and is_option(command, word, end - start):
            told = word.text[end - start :]
            if told and is_unset(told[1:], source):
                return False
            return not to_url or _goes_to_url(command)
        if not to_url and _is_behind(word, start, end):
            program = name_of(command.words[0].text)
            return word in command.words[1:] and not TALKING.fullmatch(program)
    return False


_BEHIND_VARIABLE = re.compile(r"\$\{?\w+\}?(?:[ ]+-\S+)*[ ]+")
"""A command that a variable holds, with options: `"$join --insecure-tls"`."""


def _is_behind(word: Word, start: int, end: int) -> bool:
    """Whether an option ends a word that begins with what a variable holds."""
    at = start - word.offset(0)
    length = at + end - start
    return (
        word.quoted
        and length == len(word.text)
        and (_BEHIND_VARIABLE.fullmatch(word.text, 0, at) is not None)
    )


def _goes_to_url(command: Command) -> bool:
    """Whether a command is a client's, and no other rule knows its options."""
    program, *words = command.words
    name = name_of(program.text)
    if _OWN_RULES.fullmatch(name):
        return False
    if any(_TLS.match(word.text) or _ADDRESS.match(word.text) for word in words):
        return True
    return not _KEY_TOOLS.fullmatch(name) and any(
        _OF_CLIENTS.fullmatch(word.text) for word in words[:3]
    )


def is_option(command: Command, word: Word, length: int) -> bool:
    if word not in command.words[1:] or word.text[length : length + 1] not in ("", "="):
        return False
    program = command.words[0].text
    if goes_plain(command):
        return False
    return program[:1] != "-" and not TALKING.fullmatch(name_of(program))
