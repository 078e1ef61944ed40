"""Reads shell text: POSIX shells, bash and zsh; what other shells write alike as well.

It never fails: what no shell would take is read as plain text.
"""

from __future__ import annotations

import re

from tlsmith.scan.shell.command import Command, Heredoc, Word

_SPACE = re.compile(r"(?:[ \t\r\f\v]|\\\r?\n)+")
_GAP = re.compile(r"(?:\s|\\\r?\n)+")
_OPERATOR = re.compile(r"\n|;;?&?|&&|&|\|\||\|&?")
_REDIRECT = re.compile(r"(?:\d*(?:<<<|<<-?|<>|>>|>\||[<>]&|[<>](?!\())|&>>?)[ \t]*")
_PLAIN = re.compile(r"""[^\s\\'"`$|&;<>()]+""")
_IN_DOUBLE = re.compile(r'[^"\\$`]+')
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*(?:\[[^\]\s]*\])?\+?=")
_BRACED = re.compile(r"\$\{(?:[^{}]|\{[^{}]{0,200}\}){0,2000}\}")
_ARITHMETIC = re.compile(r"\$\(\([^\n]{0,300}?\)\)")
_KEYWORDS = frozenset(
    [
        "if", "then", "elif", "else", "fi", "while", "until", "do", "done", "esac",
        "!", "{", "}", "time", "coproc",
    ]
)  # fmt: skip
_DEEPEST = 24
_MOST_IN_GROUP = 500
"""Commands of a group that what is said behind it is handed on to."""


def read_shell(text: str) -> list[Command]:
    """The commands of a text, those inside substitutions and blocks among them."""
    reader = _Reader(text)
    reader.block(0, "", 0)
    return reader.commands


def last_line(text: str, mark: str, start: int) -> re.Match[str] | None:
    """The line that ends a here-document, or None if it goes on to the end."""
    return re.compile(rf"^[ \t]*{re.escape(mark)}[ \t\r]*$", re.M).search(text, start)


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.end = len(text)
        self.commands: list[Command] = []
        self.awaited: list[tuple[Command, str]] = []
        self.opened: list[int] = []
        """How many commands there were at each `{` and `(` that is still open."""
        self.closed = -1
        """How many there were at the one that has just been closed; else -1."""

    def block(self, at: int, closer: str, depth: int) -> int:
        """Read commands until a closing character, or the end; its offset."""
        command = Command(at)
        while at < self.end:
            char = self.text[at]
            if char == closer:
                break
            if found := _SPACE.match(self.text, at):
                at = found.end()
            elif char == "#":
                at = self._comment(at, closer)
            elif found := _REDIRECT.match(self.text, at):
                at = self._redirect(command, found, closer, depth)
            elif self.text.startswith(("<(", ">("), at):
                at = self._inner(at + 2, ")", depth)
            elif found := _OPERATOR.match(self.text, at):
                command = self._finish(command, at, found.group())
                at = found.end()
                if found.group() == "\n" and self.awaited:
                    at = self._documents(at)
            elif char in "()":
                command = self._finish(command, at, ")" if char == ")" else "")
                self._group(char)
                at += 1
            else:
                word = self._word(at, closer, depth)
                at = word.end
                self._take(command, word)
        self._finish(command, at, "")
        return at

    def _comment(self, at: int, closer: str) -> int:
        stop = self.text.find("\n", at)
        stop = self.end if stop < 0 else stop
        early = self.text.find(closer, at, stop) if closer == "`" else -1
        return stop if early < 0 else early

    def _finish(self, command: Command, at: int, operator: str) -> Command:
        """End a command, and begin the next."""
        if not command.words and not command.assignments:
            # Empty lines are many: nothing new is made for them.
            is_used = command.redirects or command.documents
            self._hand_on(command)
            after = Command(0) if is_used else command
            after.start = at + len(operator)
            after.reads = command.reads if operator in ("", "\n") else None
            if operator in ("|", "|&") and self.commands:  # `{ …; } | …`
                after.reads = self.commands[-1]
                for inner in self._just_closed():
                    inner.read_by = inner.read_by or after
            self.closed = -1
            return after
        self.closed = -1
        command.end = at
        after = Command(at + len(operator))
        self.commands.append(command)
        if operator in ("|", "|&"):
            after.reads, command.read_by = command, after
        return after

    def _group(self, char: str) -> None:
        """Take note of what opens a group of commands, or closes one."""
        if char in "({":
            self.opened.append(len(self.commands))
        elif self.opened:
            self.closed = self.opened.pop()

    def _just_closed(self) -> list[Command]:
        if self.closed < 0:
            return []
        return self.commands[self.closed : self.closed + _MOST_IN_GROUP]

    def _hand_on(self, command: Command) -> None:
        """What is said behind a group holds for all in it: `{ echo …; } > FILE`."""
        written = _outgoing(command)
        for inner in self._just_closed() if written else ():
            if not _outgoing(inner) and inner.read_by is None:
                inner.redirects += written

    def _take(self, command: Command, word: Word) -> None:
        if not command.words:
            command.start = command.start if command.assignments else word.start
            if not word.quoted and word.text in _KEYWORDS:
                if word.text in ("{", "}"):
                    self._group(word.text)
                return
            if _ASSIGNMENT.match(self.text, word.start):
                command.assignments.append(word)
                return
        command.words.append(word)

    def _redirect(
        self, command: Command, found: re.Match[str], closer: str, depth: int
    ) -> int:
        operator = found.group().strip().lstrip("0123456789")
        at = found.end()
        if at >= self.end or self.text[at] in "\n;|&()":
            return at
        word = self._word(at, closer, depth)
        if word.end == at:
            return at + 1
        command.redirects.append((operator, word))
        if operator in ("<<", "<<-"):
            self.awaited.append((command, word.text))
        return word.end

    def _documents(self, at: int) -> int:
        """Read the here-documents whose lines begin at an offset."""
        for command, mark in self.awaited:
            found = last_line(self.text, mark, at)
            stop = found.start() if found else self.end
            command.documents.append(Heredoc(at, stop))
            at = found.end() if found else self.end
        self.awaited.clear()
        return at

    def _word(self, at: int, closer: str, depth: int) -> Word:
        word = Word("", at, at, [])
        pieces: list[str] = []
        length = 0
        while at < self.end:
            char = self.text[at]
            if char == closer or char in " \t\r\n;&|<>)":
                break
            if char == "(":
                if depth >= _DEEPEST or not "".join(pieces[-1:]).endswith("="):
                    break
                at = self._array(word, at + 1, depth + 1)
                continue
            start, stop, at, quoted = self._piece(at, closer, depth)
            word.quoted = word.quoted or quoted
            for low, high in self._stretches(start, stop, quoted and char == '"'):
                word.places.append((length, low))
                pieces.append(self.text[low:high])
                length += high - low
        if at == word.start:  # a character that belongs nowhere
            pieces.append(self.text[at : at + 1])
            word.places.append((0, at))
            at += 1
        word.text, word.end = "".join(pieces), at
        return word

    def _stretches(self, start: int, stop: int, escaped: bool) -> list[tuple[int, int]]:
        """What remains of quoted text when its backslashes are gone."""
        if not escaped or "\\" not in self.text[start:stop]:
            return [(start, stop)]
        found: list[tuple[int, int]] = []
        for escape in re.finditer(r'\\(?:\r?\n|(?=["\\$`]))', self.text[start:stop]):
            if start + escape.start() < (found[-1][1] if found else start):
                continue
            low = found[-1][1] if found else start
            found.append((low, start + escape.start()))
            found.append((start + escape.end(), start + escape.end() + 1))
        low = found[-1][1] if found else start
        return [*found, (low, stop)]

    def _piece(self, at: int, closer: str, depth: int) -> tuple[int, int, int, bool]:
        """A stretch of a word: what is kept of it, where it ends, if it is quoted."""
        char = self.text[at]
        if found := _PLAIN.match(self.text, at):
            stop = found.end()
            early = self.text.find(closer, at, stop) if closer == "`" else -1
            stop = stop if early < 0 else early
            return at, stop, stop, False
        if char == "\\":
            return self._escape(at)
        if char == "'":
            stop = self.text.find("'", at + 1)
            return (
                (at, at + 1, at + 1, False)
                if stop < 0
                else (
                    at + 1,
                    stop,
                    stop + 1,
                    True,
                )
            )
        if char == '"':
            stop = self._double(at + 1, depth)
            return at + 1, stop, stop + 1, True
        stop = self._substitution(at, depth)
        return at, stop, stop, False

    def _escape(self, at: int) -> tuple[int, int, int, bool]:
        after = self.text[at + 1 : at + 2]
        if after == "\n":
            return at, at, at + 2, False
        return at + 1, at + 2, min(at + 2, self.end), True

    def _double(self, at: int, depth: int) -> int:
        """The offset of the quote that ends a quoted string."""
        while at < self.end:
            found = _IN_DOUBLE.match(self.text, at)
            if found:
                at = found.end()
                continue
            char = self.text[at]
            if char == '"':
                return at
            at = at + 2 if char == "\\" else self._substitution(at, depth)
        return self.end

    def _substitution(self, at: int, depth: int) -> int:
        """Read what `$` or a backtick begins; the offset after it."""
        if self.text[at] == "`":
            return self._inner(at + 1, "`", depth)
        for pattern in (_BRACED, _ARITHMETIC):
            if found := pattern.match(self.text, at):
                return found.end()
        if self.text.startswith("$(", at):
            return self._inner(at + 2, ")", depth)
        return at + 1

    def _inner(self, at: int, closer: str, depth: int) -> int:
        if depth >= _DEEPEST:
            return at
        awaited, self.awaited = self.awaited, []
        stop = self.block(at, closer, depth + 1)
        self.awaited = awaited
        return min(stop + 1, self.end)

    def _array(self, word: Word, at: int, depth: int) -> int:
        while at < self.end and self.text[at] != ")":
            if found := _GAP.match(self.text, at):
                at = found.end()
            elif self.text[at] == "#":
                at = self._comment(at, "")
            elif self.text[at] in ";&|<>(":
                at += 1
            else:
                item = self._word(at, ")", depth)
                word.items.append(item)
                at = item.end
        return min(at + 1, self.end)


def _outgoing(command: Command) -> list[tuple[str, Word]]:
    """Where the output of a command goes."""
    return [one for one in command.redirects if one[0].startswith((">", "&>"))]
