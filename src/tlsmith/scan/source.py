"""A text that is scanned: its language, its lines, its tokens."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from tlsmith.scan.anchor import anchor_of
from tlsmith.scan.language import Language, language_of
from tlsmith.scan.lexer import NEWLINE, STRING, WORD, Tokens
from tlsmith.scan.notebook import code_of, is_notebook
from tlsmith.scan.pattern import compiled

if TYPE_CHECKING:
    from tlsmith.scan.functions import Function
    from tlsmith.scan.shell.command import Command

_CLASS_LINE = re.compile(r"(?m)^([ \t]*)(?:class|module)\s+\w")
_ENCODINGS = {
    b"\xff\xfe\x00\x00": "utf-32",
    b"\x00\x00\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
    b"\xef\xbb\xbf": "utf-8-sig",
}
MARKS = tuple(_ENCODINGS)
"""How a text begins that tells its encoding."""


def decode(data: bytes) -> str:
    """The text of a file's bytes; bytes that are no text in its encoding are kept.

    UTF-8 unless a byte order mark says otherwise; a stray byte becomes a lone
    surrogate, so that no offset moves and nothing is refused.
    """
    for mark, encoding in _ENCODINGS.items():
        if data.startswith(mark):
            return data.decode(encoding, "replace").replace("\r\n", "\n")
    return data.decode("utf-8", "surrogateescape")


_CARET = re.compile(r"\^[|&<>]")


class Source:
    """One text to be scanned.

    Attributes:
        path: As it is told, with `/` between its parts.
        text: What stands in it; of a notebook its code, at its place.
        language: How it is read.
        inside: Its path inside what is scanned: what stands before it says nothing of
            whether it is a test.
        outer: The source it is a part of, or None.
    """

    def __init__(
        self,
        path: str,
        text: str,
        language: Language | None = None,
        *,
        inside: str | None = None,
        outer: Source | None = None,
    ) -> None:
        self.path = path
        self.outer = outer
        self.inside = path if inside is None else inside
        self.text = code_of(text) if is_notebook(path, text) else text
        self.language = language or language_of(path, text)
        self._held: dict[str | tuple[str, ...], bool] = {}
        self._begun: dict[tuple[int, int], int] = {}

    def holds(self, pattern: str) -> bool:
        """Whether a regular expression is found anywhere in the text."""
        known = self._held.get(pattern)
        if known is None:
            # Most do not, and words are looked for much faster.
            known = self._holds_words(pattern) and (
                compiled(pattern).search(self.text) is not None
            )
            self._held[pattern] = known
        return known

    def _holds_words(self, pattern: str) -> bool:
        anchor = anchor_of(pattern)
        text = self.lowered if anchor.folded else self.text
        return text is None or any(word in text for word in anchor.words)

    def holds_one(self, words: tuple[str, ...]) -> bool:
        """Whether one of some words in small letters stands in it, in either case."""
        known = self._held.get(words)
        if known is None:
            text = self.lowered
            known = text is None or any(word in text for word in words)
            self._held[words] = known
        return known

    @cached_property
    def lowered(self) -> str | None:
        """Its text in small letters; None where one of them takes more room, or is
        ASCII only then (the sign for kelvin), which no anchor means.
        """
        lowered = self.text.lower()
        same = len(lowered) == len(self.text) and "\u212a" not in self.text
        return lowered if same else None

    @cached_property
    def tokens(self) -> Tokens:
        """Its tokens, cut when first asked for."""
        return Tokens(self.text, self.language)

    @cached_property
    def _line_starts(self) -> list[int]:
        starts = [0]
        position = self.text.find("\n")
        while position >= 0:
            starts.append(position + 1)
            position = self.text.find("\n", position + 1)
        return starts

    @cached_property
    def words(self) -> dict[str, list[int]]:
        """The indices of the tokens at which each word stands."""
        places: dict[str, list[int]] = {}
        for index, kind in enumerate(self.tokens.kinds):
            if kind == WORD:
                places.setdefault(self.tokens.texts[index], []).append(index)
        return places

    @cached_property
    def classes(self) -> list[tuple[int, int]]:
        """The offsets of lines that begin a class, and how far they are indented."""
        found = _CLASS_LINE.finditer(self.text)
        return [(line.start(), len(line[1])) for line in found]

    @cached_property
    def literals(self) -> dict[str, list[int]]:
        """The indices of the tokens at which each short string stands."""
        places: dict[str, list[int]] = {}
        for index, kind in enumerate(self.tokens.kinds):
            text = self.tokens.texts[index]
            if kind == STRING and len(text) < 80:
                places.setdefault(text[1:-1], []).append(index)
        return places

    @cached_property
    def commands(self) -> list[Command]:
        """The commands of a shell's text, read when first asked for."""
        from tlsmith.scan.shell.reader import read_shell

        if self.language.name == "powershell":  # whose backslash is the backtick
            return read_shell(self.text.replace("\\", "/").replace("`", "\\"))
        if self.language.name == "batch":  # which escapes by a caret
            return read_shell(_CARET.sub("  ", self.text))
        return read_shell(self.text)

    @cached_property
    def functions(self) -> list[Function]:
        """Its functions, found when first asked for."""
        from tlsmith.scan.functions import find_functions

        return find_functions(self)

    @cached_property
    def owners(self) -> list[int]:
        """For each token the number of the innermost function around it, or -1."""
        from tlsmith.scan.functions import owners_of

        return owners_of(self)

    def indent(self, index: int) -> int:
        """How far the line is indented that a token starts on."""
        line, _ = self.position(self.tokens.starts[index])
        start, end = self.line_bounds(line)
        text = self.text[start:end]
        return len(text) - len(text.lstrip())

    def headers(self, index: int) -> Iterator[str]:
        """The lines above a token's that are indented less, each less than the last."""
        line, _ = self.position(self.tokens.starts[index])
        indent = self.indent(index)
        for above in range(line - 1, 0, -1):
            if indent == 0:
                return
            low, high = self.line_bounds(above)
            text = self.text[low:high]
            depth = len(text) - len(text.lstrip())
            if text.strip() and depth < indent:
                indent = depth
                yield text

    def depth(self, index: int) -> int:
        """How deep a token is nested: in braces, or by its line's indentation."""
        if self.language.blocks != "brace":
            return self.indent(index)
        depth, parent = 0, self.tokens.parent[index]
        while parent >= 0:
            depth += 1
            parent = self.tokens.parent[parent]
        return depth

    def position(self, offset: int) -> tuple[int, int]:
        """The line and column of an offset, both from 1."""
        line = bisect_right(self._line_starts, offset)
        return line, offset - self._line_starts[line - 1] + 1

    def line_bounds(self, line: int) -> tuple[int, int]:
        """Where a line (from 1) starts and ends, without its line break."""
        start = self._line_starts[line - 1]
        after = (
            self._line_starts[line]
            if line < len(self._line_starts)
            else len(self.text) + 1
        )
        return start, after - 1

    def zone(self, offset: int) -> str:
        """What an offset lies in: `comment`, `string` or `code`."""
        if self.tokens.in_comment(offset):
            return "comment"
        index = self.tokens.at(offset)
        if index is not None and self.tokens.kinds[index] == STRING:
            return "string"
        return "code"

    def begins_statement(self, index: int) -> int:
        """The index of the first token of the statement that a token stands in."""
        tokens = self.tokens
        parent = tokens.parent[index]
        asked = (parent, index)
        while index - 1 > parent:
            if (parent, index) in self._begun:  # a long chain is asked about often
                index = self._begun[parent, index]
                break
            before = index - 1
            if tokens.kinds[before] == NEWLINE or tokens.texts[before] in (
                ";",
                "{",
                "}",
            ):
                break
            partner = tokens.partner[before]
            index = partner if 0 <= partner < before else before
        self._begun[asked] = index
        return index

    def _disposes(self, first: int, index: int) -> bool:
        """Whether it is C#'s `using var x = …`, which names a thing to be closed."""
        return not {"var", "(", "new"}.isdisjoint(self.tokens.texts[first:index])

    def in_import(self, index: int) -> bool:
        """Whether a token stands in a statement that only names things (`import`)."""
        first = self.begins_statement(index)
        outer = self.tokens.parent[first]
        if outer >= 0:  # `from x import (a, b)`, `import { a } from "x"`
            first = min(first, self.begins_statement(outer))
        word = self.tokens.texts[first]
        if word == "using" and self._disposes(first, index):
            return False
        if word in ("#", "-", "@") and first + 1 < len(self.tokens):
            word += self.tokens.texts[first + 1]
        return self.tokens.kinds[first] != STRING and word in self.language.imports
