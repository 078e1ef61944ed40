"""Variables of an environment, each judged by itself and told without the others."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

from tlsmith.scan.examine import Examiner
from tlsmith.scan.finding import Finding
from tlsmith.scan.grading import distinct
from tlsmith.scan.judge import judge
from tlsmith.scan.language import language_of, languages
from tlsmith.scan.rule import Rule
from tlsmith.scan.runtime.asking import is_asked
from tlsmith.scan.runtime.masking import masked, reason_without_secrets
from tlsmith.scan.source import Source

ENVIRONMENT = "environment"
"""The language of what only a running environment shows; no file is read as it."""

_PATH = ".env"
_GIT_PATH = ".gitconfig"
_NAME = re.compile(r"[A-Za-z_][\w.-]*")
_GIT_NAME = re.compile(r"GIT_CONFIG_(?:PARAMETERS|VALUE_\d+)")
_PROSE = re.compile(r"(?i).*_(?:message|description|title|subject|body|notes?|summary)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")
_GIT_KEY = re.compile(r"(?P<section>[\w-]+)\.(?:(?P<of>.*)\.)?(?P<name>[\w-]+)")
_GIT_GIVEN = re.compile(r"'(?P<key>[^'=]+)(?:'=')?=?(?P<value>[^']*)'")
_MOST_OF_GIT = 1000
_LONGEST = 1 << 17
_WIDEST = 120
_PLAIN = re.compile(r"[\w-]{0,8}")


class Variables:
    """Judges variables.

    Args:
        rules: What to ask.
        examiner: Knows which of them may concern a text.
    """

    def __init__(self, rules: Sequence[Rule], examiner: Examiner) -> None:
        self._titles = {rule.id: rule.title for rule in rules}
        self._kinds = {rule.id: rule.match.get("kind") for rule in rules}
        self._candidates = examiner.candidates
        # Processes have most variables in common.
        self._judged = lru_cache(maxsize=8192)(self._judge)

    def findings(
        self, environment: Mapping[str, str], notes: Mapping[str, str]
    ) -> Iterator[tuple[str, Finding]]:
        """Each finding with the name of its variable, in order of name.

        Args:
            notes: What is to be known beside the values, by name.
        """
        for name in sorted(environment):
            if not _NAME.fullmatch(name) or _GIT_NAME.fullmatch(name):
                continue
            if _PROSE.fullmatch(name):  # pipelines have a commit's words in one
                continue
            value = environment[name][:_LONGEST]
            yield from (
                (name, one) for one in self._judged(name, value, notes.get(name, ""))
            )
        yield from self._of_git(environment)

    def titled(self, finding: Finding, place: str) -> str:
        """The message of a finding, with where it is after its title."""
        title = self._titles[finding.rule]
        what = finding.message.removeprefix(title).lstrip(". ")
        return f"{title}. {place}. {what}"

    def _judge(self, name: str, value: str, note: str) -> tuple[Finding, ...]:
        line = f"{name}={_CONTROL.sub(' ', value)}"
        found = self._asked(Source(_PATH, line, language_of(_PATH)))
        noted = f"{line} # {note}" if note else line
        found += self._asked(Source(_PATH, noted, languages()[ENVIRONMENT]))
        told: dict[tuple[str, str], Finding] = {}
        for one in distinct(found):
            if one.start > 0 and self._kinds[one.rule] == "variable":
                continue  # a variable that another one's value tells of
            whole = noted if note and one.end > len(line) else line
            shown = _shown(one, whole, len(name) + 1)
            told.setdefault((shown.rule, shown.snippet), shown)
        return tuple(told.values())

    def _of_git(self, environment: Mapping[str, str]) -> Iterator[tuple[str, Finding]]:
        """What variables set of git's configuration, judged as its files are."""
        for name, written, value in git_settings(environment):
            key = _GIT_KEY.fullmatch(written)
            if key is None:
                continue
            plain = _CONTROL.sub(" ", value)
            of = f' "{key["of"]}"' if key["of"] else ""
            text = f"[{key['section']}{of}]\n\t{key['name']} = {plain}"
            for one in self._asked(Source(_GIT_PATH, text, language_of(_GIT_PATH))):
                yield name, _shown_whole(one, f"{key[0]}={plain}")

    def _asked(self, source: Source) -> list[Finding]:
        data = source.text.encode("utf-8", "surrogateescape")
        rules = self._candidates.of(data, lambda: source.language.name)
        if source.language.name == ENVIRONMENT:
            rules = [rule for rule in rules if ENVIRONMENT in rule.languages]
        else:
            rules = [rule for rule in rules if is_asked(rule)]
        return judge(source, rules) if rules else []


def git_settings(environment: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Each setting of git that variables hold: the variable, the key, the value."""
    count = environment.get("GIT_CONFIG_COUNT", "")
    for number in range(min(int(count), _MOST_OF_GIT) if count.isdecimal() else 0):
        name = f"GIT_CONFIG_VALUE_{number}"
        if name in environment:
            key = environment.get(f"GIT_CONFIG_KEY_{number}", "")
            yield name, key, environment[name]
    given = environment.get("GIT_CONFIG_PARAMETERS", "")  # what `git -c` hands on
    for found in _GIT_GIVEN.finditer(given):
        yield "GIT_CONFIG_PARAMETERS", found["key"], found["value"]


def _shown(finding: Finding, line: str, first: int) -> Finding:
    """A finding that shows the variable's name and what is wrong in its value.

    Args:
        line: The variable and its value.
        first: Where its value begins.
    """
    start, end = max(finding.start, first), max(finding.end, first)
    if start == end and _PLAIN.fullmatch(line, first):  # the name alone was meant
        end = len(line)
    piece = masked(line[start:end])
    piece = piece if len(piece) <= _WIDEST else f"{piece[:_WIDEST]}..."
    before = line[:first] + ("..." if start > first else "")
    after = "..." if end < len(line) else ""
    begin = 0 if finding.start < first else len(before)
    return _placed(finding, f"{before}{piece}{after}", begin, len(before) + len(piece))


def _shown_whole(finding: Finding, text: str) -> Finding:
    text = masked(text)[:_WIDEST]
    return _placed(finding, text, 0, len(text))


def _placed(finding: Finding, snippet: str, start: int, end: int) -> Finding:
    """A finding in a text of one line, which nobody can edit."""
    return replace(
        finding,
        snippet=snippet,
        line=1,
        end_line=1,
        column=start + 1,
        end_column=max(end, start + 1) + 1,
        start=start,
        end=end,
        edits=(),
        suppressed=None,
        reason=reason_without_secrets(finding.reason),
    )
