"""Command lines and functions of a shell, judged, and told by the flag alone."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

from tlsmith.scan.examine import Examiner
from tlsmith.scan.finding import Finding
from tlsmith.scan.judge import judge
from tlsmith.scan.language import languages
from tlsmith.scan.rule import Rule
from tlsmith.scan.runtime.asking import is_asked
from tlsmith.scan.runtime.masking import masked, reason_without_secrets
from tlsmith.scan.source import Source

_PATH = "process.sh"
_INTERPRETER = re.compile(
    r"(?:python|pypy|node|nodejs|deno|bun|ruby|perl|php|bash|dash|sh|zsh|ksh)[\d.]*"
)
_FUNCTION = re.compile(r"BASH_FUNC_([\w.-]+)(?:%%|\(\))")
_OPTIONS = re.compile(r"([A-Z0-9]+)_(?:OPTS|OPTIONS|ARGS|FLAGS)")
_PROGRAMS = {"MAVEN": "mvn", "KUBE": "kubectl"}
_SHELL = re.compile(r"(?:ba|da|z|k|a|fi)?sh")
_RUNS_SCRIPT = re.compile(r"-[a-z]*c")
_CLUSTER = re.compile(r"-(?P<letters>[A-Za-z0-9#]{2,}).*", re.DOTALL)
_ENDING = re.compile(r"(?:-cli)?\.(?:c?js|mjs|py|rb|pl|php|sh)$")
_COMMAND = re.compile(r"[\w.+-]{0,32}")
_BEFORE = re.compile(r"[\w.+-]{1,32}\Z")
_WIDEST = 60
_LONGEST = 1 << 16
_MOST_WORDS = 2


class Commands:
    """Judges command lines.

    Args:
        examiner: Knows which rules may concern a text.
    """

    def __init__(self, examiner: Examiner) -> None:
        self._candidates = examiner.candidates
        self._judged = lru_cache(maxsize=2048)(self._judge)
        self._judged_options = lru_cache(maxsize=2048)(self._judge_options)

    def findings(self, words: Sequence[str]) -> tuple[Finding, ...]:
        """What is found in a command line, each with the flag and no other word."""
        return self._judged(tuple(words))

    def of_functions(
        self, environment: Mapping[str, str]
    ) -> Iterator[tuple[str, Finding]]:
        """What is found in the functions that bash gives on, each with its name."""
        for name in sorted(environment):
            function = _FUNCTION.fullmatch(name)
            if function:
                text = f"{function[1]} {environment[name]}"
                yield from ((function[1], one) for one in self._in(function[1], text))

    def of_options(
        self, environment: Mapping[str, str]
    ) -> Iterator[tuple[str, Finding]]:
        """What is found in options that programs take from variables: ARGOCD_OPTS."""
        for name in sorted(environment):
            options = _OPTIONS.fullmatch(name)
            if options and "-" in environment[name]:
                program = _PROGRAMS.get(options[1], options[1].lower())
                text = f"{program} {environment[name]}"
                yield from ((name, one) for one in self._judged_options(program, text))

    def _judge_options(self, program: str, text: str) -> tuple[Finding, ...]:
        return tuple(self._in(program, text))

    def _judge(self, words: tuple[str, ...]) -> tuple[Finding, ...]:
        found: list[Finding] = []
        for program, text in _texts(words):
            known = {one.rule for one in found}  # the same words, read in another way
            told = {
                (one.rule, one.snippet): one
                for one in self._in(program, text)
                if one.rule not in known
            }
            found += told.values()
        return tuple(found)

    def _in(self, program: str, text: str) -> Iterator[Finding]:
        if len(text) > _LONGEST:
            return
        rules = self._rules(text)
        for one in judge(_source(text), rules) if rules else ():
            yield _told(one, program, text, rules)

    def _rules(self, text: str) -> list[Rule]:
        data = text.encode("utf-8", "surrogateescape")
        return [
            rule
            for rule in self._candidates.of(data, lambda: "shell")
            if is_asked(rule)
        ]


def _source(text: str) -> Source:
    return Source(_PATH, text, languages()["shell"])


def _texts(words: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Each program of a command line, with what a shell would have been told."""
    if not words or not words[0]:
        return
    program = os.path.basename(words[0]).lstrip("-")
    if _SHELL.fullmatch(program) and len(words) > 2:
        for place in range(1, len(words) - 1):
            if _RUNS_SCRIPT.fullmatch(words[place]):
                yield program, words[place + 1]
                return
    yield program, shlex.join([program, *words[1:]])
    rest = words[2:] if words[1:2] == ("-m",) else words[1:]
    if _INTERPRETER.fullmatch(program) and rest and not rest[0].startswith("-"):
        script = _ENDING.sub("", os.path.basename(rest[0]))
        yield script, shlex.join([script, *rest[1:]])


def _told(finding: Finding, program: str, text: str, rules: Sequence[Rule]) -> Finding:
    """A finding that shows the program and the words that are wrong, nothing else."""
    words = list(re.finditer(r"\S+", text[finding.start : finding.end]))
    if len(words) > 1 and words[0][0] == program:
        words = words[1:]
    if len(words) > _MOST_WORDS:
        words = [words[0], words[-1]]
    rule = next(rule for rule in rules if rule.id == finding.rule)
    shown = " ".join(
        _safe(word[0], finding.start + word.start(), text, rule) for word in words
    )
    head = f"{_named(finding, program, text, rule)} ... "
    return replace(
        finding,
        snippet=f"{head}{shown}",
        line=1,
        end_line=1,
        column=len(head) + 1,
        end_column=len(head) + len(shown) + 1,
        edits=(),
        suppressed=None,
        reason=reason_without_secrets(finding.reason),
        start=len(head),
        end=len(head) + len(shown),
    )


def _named(finding: Finding, program: str, text: str, rule: Rule) -> str:
    """The program, and the command that it runs where that is another."""
    names = [found.end() for found in rule.pattern.finditer(text, 0, finding.start)]
    if not names:
        return program
    command = _COMMAND.match(text, names[-1])
    start = _BEFORE.search(text, 0, names[-1])
    name = (start[0] if start else "") + (command[0] if command else "")
    return program if name in ("", program) else f"{program}: {name}"


def _safe(word: str, start: int, text: str, rule: Rule) -> str:
    """A word without what must not be told: in `-kuname:password` only `-k` is said."""
    cluster = _CLUSTER.fullmatch(word)
    if cluster is None:
        word = masked(word)
        return word if len(word) <= _WIDEST else f"{word[:_WIDEST]}..."
    before, after = text[:start], text[start + len(word) :]
    for letter in cluster["letters"]:
        if judge(_source(f"{before}-{letter}{after}"), [rule]):
            return f"-{letter}"
    return f"-{cluster['letters'][0]}..."
