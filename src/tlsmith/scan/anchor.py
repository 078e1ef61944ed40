"""A rule's anchor: where it matches in a text, and what it is in a file's bytes.

An anchor means ASCII: its `\\s`, `\\w` and `\\b` know no other alphabets. So what is
found in a text is found in its bytes as well, and no file is passed over that a matcher
would have found something in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any

_UNBOUNDED = 2000
"""Characters; what may match more is looked for in the whole text."""

_PIECES = re.compile(
    r"\\(?:[\s\S])|\[\^?\]?(?:\\[\s\S]|\[:\w+:\]|[^\]\\])*\]|\(\?[a-zA-Z]+[):]|[\s\S]"
)
_WIDE_CLASS = re.compile(r"\[\^|\\[WSD]")
_FOREIGN = r"[\x80-\xff]{1,4}"
"""A character that is not ASCII, as bytes: of UTF-8, or a stray one."""


class Anchor:
    """A regular expression that tells a rule where to look.

    Args:
        expression: As the rule has it.

    Attributes:
        pattern: For texts.
        words: Texts of which every match holds one; an empty one if there are none.
        folded: Whether the words are in small letters, and case is free.
    """

    def __init__(self, expression: str) -> None:
        from re import _parser  # type: ignore[attr-defined]

        self.pattern = re.compile(expression, re.ASCII)
        parsed = _parser.parse(expression, re.ASCII)
        self.folded = _folds(parsed, parsed.state.flags)
        best = max(_covers(parsed), key=_weight, default=frozenset({""}))
        self.words = tuple(sorted(w.lower() if self.folded else w for w in best))
        self._longest = parsed.getwidth()[1]
        self._lowered = _in_small_letters(expression) if self.folded else None

    def places(self, text: str, lowered: str | None) -> Iterator[re.Match[str]]:
        """Where `pattern.finditer(text)` matches, found faster: around the words, and
        where case is free in the text in small letters.

        Args:
            text: Where to look.
            lowered: The same in small letters, or None if that is of another length.
        """
        searched = lowered if self.folded else text
        pattern = self.pattern
        if self._lowered is not None and lowered is not None:
            pattern, text = self._lowered, lowered
        if searched is None or "" in self.words or self._longest > _UNBOUNDED:
            yield from pattern.finditer(text)
            return
        last = 0
        for start, end in self._windows(searched):
            position = max(start, last)
            while found := pattern.search(text, position, end):
                yield found
                last = position = max(found.end(), position + 1)

    def _windows(self, searched: str) -> Iterator[tuple[int, int]]:
        """Where matches can lie: as far from a word as one may reach, and a little
        more, so that its end is judged by what really stands behind it.
        """
        reach = self._longest
        start = end = -1
        for offset in _offsets(searched, self.words):
            if offset - reach > end:
                if end >= 0:
                    yield start, end
                start = max(0, offset - reach)
            end = offset + reach + 2
        if end >= 0:
            yield start, end


def _offsets(text: str, words: Sequence[str]) -> list[int]:
    offsets = []
    for word in words:
        offset = text.find(word)
        while offset >= 0:
            offsets.append(offset)
            offset = text.find(word, offset + 1)
    offsets.sort()
    return offsets


_ESCAPED = re.compile(r"(\\.)|([A-Z]+)")
_BY_NUMBER = re.compile(r"\\(?:[uUN0]|x[45])")


def _in_small_letters(expression: str) -> re.Pattern[str] | None:
    """What finds in a text in small letters what an expression that begins with `(?i)`
    finds in the text itself; without looking at case it takes half the time. None if
    there is no such expression.
    """
    if not expression.startswith("(?i)") or _BY_NUMBER.search(expression):
        return None
    rest = expression.removeprefix("(?i)")
    small = _ESCAPED.sub(lambda found: found[1] or found[2].lower(), rest)
    return re.compile(small, re.ASCII)


@lru_cache(maxsize=4096)
def anchor_of(expression: str) -> Anchor:
    """An anchor, made once."""
    return Anchor(expression)


def bytes_form(expression: str) -> bytes:
    """The expression for bytes that hold UTF-8: it finds what that for texts does.

    It may find more. What means any character, or any but some, must take in all the
    bytes of one that is not ASCII.
    """
    return "".join(map(_bytes_piece, _PIECES.findall(expression))).encode()


def _bytes_piece(piece: str) -> str:
    if piece == "." or piece in ("\\W", "\\S", "\\D"):
        return f"(?:{piece}|{_FOREIGN})"
    if piece.startswith("[") and len(piece) > 1:
        if not piece.isascii():
            return f"(?:{_ascii_class(piece)}|{_FOREIGN})"
        return f"(?:{piece}|{_FOREIGN})" if _WIDE_CLASS.search(piece) else piece
    return piece if piece.isascii() else f"(?:{piece})"


def _ascii_class(piece: str) -> str:
    kept = "".join(c for c in piece if c.isascii())
    return kept if len(kept) > len("[]") else r"[^\x00-\xff]"


def literals_of(expression: str) -> tuple[frozenset[bytes], bool]:
    """The words of an anchor as bytes, and whether case is free."""
    anchor = anchor_of(expression)
    return frozenset(word.encode() for word in anchor.words), anchor.folded


def words_of(expression: str) -> frozenset[str]:
    """Words, of letters and digits alone, of which what it finds always holds one."""
    from re import _parser  # type: ignore[attr-defined]

    covers = _covers(_parser.parse(expression, re.ASCII), str.isalnum)
    return max(covers, key=_weight, default=frozenset({""}))


def _folds(parsed: Any, flags: int = 0) -> bool:
    """Whether case is free in an expression or in any part of it."""
    if flags & re.IGNORECASE:
        return True
    for operation, argument in parsed:
        name = str(operation)
        if name == "SUBPATTERN" and _folds(argument[3], argument[1]):
            return True
        if name in ("MAX_REPEAT", "MIN_REPEAT") and _folds(argument[2]):
            return True
        if name == "BRANCH" and any(map(_folds, argument[1])):
            return True
        if name == "IN" and _either_case(argument):
            return True
    return False


def _either_case(choices: Any) -> str:
    """The letter that a class such as `[sS]` means; nothing if it is another."""
    letters = {chr(arg) for name, arg in choices if str(name) == "LITERAL"}
    lower = {letter.lower() for letter in letters}
    return lower.pop() if len(choices) == len(letters) and len(lower) == 1 else ""


def _weight(cover: frozenset[str]) -> tuple[int, int]:
    """How well a set of texts tells files apart: its shortest, then how few it has."""
    return min(map(len, cover)), -len(cover)


def _covers(parsed: Any, wanted: Callable[[str], bool] = bool) -> list[frozenset[str]]:
    """Sets of texts, of each of which every match of a parsed expression holds one.

    Args:
        parsed: What the parser of regular expressions gave.
        wanted: Whether a character may be in one of the texts.
    """
    covers: list[frozenset[str]] = []
    run = ""
    for operation, argument in parsed:
        name = str(operation)
        letter = _literal(name, argument)
        if letter and wanted(letter):
            run += letter
            continue
        if name == "AT":
            continue
        covers.append(frozenset({run}))
        run = ""
        if name == "SUBPATTERN":
            covers += _covers(argument[3], wanted)
        elif name in ("MAX_REPEAT", "MIN_REPEAT") and argument[0] >= 1:
            covers += _covers(argument[2], wanted)
        elif name == "BRANCH":
            covers.append(_either(argument[1], wanted))
    covers.append(frozenset({run}))
    return covers


def _literal(name: str, argument: Any) -> str:
    if name == "LITERAL":
        return chr(argument)
    return _either_case(argument) if name == "IN" else ""


def _either(branches: Any, wanted: Callable[[str], bool]) -> frozenset[str]:
    best = [
        max(_covers(branch, wanted), key=_weight, default=frozenset({""}))
        for branch in branches
    ]
    return frozenset().union(*best)
