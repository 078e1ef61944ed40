"""`command`: a program is run with arguments that switch verification off.

The anchor is the program's name. What a rule may say in `match`:

- `program`: a regular expression that the whole name matches.
- `flags`: options that do it, `-k` within `-sSk` as well; `=false` behind one is none.
- `valued`: letters of the short options that take a value; `takes`: the long ones.
- `options`: options that do it with some values: a regular expression for each.
- `said`: one that is searched in the arguments, which a line break separates.
- `when`, `unless`: ones that must be found there, or must not.
- `encrypted`: whether it does no harm where every URL is one of plain HTTP.
- `follows`: whether it goes where it is sent, to HTTPS as well, without being told.
- `abbreviated`: whether long options may be cut short.
- `answered`: only where something is said to the other end, or its answer is trusted.

Arguments are followed into the variables that hold them; what is wrong there is found
where it is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

from tlsmith.scan.finding import Edit, Match
from tlsmith.scan.grading import is_loopback
from tlsmith.scan.parts.telling import may_tell
from tlsmith.scan.pattern import compiled
from tlsmith.scan.rule import Rule
from tlsmith.scan.shell.answered import is_answered
from tlsmith.scan.shell.command import Command, Word
from tlsmith.scan.shell.program import arguments as given_to
from tlsmith.scan.shell.running import given_what_is_at, running_at
from tlsmith.scan.shell.variables import Held, held_by, set_where, values_of
from tlsmith.scan.source import Source

_OFF = re.compile(r"(?:false|no|off|0|f|n)\b", re.I)
_URL = re.compile(r"^[\"']?([a-z][a-z0-9+.-]*)://", re.I | re.M)
_FOLLOWS = re.compile(r"^(?:-[a-zA-Z]{0,12}L|--location)", re.M)
"""curl's option for going where it is sent, which may well be HTTPS."""
_LOCAL = re.compile(r"^[\"']?http://(?:localhost|127\.|\[::1\])", re.M)
_CONTINUED = re.compile(r"[ \t]*\\\r?\n(?P<indent>[ \t]*)$")
_REST_OF_LINE = re.compile(r"[ \t]*(?P<continued>\\)?(?:\r?\n|\Z)")
_FAR = 200
_TARGET = re.compile(r"\b[a-z][a-z0-9+.-]{0,30}://[^\s\"']+", re.I)


def match(rule: Rule, source: Source, start: int, end: int) -> Iterable[Match]:
    """What is wrong with the command whose program stands at an anchor."""
    if not may_tell(rule, source):
        return
    program = compiled(f"(?i:{rule.match['program']})")
    found = running_at(source, start, program)
    if found:
        yield from _told(rule, source, *found)
        return
    for command, at in given_what_is_at(source, start, program):
        known = _known_of(source)
        key = (rule.id, command.start, at)
        if key not in known:
            known[key] = list(_told(rule, source, command, at))
        yield from known[key]


@lru_cache(maxsize=4)  # each value of a variable leads to all commands given it
def _known_of(source: Source) -> dict[tuple[str, int, int], list[Match]]:
    return {}


def _told(rule: Rule, source: Source, command: Command, at: int) -> Iterator[Match]:
    arguments = given_to(command.words, at)
    said = _joined(arguments)
    if _fits(rule, command, said):
        yield from _wrong(rule, source, arguments, said)


def _wrong(
    rule: Rule, source: Source, arguments: Sequence[Word], said: str
) -> Iterator[Match]:
    url = _TARGET.search(said)
    target = url.group() if url else None
    for word, low, high, edits in _offending(rule, arguments, source):
        given = word.text[low:high].partition("=")[2]
        place = set_where(word.text[low:high], source)
        yield Match(
            word.offset(low), word.offset(max(high - 1, low)) + 1,
            target=given if is_loopback(given) else target,
            edits=tuple(_with_space(source, one) for one in edits),
            origin=place[:2] if place else None,
            origin_outer=place[2] if place else 0, told_there=place is not None,
        )  # fmt: skip
    for word in arguments:
        for held in held_by(word, source):
            yield from _held(rule, held, source, target)


def _with_space(source: Source, edit: Edit) -> Edit:
    """An edit that takes a word out takes the space before it as well, and the line
    that it had for itself.
    """
    text = source.text
    if edit.text or text[edit.end : edit.end + 1].strip():
        return edit
    before = text[max(0, edit.start - _FAR) : edit.start]
    behind = _REST_OF_LINE.match(text, edit.end)
    if continued := _CONTINUED.search(before):
        if behind and behind["continued"]:  # a line of its own, amid others
            return Edit(edit.start - len(continued["indent"]), behind.end(), "")
        if behind:  # the last line
            return Edit(edit.start - len(continued[0]), edit.end, "")
    space = len(before) - len(before.rstrip(" \t"))
    return edit if space == len(before) else Edit(edit.start - space, edit.end, "")


def _held(
    rule: Rule, held: Held, source: Source, target: str | None
) -> Iterator[Match]:
    """What is wrong in the words that a variable holds."""
    for word, low, high, _ in _offending(rule, held.words, source):
        yield Match(
            word.offset(low) + held.start,
            word.offset(max(high - 1, low)) + 1 + held.start,
            reason="the command is run with what this holds",
            target=target,
            outer=held.outer,
        )


def _joined(words: Iterable[Word]) -> str:
    return "\n".join(word.text.replace("\n", " ") for word in words)


def _fits(rule: Rule, command: Command, said: str) -> bool:
    asked = rule.match
    if "when" in asked and not _said(asked["when"]).search(said):
        return False
    if "unless" in asked and _said(asked["unless"]).search(said):
        return False
    if asked.get("answered") and not is_answered(command):
        return False
    if not asked.get("encrypted"):
        return True
    if asked.get("follows") or _FOLLOWS.search(said):
        return not (is_plain(said) and _LOCAL.search(said))
    return not is_plain(said)


def is_plain(said: str) -> bool:
    """Whether a command names addresses without TLS alone: there nothing is verified.

    Args:
        said: Its words, a line each.
    """
    return {scheme.lower() for scheme in _URL.findall(said)} == {"http"}


def goes_plain(command: Command) -> bool:
    """Whether a command names addresses without TLS alone."""
    return is_plain("\n".join(word.text for word in command.words))


def _said(pattern: str) -> re.Pattern[str]:
    return compiled(f"(?m){pattern}")


_Place = tuple[Word, int, int, tuple[Edit, ...]]


def _offending(rule: Rule, words: Sequence[Word], source: Source) -> Iterator[_Place]:
    """The words that do it: each with the stretch of it, and what would mend it."""
    asked = rule.match
    taken = -1
    for index, word in enumerate(words):
        if index <= taken:
            continue
        if word.text == "--" and asked.get("ends", True):
            break
        if word.text[:1] == "-":
            found, taken = _option(rule, words, index, source)
            if found:
                yield found
    if "said" in asked:
        yield from _in_words(rule, words)
        known = [_known(word, source) for word in words]
        if known != list(words):
            yield from _in_words(rule, known)


def _option(
    rule: Rule, words: Sequence[Word], index: int, source: Source
) -> tuple[_Place | None, int]:
    """What is wrong with an option; the index of the last word that belongs to it."""
    asked, word = rule.match, words[index]
    name, equals, value = word.text.partition("=")
    flags, options = asked.get("flags", ()), asked.get("options", {})
    if name in flags or (asked.get("abbreviated") and _shortened(name, flags)):
        if equals and is_unset(value, source):
            return None, index
        return _whole(rule, word), index
    if name in options:
        last = index if equals else index + 1
        if not equals:
            value = words[last].text if last < len(words) else ""
        wanted = compiled(options[name])
        if any(map(wanted.fullmatch, [value, *(values_of(value, source) or ())])):
            return _pair(rule, word, words[min(last, len(words) - 1)]), last
        return None, last
    if word.text[:2] == "--" or len(name) < 2:
        return None, index + (not equals and name in asked.get("takes", ()))
    return _letters(rule, words, index)


def is_unset(value: str, source: Source) -> bool:
    """Whether an option is not set by its value: `false`, or a variable of which nobody
    says that it is true.
    """
    known = values_of(value, source)
    return all(map(_OFF.match, [value] if known is None else known))


_SHORTEST = 5
"""`--ins` is curl's `--insecure`, and `--no-check-cert` is wget's."""


def _shortened(name: str, flags: Iterable[str]) -> bool:
    known = name.startswith("--ins") or "insec" in name or "check-" in name
    return known and any(
        flag.startswith(name) and len(name) >= _SHORTEST for flag in flags
    )


def _whole(rule: Rule, word: Word) -> _Place:
    edits: tuple[Edit, ...] = ()
    if rule.rewrite.get("remove") == "flag":
        edits = (Edit(word.start, word.end, ""),)
    return word, 0, len(word.text), edits


def _pair(rule: Rule, word: Word, value: Word) -> _Place:
    joined = replace(word, text=f"{word.text} {value.text}", places=[
        *word.places, (len(word.text) + 1, value.offset(0))
    ])  # fmt: skip
    edits: tuple[Edit, ...] = ()
    if rule.rewrite.get("remove") == "flag":
        edits = (Edit(word.start, value.end, ""),)
    if value is word:
        return _whole(rule, word)
    return joined, 0, len(joined.text), edits


def _letters(
    rule: Rule, words: Sequence[Word], index: int
) -> tuple[_Place | None, int]:
    """One of several short options in one word."""
    asked, word = rule.match, words[index]
    flags, valued = asked.get("flags", ()), asked.get("valued", "")
    last = len(word.text) - 1
    found: _Place | None = None
    for at in range(1, last + 1):
        letter = word.text[at]
        if found is None and f"-{letter}" in flags:
            found = word, 0, len(word.text), _without(rule, word, at)
        elif letter in valued:
            return found, index + (at == last)
        elif not letter.isalnum() and letter not in "#:":
            return None, index
    return found, index


def _without(rule: Rule, word: Word, at: int) -> tuple[Edit, ...]:
    if rule.rewrite.get("remove") != "flag":
        return ()
    return (Edit(word.offset(at), word.offset(at) + 1, ""),)


def _in_words(rule: Rule, words: Sequence[Word]) -> Iterator[_Place]:
    """What `said` finds, as one place from its first word to its last."""
    text = _joined(words)
    starts: list[tuple[int, int]] = []
    length = 0
    for index, word in enumerate(words):
        starts.append((length, index))
        length += len(word.text) + 1
    for found in _said(rule.match["said"]).finditer(text):
        if found.end() == found.start():
            continue
        places = [
            (begin + inside, outside)
            for begin, index in starts
            for inside, outside in words[index].places or [(0, words[index].start)]
        ]
        first = words[max(i for begin, i in starts if begin <= found.start())]
        whole = replace(first, text=text, places=places)
        yield whole, found.start(), found.end(), _replaced(rule, whole, found)


_A_VARIABLE = re.compile(r"[$%]\{?\w+\}?%?|\$?\{\{[^{}]*\}\}")


def _known(word: Word, source: Source) -> Word:
    """A word, or what the file says of the variable it is nothing but."""
    if _A_VARIABLE.fullmatch(word.text) is None:
        return word
    values = [one for one in values_of(word.text, source) or () if one]
    if not values:
        return word
    return replace(word, text=values[0], places=[(0, word.offset(0))])


def _replaced(rule: Rule, whole: Word, found: re.Match[str]) -> tuple[Edit, ...]:
    """The end of what was said, put right: `rewrite = {value = "true"}`."""
    value = rule.rewrite.get("value")
    if value is None or not found.re.groups or found.start(1) < 0:
        return ()
    start = whole.offset(found.start(1))
    return (Edit(start, start + len(found[1]), value),)
