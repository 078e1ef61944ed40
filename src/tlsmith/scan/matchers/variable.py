"""`variable`: a variable of the environment is given a value, in whatever syntax.

The anchor is the variable's name. What a rule may say in `match`:

- `values`: a regular expression that the whole value matches, case aside.
- `unless_name`: one that must not be found in the name.
- `like`: one for the name in small letters without punctuation, as `config` has it.
- `code`: whether a program's constant of that name counts as well; else only what it
  puts into an environment does.

Reading, comparing and deleting it is nothing. A value that is another variable is not
known, but for the default it names (`${X:-0}`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from tlsmith.scan.config.node import ITEM, Node
from tlsmith.scan.finding import Edit, Match
from tlsmith.scan.grading import is_loopback
from tlsmith.scan.matchers.config import is_like
from tlsmith.scan.matchers.variable_in_code import given_in_code, may_be_given
from tlsmith.scan.pattern import compiled
from tlsmith.scan.rule import Rule
from tlsmith.scan.shell.program import name_of
from tlsmith.scan.shell.running import words_at
from tlsmith.scan.shell.variables import values_of
from tlsmith.scan.source import Source

_SHELLS = frozenset(["shell", "batch", "powershell"])
_LINES = frozenset(["dockerfile", "make", "ini", "toml", "text"])
_TREES = frozenset(["yaml", "json", "hcl", "xml", "puppet", "nix"])
_READING = re.compile(
    r"(?:\$\{?|%|!|\$\(|\bunset(?:env)?[ \t]+[\w \t]*|-u[ \t]*|unexport[ \t]+)$"
)
_VALUE = re.compile(
    r"""["']?\]?[ \t]*(?:=>|(?:\+|::?|\?)?=(?![=~])|:(?![:=]))[ \t]*"""
    r"""(?P<value>\\?"(?:[^"\\\n]|\\.)*?\\?"|'[^'\n]*'|\$\{\{[^}\n]*\}\}|[^\s,;&|)}\]"'<#]*)"""
)
_SPACED = re.compile(r"""[ \t]+(?P<value>"[^"\n]*"|'[^'\n]*'|[^\s;&|#]+)""")
_SETTING = re.compile(
    r"(?i)(?:\bENV|\bARG|\bsetx|\bsetenv|\bset[ \t]+-\w+|\bset[ \t]+--export|\bset|"
    r"config(?:[ \t]|:)set|\bputenv)[ \t]+$"
)
_TOLD = re.compile(
    r"(?i)(?:\bsetx[ \t]+[\"']?|SetEnvironmentVariable\([ \t]*[\"']|Set-Item\b.*)$"
)
_FOLLOWING = re.compile(
    r"""["']?[ \t]*,?[ \t]*(?:-Value[ \t]+)?"""
    r"""(?P<value>"[^"\n]*"|'[^'\n]*'|[\w$.*]+)"""
)
_DEFAULTED = re.compile(r":?=(?P<value>[^}\n]*)\}")
"""Behind `${NAME`: the shell gives it to the variable where it has none."""
_DEFAULT = re.compile(r"\$\{\w+:?[-=](?P<value>[^}]*)\}?")
_TALKING = frozenset(
    [
        "echo", "printf", "grep", "egrep", "fgrep", "rg", "ag", "ack", "sed", "awk",
        "gawk", "perl", "test", "[", "[[", "logger", "log", "die", "warn", "error",
        "fail", "fatal", "info", "debug", "note", "print", "say", "abort", "usage",
        "cat", "git", ":", "read", "case", "ruby", "git-grep", "find", "jq", "yq",
        "unset", "logger_info", "write-host", "write-output",
    ]
)  # fmt: skip
_SETTERS = frozenset(["set", "setenv", "setx", "export", "launchctl"])
_PIPELINE = re.compile(r"(?:;[\w=;]*)?\](?P<value>[\w.-]*)")
"""Behind `##vso[task.setvariable variable=NAME`, by which a step of Azure sets one."""
_XML = re.compile(
    r"""["'][^<>]*?\bvalue\s*=\s*(?P<value>"[^"]*"|'[^']*')|>\s*(?P<plain>[^<>\s]*)\s*<"""
)


_NO_SETTING = re.compile(
    r"\s*(?:\#|;|//|--\s|if(?:n?eq|n?def)\b|\.PHONY|LABEL\b|[\w-]*words?\b)", re.I
)
_SAYING = re.compile(
    r"(?i)\$\((?:error|warning|info)\b|\b(?:description|regex|pattern|message|note|title"
    r"|summary|comment|help|forbid\w*|deny\w*|match)[\"']?\s*[=:]"
)
_SEARCHING = re.compile(r"\b(?:[efz]?grep|rg|ag|ack|sed|perl|ruby)\b")
_PAIRS = re.compile(r"(?:[A-Za-z_]\w*=\S*\s*)+")
_LIST_OF_TEXTS = re.compile(
    r"(?i)words?$|pattern|regex|match|exclude|include|forbid|deny|tags|labels|paths|note"
    r"|ignore|hint|example|^(?:name|title|description|summary|message)$"
)


class Given(NamedTuple):
    """A value that is given: its text, and where it stands in the source."""

    text: str
    start: int
    end: int


def match(rule: Rule, source: Source, start: int, end: int) -> Iterable[Match]:
    """Where the variable at an anchor is given one of the values."""
    values = f"(?i:{rule.match['values']})"
    name = source.language.name
    in_code = name not in _SHELLS | _LINES | _TREES
    if not _is_meant(rule.match, source, start, end):
        return
    # Most files hold none of the rarer values: they need not be cut up.
    if not source.holds(values) or (in_code and not may_be_given(rule, source)):
        return
    if source.zone(start) == "comment":
        return
    wanted = compiled(values)
    told = _PIPELINE.match(source.text, end)
    if told and source.text.endswith("variable=", max(0, start - 40), start):
        if wanted.fullmatch(told["value"]):
            yield Match(start, told.end())
        return
    if in_code:
        yield from given_in_code(rule, source, start, end)
        return
    for given in _given(source, start, end):
        text = _known(given.text)
        if text is None and name == "shell":
            text = next(iter(values_of(given.text.strip("\"'"), source) or ()), None)
        if text is not None and wanted.fullmatch(text):
            low, high = min(start, given.start), max(end, given.end)
            target = text if is_loopback(text) else None
            yield Match(low, high, target=target, edits=_edits(rule, source, given))


def _is_meant(asked: Mapping[str, Any], source: Source, start: int, end: int) -> bool:
    """Whether an anchor is a variable's name, one that a rule means."""
    if source.language.name == "prose" or not _is_whole(source.text, start, end):
        return False
    lacks = asked.get("unless_name")
    if lacks and compiled(lacks).search(source.text, start, end):
        return False
    return "like" not in asked or is_like(asked["like"], source.text[start:end])


def _is_whole(text: str, start: int, end: int) -> bool:
    """Whether the anchor is a name of its own, and not read."""
    if re.match(r"[\w-]", text[end : end + 1]) or re.match(
        r"\w", text[start - 1 : start]
    ):
        return False
    before = text[max(0, start - 60) : start].rpartition("\n")[2]
    if before.endswith("${") and _DEFAULTED.match(text, end):
        return True
    return _READING.search(before) is None or before.endswith("$env:")


def _given(source: Source, start: int, end: int) -> Iterator[Given]:
    name = source.language.name
    if name in _SHELLS:
        yield from _in_shell(source, start, end)
    elif name in _TREES:
        yield from _in_tree(source, start, end)
    else:
        yield from _in_line(source, start, end)


def _in_line(source: Source, start: int, end: int) -> Iterator[Given]:
    text = source.text
    line_start, line_end = source.line_bounds(source.position(start)[0])
    before = text[line_start:start]
    if _NO_SETTING.match(before) or _SAYING.search(before):
        return
    if source.language.name in ("dockerfile", "make") and _is_run(source, before):
        return  # a command, which is a part of its own
    found = _VALUE.match(text, end, line_end)
    if found and source.language.name == "dockerfile" and _is_empty(text, end):
        found = None
    elif found is None and _SETTING.search(before):
        found = _SPACED.match(text, end, line_end)
    if found:
        yield _stripped(found["value"], found.start("value"))


def _is_empty(text: str, end: int) -> bool:
    """Whether nothing stands behind `NAME=`, but another variable may."""
    return text[end : end + 1] == "=" and text[end + 1 : end + 2] in (" ", "\t", "")


def _is_run(source: Source, before: str) -> bool:
    if source.language.name == "make":
        return before.startswith("\t") or bool(re.match(r"[^=]*:[^=]*;", before))
    return bool(
        re.match(r"(?i)\s*(?:ONBUILD\s+)?(?:RUN|CMD|ENTRYPOINT|HEALTHCHECK)\b", before)
    )


def _in_tree(source: Source, start: int, end: int) -> Iterator[Given]:
    from tlsmith.scan.config.reading import documents

    settings = documents(source)
    keys = settings.keys_at(start)
    inside = bool(keys) and keys[0][0].name != source.path
    for _, node in settings.values_at(start) if not inside else ():
        if not node.children:
            yield from _as_value(source, node, start, end)
            return
    for _, node in keys:
        if node.value_start >= 0 and not node.children:
            yield Given(node.value.strip(), node.value_start, node.end)
        yield from _beside(node)
        return
    if source.language.name == "xml":
        found = _XML.match(source.text, end)
        if found:
            group = "value" if found["value"] is not None else "plain"
            yield _stripped(found[group], found.start(group))
    elif source.language.name in ("puppet", "nix", "hcl"):
        yield from _in_line(source, start, end)


def _as_value(source: Source, node: Node, start: int, end: int) -> Iterator[Given]:
    """`name: NAME` with a `value` beside it, or an entry `NAME=value` of a list."""
    value = node.value.strip()
    if value == source.text[start:end] and node.parent is not None:
        yield from _beside(node.parent)
        return
    whole = source.language.name == "yaml" or source.text[start - 1] in "\"'"
    if whole and _PAIRS.fullmatch(value) and not _is_text(node):
        yield from _in_line(source, start, end)


def _beside(holder: Node) -> Iterator[Given]:
    for child in holder.children:
        if child.key.lower() in ("value", "default") and child.value_start >= 0:
            yield Given(child.value.strip(), child.value_start, child.end)


def _is_text(node: Node) -> bool:
    """Whether an entry stands in a list of texts that are looked for."""
    holder = node if node.key != ITEM or node.parent is None else node.parent
    if _LIST_OF_TEXTS.search(holder.key):
        return True
    beside = holder.children
    before = beside[beside.index(node) - 1].value if node in beside[1:] else ""
    if before == "-e":  # of grep; `docker run` has another
        return any(_SEARCHING.search(one.value) for one in beside)
    return bool(re.match(r"--?(?:pattern|regexp?|grep|match)", before))


def _in_shell(source: Source, start: int, end: int) -> Iterator[Given]:
    if source.language.name != "shell":
        yield from _in_windows(source, start, end)
        return
    name = source.text[start:end]
    default = _DEFAULTED.match(source.text, end)
    if default and source.text[start - 2 : start] == "${":
        yield _stripped(default["value"], default.start("value"))
        return
    for command, word in words_at(source, start):
        program = name_of(command.words[0].text) if command.words else ""
        if word.text == name and program in _SETTERS:
            yield from _next_word(command.words, word)
        elif word in command.assignments or program not in _TALKING:
            at = word.text.find(name)
            rest = word.text[at + len(name) :]
            ready = not re.search(r"\s", word.text[:at]) and at >= 0
            if ready and re.match(r"\+?=(?![=~])", rest):
                value = rest.partition("=")[2]
                value = value if at == 0 else re.split(r"[,;\s]", value)[0]
                yield Given(value, start, word.end)


def _next_word(words: list, word: object) -> Iterator[Given]:  # type: ignore[type-arg]
    at = words.index(word) + 1
    if at < len(words):
        yield Given(words[at].text, words[at].start, words[at].end)


def _in_windows(source: Source, start: int, end: int) -> Iterator[Given]:
    text = source.text
    line_start, line_end = source.line_bounds(source.position(start)[0])
    before = text[line_start:start]
    if re.match(r"(?i)\s*(?:echo|write-host|write-output|rem|::|#|if\b)", before):
        return
    found = _VALUE.match(text, end, line_end)
    if found and not found["value"] and source.language.name == "batch":
        return  # `set NAME=` takes it out
    if found is None and _TOLD.search(before):
        found = _FOLLOWING.match(text, end, line_end)
    if found:
        yield _stripped(found["value"], found.start("value"))


def _stripped(value: str, start: int) -> Given:
    end = start + len(value)
    text = value.replace('\\"', '"').strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        text = text[1:-1]
    return Given(text.strip(), start, end)


def _known(text: str) -> str | None:
    """A value without the variable around it; None if it is not known."""
    text = text.strip().strip("\"'")
    default = _DEFAULT.fullmatch(text)
    if default:
        return default["value"].strip("\"'")
    if text.lower() in ("$true", "$false"):  # PowerShell's
        return text[1:]
    return None if re.match(r"[$%{<]", text) else text


def _edits(rule: Rule, source: Source, given: Given) -> tuple[Edit, ...]:
    value = rule.rewrite.get("value")
    if value is None:
        return ()
    written = source.text[given.start : given.end]
    at = written.rfind(given.text)
    if at < 0 or not given.text or given.text.startswith("$"):
        return ()
    start = given.start + at
    return (Edit(start, start + len(given.text), value),)
