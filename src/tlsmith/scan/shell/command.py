"""A command as a shell runs it: its words, what it reads and what it writes."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field


@dataclass(slots=True)
class Word:
    """One word of a command.

    Args:
        text: Without quotes; variables and substitutions stand as they are written.
        start: Its first character, quotes included.
        end: The offset after its last.
        places: For each stretch of `text` that stands in one piece, where it begins
            in `text` and in what was read.
        quoted: Whether any of it is quoted.
        items: The words of an array, if it assigns one.
    """

    text: str
    start: int
    end: int
    places: list[tuple[int, int]]
    quoted: bool = False
    items: list[Word] = field(default_factory=list)

    def offset(self, index: int) -> int:
        """Where a character of `text` stands in what was read."""
        if not self.places:
            return self.start
        at = bisect_right(self.places, (index, 1 << 60)) - 1
        inside, outside = self.places[max(at, 0)]
        return outside + index - inside


@dataclass(slots=True)
class Heredoc:
    """Lines that a command reads: `<<EOF`."""

    start: int
    end: int


@dataclass(slots=True, eq=False)
class Command:
    """One simple command.

    Args:
        start: Where it begins.
        end: The offset after it.
        words: Program and arguments.
        assignments: `NAME=value` before the program.
        redirects: Each operator with the word behind it.
        documents: The here-documents it reads.
        reads: The command whose output it is given, or None.
        read_by: The command that is given its output, or None.
    """

    start: int
    end: int = -1
    words: list[Word] = field(default_factory=list)
    assignments: list[Word] = field(default_factory=list)
    redirects: list[tuple[str, Word]] = field(default_factory=list)
    documents: list[Heredoc] = field(default_factory=list)
    reads: Command | None = None
    read_by: Command | None = None
