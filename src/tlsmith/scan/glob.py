"""Patterns of paths, as .gitignore writes them and git's wildmatch reads them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

_TOKENS = re.compile(r"\*+|\\[\s\S]|\[[!^]?\]?(?:\[:\w*:\]|\\[\s\S]|[^\]\\])*\]|[\s\S]")
_MEMBERS = re.compile(r"\[:(\w*):\]|(\\?[\s\S])(?:-(\\?[^\]]))?")
_POSIX = {
    "alnum": "a-zA-Z0-9",
    "alpha": "a-zA-Z",
    "blank": r" \t",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": r"\x21-\x7e",
    "lower": "a-z",
    "print": r"\x20-\x7e",
    "punct": r"!-/:-@\[-`{-~",
    "space": r" \t-\r",
    "upper": "A-Z",
    "xdigit": "0-9A-Fa-f",
}
_STAR, _FOLDERS, _SLASH = "*", "**", "/"
_NEVER = "(?!)"


def is_match(pattern: str, path: str) -> bool:
    """Whether a path, or a folder it is in, is one the pattern means.

    Without a `/` but at its end a pattern means a name wherever it stands; with one it
    begins where the path does.
    """
    return _compiled(pattern).fullmatch(path.removeprefix("./")) is not None


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str]:
    meant = pattern.removeprefix("./").rstrip("/")
    before = "" if "/" in meant else "(?:.*/)?"
    return re.compile(f"{before}{expression(meant.lstrip('/'))}(?:/.*)?", re.DOTALL)


def expression(pattern: str) -> str:
    """Return the regular expression of a pattern that begins where the path does.

    What it takes grows with the path's length, not with the ways to divide it: of all
    `*` in a name, and of all `**`, only the last one ever has to try again.
    """
    groups = _groups(list(_pieces(pattern)))
    first, *others = groups
    text = _in_folders(first)
    for group in others[:-1]:
        text += f"(?>(?:[^/]+/)*?{_in_folders(group)})"
    if others:
        last = _in_folders(others[-1])
        text += f"(?:[^/]+/)*{last}" if last else ".+"
    return text


def _groups(pieces: list[str]) -> list[list[str]]:
    """The pieces between `**`, each with the slash behind it."""
    groups: list[list[str]] = [[]]
    for number, piece in enumerate(pieces):
        if piece == _FOLDERS:
            groups.append([])
        elif piece != _SLASH or not number or pieces[number - 1] != _FOLDERS:
            groups[-1].append(piece)
    return groups


def _pieces(pattern: str) -> Iterator[str]:
    """A pattern as `*`, `**`, `/` and regular expressions of one character."""
    tokens = _TOKENS.findall(pattern)
    for number, one in enumerate(tokens):
        if one.startswith("*"):
            around = (*tokens[max(0, number - 1) : number], *tokens[number + 1 :][:1])
            alone = all(other in ("/", "\\/") for other in around)
            yield _FOLDERS if len(one) > 1 and alone else _STAR
        elif one in ("/", "\\/"):
            yield _SLASH
        elif one == "?":
            yield "[^/]"
        elif one in ("[", "\\"):
            yield _NEVER  # what is not ended matches nothing
        elif one.startswith("["):
            yield _character_class(one[1:-1])
        else:
            yield re.escape(one.removeprefix("\\"))


def _in_folders(pieces: Iterable[str]) -> str:
    names: list[list[str]] = [[]]
    for piece in pieces:
        if piece == _SLASH:
            names.append([])
        else:
            names[-1].append(piece)
    return "/".join(map(_in_name, names))


def _in_name(pieces: Iterable[str]) -> str:
    runs = [""]
    for piece in pieces:
        if piece == _STAR:
            runs.append("")
        else:
            runs[-1] += piece
    first, *others = runs
    middle = "".join(f"(?>[^/]*?{run})" for run in others[:-1])
    return first + middle + (f"[^/]*{others[-1]}" if others else "")


def _character_class(inner: str) -> str:
    negated = inner[:1] in ("!", "^")
    members = list(map(_member, _MEMBERS.finditer(inner[1:] if negated else inner)))
    if None in members:
        return _NEVER
    text = "".join(member for member in members if member)
    if negated:
        return f"[^/{text}]"
    return f"(?!/)[{text}]" if text else _NEVER


def _member(found: re.Match[str]) -> str | None:
    """One member of a class; None is a name of a class that there is not."""
    name, first, last = found.groups()
    if first is None:
        return _POSIX.get(name)
    first = first[-1]
    last = last[-1] if last else first
    return f"{re.escape(first)}-{re.escape(last)}" if first <= last else ""
