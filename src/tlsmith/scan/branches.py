"""Which conditions decide whether something is done: branches it stands in.

Blocks are told by how lines are indented, in every language: who writes a block that
is not indented is taken to have written none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from tlsmith.scan.choice import choice_of, operand_start
from tlsmith.scan.extent import value_end
from tlsmith.scan.lexer import STRING
from tlsmith.scan.source import Source

_IF = re.compile(r"[ \t]*(?:[})]\s*)?(else\s+if|elseif|elsif|elif|if|unless)\b")
_GUARD = re.compile(r"[ \t]*guard\b")
_GOING_ON = re.compile(r"[ \t]*(?:[})]\s*)?(?:else|elseif|elsif|elif)\b")
_LEAVING = re.compile(r"\s*(?:return|raise|throw|continue|break|die|next|exit)\b")
_BEHIND = re.compile(r"\b(if|unless)\b")
_ENDING = frozenset({"then", ":", "\n"})
_BRACES = frozenset({"{", "}", "(", ")"})
"""Lines that belong to what stands above or below."""
_DATA = frozenset({"json", "toml", "ini", "xml", "environment", "prose", "text"})
"""Languages in which nothing is asked."""
_DEEPEST = 4
"""Brackets of which the whole may be one outcome of a choice."""
_MOST = 200
"""Lines that are looked at above."""
_TAB = 4


@dataclass(frozen=True)
class Branch:
    """What is done where a condition holds, or where it does not.

    Args:
        low: Index of the condition's first token.
        high: Index after its last.
        holds: What the condition must be.
    """

    low: int
    high: int
    holds: bool


@lru_cache(maxsize=4)  # asked for each thing that a branch may be for
def branches(source: Source, index: int) -> tuple[Branch, ...]:
    """The branches that a token stands in, the innermost first."""
    return () if source.language.name in _DATA else tuple(_around(source, index))


def _around(source: Source, index: int) -> Iterator[Branch]:
    at = index
    for _ in range(_DEEPEST):  # `debugging ? { verify: false } : {}`
        yield from _chosen(source, at)
        at = source.tokens.parent[at]
        if at < 0:
            break
    yield from _modified(source, index)
    for opening in openings(source, source.tokens.starts[index]):
        branch = _condition(source, opening)
        if branch and branch.high <= index:
            yield branch


@dataclass(frozen=True)
class Opening:
    """An `if` at the beginning of a line, of which a branch is meant.

    Args:
        line: Its number.
        word: Where in the line the word for it ends.
        holds: Whether the branch is taken where the condition holds.
    """

    line: int
    word: int
    holds: bool


def openings(source: Source, offset: int) -> Iterator[Opening]:
    """Each `if` in a branch of which, or behind whose `return`, an offset stands."""
    line, column = source.position(offset)
    inline = _IF.match(line_of(source, line))
    if inline and inline.end() < column:
        yield _told(line, inline)
    yield from _above(source, line)


@lru_cache(maxsize=4)  # a line may have thousands of findings
def _above(source: Source, line: int) -> tuple[Opening, ...]:
    """The same of what stands above a line."""
    return tuple(_looked_for(source, line))


def _looked_for(source: Source, line: int) -> Iterator[Opening]:
    yield from _earlier(source, line)
    depth, leaves = _depth(line_of(source, line)), False
    for above in range(line - 1, max(0, line - _MOST), -1):
        text = line_of(source, above)
        here = _depth(text)
        if not text.strip() or text.strip() in _BRACES:
            continue
        if here > depth:
            leaves = leaves or _LEAVING.match(text) is not None
            continue
        found = _IF.match(text)
        if here < depth:
            opening = _told(above, found) if found else _continued(source, above)
            yield from _earlier(source, above)
            depth = here
        else:
            opening = _left(source, above, found if leaves else None)
        leaves = False
        if opening:
            yield opening


def _left(source: Source, line: int, found: re.Match[str] | None) -> Opening | None:
    """What must be so behind an `if` that leaves, or behind Swift's `guard`."""
    if found:
        opening = _told(line, found)
        return replace(opening, holds=not opening.holds)
    guard = _GUARD.match(line_of(source, line))
    swift = guard and source.language.name == "swift"
    return Opening(line, guard.end(), True) if guard and swift else None


def _told(line: int, found: re.Match[str]) -> Opening:
    return Opening(line, found.end(), found[1] != "unless")


def _continued(source: Source, line: int) -> Opening | None:
    """The `if` whose condition goes on in a line."""
    tokens = source.tokens
    start, end = source.line_bounds(line)
    index = tokens.at(start + len(_indent(source.text[start:end])))
    parent = tokens.parent[index] if index is not None else -1
    while parent > 0 and tokens.texts[parent] == "(":
        if tokens.texts[parent - 1] == "if":
            above = source.position(tokens.starts[parent])[0]
            found = _IF.match(line_of(source, above))
            return _told(above, found) if found else None
        parent = tokens.parent[parent]
    return None


def _earlier(source: Source, line: int) -> Iterator[Opening]:
    """Each `if` above that does not hold where a line's `else`, or `elif`, is taken."""
    text = line_of(source, line)
    depth = _depth(text)
    for above in range(line - 1, max(0, line - _MOST), -1):
        if not _GOING_ON.match(text):
            return
        before = line_of(source, above)
        if not before.strip() or before.strip() in _BRACES or _depth(before) > depth:
            continue
        found, text = _IF.match(before), before
        if found is None:
            return
        opening = _told(above, found)
        yield replace(opening, holds=not opening.holds)


def _condition(source: Source, opening: Opening) -> Branch | None:
    """What is asked behind an `if`."""
    start, _ = source.line_bounds(opening.line)
    index = source.tokens.at(start + opening.word - 1)
    if index is None or source.tokens.kinds[index] == STRING:
        return None
    low, high = _bounds(source, index + 1)
    return Branch(low, high, opening.holds) if low < high else None


def _bounds(source: Source, low: int) -> tuple[int, int]:
    """Where a condition begins and ends."""
    tokens = source.tokens
    index = low
    while index < len(tokens):
        text = tokens.texts[index]
        if tokens.kinds[index] == STRING:
            index += 1
            continue
        if text == ";" and "then" not in tokens.texts[index + 1 : index + 3]:
            low = index + 1  # Go's `if x := f(); x {`
        elif _ends(source, index):
            break
        partner = tokens.partner[index]
        if index == low and text == "(" and _is_whole(source, partner):
            return low + 1, partner
        index = partner + 1 if partner > index else index + 1
    return low, index


def _ends(source: Source, index: int) -> bool:
    """Whether a token is behind a condition: what opens the block it decides about."""
    text = source.tokens.texts[index]
    if text == "{":
        return source.language.blocks != "indent"
    if text == ":" and source.language.name == "ruby":
        return False  # `:verify_none` is a word
    return text in _ENDING or (text == "do" and source.language.name == "elixir")


def _is_whole(source: Source, close: int) -> bool:
    """Whether a bracket that a condition begins with is around all of it."""
    after = source.tokens.texts[close + 1 : close + 2] if close > 0 else []
    return not after or after[0] not in (
        ("&&", "||", "and", "or", "==", "!=", "===", "!==", ".", "is", "in")
    )


def _chosen(source: Source, index: int) -> Iterator[Branch]:
    """The conditional expression that a token stands in an outcome of."""
    start = operand_start(source, index)
    choice = choice_of(source, start, value_end(source, start))
    if choice:
        for (low, high), holds in ((choice.yes, True), (choice.no, False)):
            if low <= index < high:
                yield Branch(*choice.condition, holds)


def _modified(source: Source, index: int) -> Iterator[Branch]:
    """What stands behind a statement of Ruby's or Perl's: `x = 0 if y`."""
    if source.language.name not in ("ruby", "perl"):
        return
    line, column = source.position(source.tokens.starts[index])
    start, _ = source.line_bounds(line)
    found = _BEHIND.search(line_of(source, line), column)
    at = source.tokens.at(start + found.start()) if found else None
    if found is None or at is None or source.tokens.kinds[at] == STRING:
        return
    end = at + 1
    while end < len(source.tokens) and source.tokens.texts[end] not in (";", "\n"):
        end += 1
    yield Branch(at + 1, end, found[1] == "if")


def line_of(source: Source, line: int) -> str:
    """The text of a line."""
    start, end = source.line_bounds(line)
    return source.text[start:end]


def _depth(text: str) -> int:
    """How far a line is indented; a tab is as wide as most editors show it."""
    return len(_indent(text).expandtabs(_TAB))


def _indent(text: str) -> str:
    return text[: len(text) - len(text.lstrip())]
