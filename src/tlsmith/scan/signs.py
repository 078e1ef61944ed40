"""What must stand in a file for a rule to find anything, beside its anchor.

Many anchors are everyday words: `verify`, `http`, `mode`. What else a rule asks for
leaves words behind, such as the value it looks for, and a file without these need not
be cut up. Only words are told here of which one must stand in the text as it is
written, in either case; a rule of which none can be told has no signs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from tlsmith.scan.acceptance import KINDS
from tlsmith.scan.anchor import anchor_of, words_of
from tlsmith.scan.matchers.config import WORDS
from tlsmith.scan.rule import Rule

Signs = tuple[frozenset[bytes], ...]
"""Words in small letters, of which one of each set stands in the file."""

_SHORTEST = 3
_MEANT = frozenset(["false", "true", "null", "empty", "0", "1", *KINDS])
"""Words of the rules for values that may be written in other ways."""
_WORD = re.compile(r"\w+", re.ASCII)
_FLAG = re.compile(r"[a-z]+", re.I | re.ASCII)


def signs_of(rule: Rule) -> Signs:
    """The signs of a rule."""
    kind = str(rule.match.get("kind"))
    told = [_of_pattern(rule.match.get("file_has", ""))]
    told += _BY_KIND.get(kind, _of_nothing)(rule.match)
    return tuple(
        frozenset(word.lower().encode() for word in words)
        for words in dict.fromkeys(told)
        if words and min(map(len, words)) >= _SHORTEST and "".join(words).isascii()
    )


def _of_nothing(asked: Mapping[str, Any]) -> Iterator[frozenset[str]]:
    yield from ()


def _of_uri(asked: Mapping[str, Any]) -> Iterator[frozenset[str]]:
    """What stands beside a parameter; a sign in it may be written as an escape."""
    if "beside" not in asked:
        return
    words = anchor_of(f"(?i:{asked['beside']})").words
    yield frozenset(one for word in words for one in _as_escaped(word))


def _as_escaped(word: str) -> Iterator[str]:
    r"""`verify=` is written `verify\u003d` as well."""
    word = word[len(word) - len(word.lstrip("?&;.:/= ")) :]
    yield word
    yield from (word[:at] + "\\" for at, sign in enumerate(word) if not sign.isalnum())


def _of_config(asked: Mapping[str, Any]) -> Iterator[frozenset[str]]:
    for name in ("under", "value_has"):
        yield _of_pattern(asked.get(name, ""))
    for other in asked.get("with", ()):
        yield _of_pattern(other.get("value_has", ""))
    values = asked.get("values", ())
    if asked.get("part", "key") == "key" and not _is_free(values):
        spelled = (WORDS.get(value, frozenset([value])) for value in values)
        yield frozenset(_longest(one) for one in frozenset().union(*spelled))


def _is_free(values: Iterable[str]) -> bool:
    return any(value == "empty" or value.startswith("/") for value in values)


def _of_variable(asked: Mapping[str, Any]) -> Iterator[frozenset[str]]:
    yield _of_pattern(asked.get("values", ""))


def _of_setting(asked: Mapping[str, Any]) -> Iterator[frozenset[str]]:
    yield _of_values(asked.get("values", ()))
    yield _of_pattern(asked.get("in_call", ""))


def _of_call(asked: Mapping[str, Any]) -> Iterator[frozenset[str]]:
    yield _of_pattern(asked.get("receiver", ""))
    yield _of_pattern(asked.get("in_call", ""))
    for argument in asked.get("arguments", ()):
        yield _of_values(argument.get("values", ()))
        if "name" in argument and "at" not in argument:
            yield frozenset([_longest(argument["name"])])


def _of_written(asked: Mapping[str, Any]) -> Iterator[frozenset[str]]:
    yield _of_pattern(asked.get("pattern", ""))


def _of_command(asked: Mapping[str, Any]) -> Iterator[frozenset[str]]:
    """What switches verification off: an option, or what is said otherwise."""
    said = _of_pattern(asked["said"]) if "said" in asked else frozenset()
    if "said" in asked and not said:
        return
    flags = (*asked.get("flags", ()), *asked.get("options", {}))
    parts = [max(_FLAG.findall(flag), key=len, default="") for flag in flags]
    if asked.get("abbreviated"):
        parts = [part[:5] if part == "insecure" else part for part in parts]
    yield said.union(parts)


def _of_values(values: Iterable[str]) -> frozenset[str]:
    """Words of which one stands in whatever a rule names as values."""
    words: set[str] = set()
    for value in values:
        if value in _MEANT:
            return frozenset()
        if value.startswith("/") and value.endswith("/") and len(value) > 1:
            inside = _of_pattern(value[1:-1])
            if not inside:
                return frozenset()
            words |= inside
        else:
            words.add(_longest(value))
    return frozenset(words)


def _longest(text: str) -> str:
    return max(_WORD.findall(text), key=len, default="")


@lru_cache(maxsize=1024)
def _of_pattern(pattern: str) -> frozenset[str]:
    """Words of which one stands in what a regular expression finds."""
    words = words_of(pattern) if pattern else frozenset()
    return frozenset() if "" in words else words


_BY_KIND = {
    "uri": _of_uri,
    "variable": _of_variable,
    "config": _of_config,
    "setting": _of_setting,
    "call": _of_call,
    "text": _of_written,
    "line": _of_written,
    "command": _of_command,
}
