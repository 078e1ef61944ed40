"""What a shell hands on: `bash -c`, `python -c`, files it writes, `NAME="curl …"`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from tlsmith.scan.part import Part, part_of, stretch_of
from tlsmith.scan.shell.command import Command, Word
from tlsmith.scan.shell.program import name_of, programs
from tlsmith.scan.source import Source

_SHELLS = frozenset(
    [
        "sh",
        "bash",
        "zsh",
        "ksh",
        "dash",
        "ash",
        "fish",
        "busybox",
        "cmd",
    ]
)
_INTERPRETERS = {
    "python": "python",
    "pypy": "python",
    "node": "javascript",
    "nodejs": "javascript",
    "deno": "javascript",
    "bun": "javascript",
    "ruby": "ruby",
    "perl": "perl",
    "php": "php",
    "pwsh": "powershell",
    "powershell": "powershell",
    "groovy": "groovy",
    "lua": "lua",
    "r": "r",
    "rscript": "r",
    "elixir": "elixir",
    "julia": "julia",
}
_RUNS_TEXT = re.compile(
    r"-[a-z]*[ce]|--eval|--command|-r|-Command|-EncodedCommand", re.I
)
_SPEAKING = frozenset(
    [
        "echo",
        "printf",
        "cat",
        "tee",
        "write-output",
        "write-host",
        "out-file",
    ]
)
_PUTTING = frozenset(["add-content", "set-content"])
"""What is given a file, and what to write to it."""
_EVALUATING = frozenset(
    [
        "eval", "ssh", "su", "watch", "trap", "retry", "parallel", "script", "xargs",
        "timeout", "concurrently", "wait-on", "npm-run-all", "start-server-and-test",
        "crontab", "vagrant", "wsl", "doas", "sudo", "runuser",
    ]
)  # fmt: skip
_WORDS = re.compile(r"\S+\s+\S")
_SAYING = re.compile(
    r"(?i)(?:msg|message|help|usage|desc\w*|text|error|err|warn\w*|hint|note|title|banner"
    r"|prompt|reason|example|pattern|regex|expected?|doc|info|ps1)$"
)
_LOOKED_UP = re.compile(r"\$\((?:command -v|which|type -p) [\w.-]+\)[ ]+-")
_ASSIGNMENT = re.compile(r"(?P<name>[A-Za-z_]\w*)(?:\[[^\]]*\])?\+?=")
_ESCAPED_LINE = re.compile(r"\\n")
_VERSION = re.compile(r"[\d.]+$")
_SCHEDULE = re.compile(
    r"\s*(?:(?:[\d*/,-]+\s+){3}[\w*/,-]+\s+[\w*/,-]+|@(?:daily|hourly|weekly|reboot"
    r"|monthly|midnight|yearly|annually))\s+(?=\S)"
)
"""When a line of a crontab is run, which stands before its command."""


def parts(source: Source, offsets: Iterable[int]) -> Iterator[Part]:
    """The parts of a shell's text."""
    files: dict[str, list[_Piece]] = {}
    for command in source.commands:
        yield from _handed_on(source, command)
        path = _target(command)
        if path and command.words:
            yield from _written(source, command, path)
            files.setdefault(path, []).extend(_said(source, command))
        else:
            yield from _scheduled(source, command)
        for word in _values(command):
            yield from _value(source, word)
    for path, pieces in files.items():
        if pieces:
            yield _file(source, path, pieces)


def _handed_on(source: Source, command: Command) -> Iterator[Part]:
    """Scripts among a command's arguments, and the here-documents that it runs."""
    words = command.words
    for index in programs(words):
        name = name_of(words[index].text)
        language = _language_of(name)
        if name == "lftp":
            for document in command.documents:
                yield stretch_of(source, document.start, document.end, path=".lftprc")
        if language is None and name not in _EVALUATING:
            continue
        for document in command.documents if index == 0 or language else ():
            yield stretch_of(source, document.start, document.end, language or "shell")
        if language is None:
            yield from _evaluated(source, words[index + 1 :])
            continue
        for at in range(index + 1, min(index + 6, len(words) - 1)):
            if _RUNS_TEXT.fullmatch(words[at].text):
                yield _inner(source, words[at + 1], language)
                break


def _language_of(name: str) -> str | None:
    if name in _SHELLS:
        return "shell"
    return _INTERPRETERS.get(_VERSION.sub("", name))


def _evaluated(source: Source, words: Sequence[Word]) -> Iterator[Part]:
    for word in words:
        if word.quoted and _WORDS.search(word.text):
            yield _inner(source, word, "shell")


def _inner(source: Source, word: Word, language: str) -> Part:
    return part_of(source, word.text, word.places, language)


_Piece = tuple[str, Sequence[tuple[int, int]]]
"""A text, and where its stretches stand in the source."""


def _written(source: Source, command: Command, path: str) -> Iterator[Part]:
    """A text that is written to a file as a whole: `cat > .curlrc <<EOF`."""
    for document in command.documents:
        yield stretch_of(source, document.start, document.end, path=path)
    for operator, word in command.redirects:
        if operator.strip() == "<<<":
            yield part_of(source, word.text, word.places, path=path)


def _said(source: Source, command: Command) -> Iterator[_Piece]:
    """What a command says: `echo …`, the text that PowerShell writes."""
    program, *words = command.words
    name = name_of(program.text)
    if name in _PUTTING:
        words = _operands(words)[1:]
    elif name not in _SPEAKING:
        words = [program] if program.quoted and len(command.words) == 1 else []
    words = [word for word in words if word.text[:1] != "-" or word.quoted]
    if len(words) > 1 and not any(word.quoted for word in words):
        start, end = words[0].start, words[-1].end
        yield source.text[start:end], [(0, start)]
        return
    for word in words:
        yield _ESCAPED_LINE.sub(" \n", word.text), word.places


def _file(source: Source, path: str, pieces: Iterable[_Piece]) -> Part:
    """A file that is written piece by piece, each on lines of its own."""
    text, places = "", []
    for piece, stretches in pieces:
        places += [(len(text) + inside, outside) for inside, outside in stretches]
        text += f"{piece}\n"
    return part_of(source, text, places, path=path.replace("\\", "/"))


def _scheduled(source: Source, command: Command) -> Iterator[Part]:
    """Lines for a crontab that are said."""
    if command.words and name_of(command.words[0].text) in _SPEAKING:
        for word in command.words[1:]:
            if _SCHEDULE.match(word.text):
                yield _inner(source, word, "shell")


def _target(command: Command) -> str:
    for operator, word in command.redirects:
        if operator in (">", ">>", ">|", "&>"):
            return word.text
    name = name_of(command.words[0].text) if command.words else ""
    if command.read_by is not None:
        return _file_of(command.read_by)
    return _file_of(command) if name in ("tee", "sudo", *_PUTTING) else ""


def _file_of(command: Command) -> str:
    words = command.words
    for index in programs(words):
        if name_of(words[index].text) in ("tee", "out-file", "tee-object", *_PUTTING):
            files = _operands(words[index + 1 :])
            return files[0].text if files else ""
    return ""


def _operands(words: Sequence[Word]) -> list[Word]:
    """The words that are no options."""
    return [word for word in words if word.quoted or word.text[:1] != "-"]


def _values(command: Command) -> Iterator[Word]:
    """What variables and aliases are given."""
    yield from command.assignments
    if not command.words:
        return
    if name_of(command.words[0].text) in (
        "alias",
        "export",
        "declare",
        "local",
        "readonly",
        "typeset",
        "set",
        "env",
    ):
        yield from command.words[1:]


def _value(source: Source, word: Word) -> Iterator[Part]:
    found = _ASSIGNMENT.match(word.text)
    if found is None or _SAYING.search(found["name"]):
        return
    text = word.text[found.end() :]
    if not _WORDS.match(text) or (
        text.startswith(("$(", "`")) and not _LOOKED_UP.match(text)
    ):
        return
    start = word.offset(found.end())
    if word.offset(len(word.text) - 1) - start == len(text) - 1:
        yield part_of(source, text, [(0, start)])
