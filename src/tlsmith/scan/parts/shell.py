"""What a shell hands on: `bash -c`, `python -c`, files it writes, `NAME="curl …"`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from tlsmith.scan.part import Part, part_of, stretch_of
from tlsmith.scan.shell.command import Command, Word
from tlsmith.scan.shell.program import name_of, programs, runs_words
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
_EVALUATING = frozenset(
    [
        "eval", "ssh", "su", "watch", "trap", "retry", "parallel", "script", "xargs",
        "timeout", "concurrently", "wait-on", "npm-run-all", "start-server-and-test",
        "crontab", "vagrant", "wsl", "doas", "sudo", "runuser", "salt", "salt-call",
        "salt-ssh",
    ]
)  # fmt: skip
_WORDS = re.compile(r"\S+\s+\S")
_SAYING = re.compile(
    r"(?i)(?:msg|message|help|usage|desc\w*|text|error|err|warn\w*|hint|note|title|banner"
    r"|prompt|reason|example|pattern|regex|expected?|doc|info|ps1)$"
)
_LOOKED_UP = re.compile(r"\$\((?:command -v|which|type -p) [\w.-]+\)[ ]+-")
_ASSIGNMENT = re.compile(r"(?P<name>[A-Za-z_]\w*)(?:\[[^\]]*\])?\+?=")
_FILLING = ("add-content", "set-content", "out-file")
_APPLYING = ("kubectl", "oc")
"""Programs that take settings from their input: `kubectl apply -f -`."""
_FILE_OPTION = re.compile(r"(?i)-(?:Literal|File)?Path")
_NEW_LINE = re.compile(r"`n")
_CRON_LINE = re.compile(
    r"\s*(?:(?:[\d*/,-]+[ \t]+){5}|@\w+ly[ \t]+|@reboot[ \t]+)[^\s\d*]"
)
_ESCAPED_LINE = re.compile(r"\\n")
_VERSION = re.compile(r"[\d.]+$")


def parts(source: Source, offsets: Iterable[int]) -> Iterator[Part]:
    """The parts of a shell's text."""
    for command in source.commands:
        yield from _handed_on(source, command)
        yield from _written(source, command)
        for word in _values(command):
            yield from _value(source, word)


def _handed_on(source: Source, command: Command) -> Iterator[Part]:
    """Scripts among a command's arguments, and the here-documents that it runs."""
    words = command.words
    for index in programs(words):
        name = name_of(words[index].text)
        language = _language_of(name)
        if name == "lftp":
            for document in command.documents:
                yield stretch_of(source, document.start, document.end, path=".lftprc")
        if name == "start-process":
            yield _started(source, words[index + 1 :])
        runs = name in _EVALUATING or (index == 0 and _runs(name, words))
        if language is None and not runs:
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


def _runs(name: str, words: Sequence[Word]) -> bool:
    """Whether a function of a script is given nothing but texts, and runs one."""
    return runs_words(name) and all(word.quoted for word in words[1:])


def _started(source: Source, words: Sequence[Word]) -> Part:
    """PowerShell's `Start-Process PROGRAM -ArgumentList "…"` as the command it is."""
    said = [word for word in words if word.text[:1] != "-" or word.quoted]
    return _line_of(source, said, "", "shell")


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


def _written(source: Source, command: Command) -> Iterator[Part]:
    """What is written to a file of a name: `cat > .curlrc <<EOF`, `echo … | tee …`."""
    yield from _scheduled(source, command)
    path = _target(source, command)
    if not path or not command.words:
        return
    for document in command.documents:
        yield stretch_of(source, document.start, document.end, path=path)
    for operator, word in command.redirects:
        if operator.strip() == "<<<":
            yield part_of(source, word.text, word.places, path=path)
    words = command.words[1:]
    name = name_of(command.words[0].text)
    if name == "echo" and any(not word.quoted for word in words):
        yield _line_of(source, words, path)
    elif name in _SPEAKING or (command.words[0].quoted and not words):
        for word in words or command.words:
            text = _ESCAPED_LINE.sub(" \n", word.text)
            if word.text[:1] != "-" or word.quoted:
                yield part_of(source, text, word.places, path=path)
    elif name in _FILLING:
        for word in words:
            if word.quoted and word.text != path:
                text = _NEW_LINE.sub("\n ", word.text)
                yield part_of(source, text, word.places, path=path)


def _scheduled(source: Source, command: Command) -> Iterator[Part]:
    """A line of a crontab that is said to whatever: `{ …; echo "…"; } | crontab -`."""
    words = command.words
    if not words or name_of(words[0].text) not in ("echo", "printf"):
        return
    for word in words[1:]:
        if word.quoted and _CRON_LINE.match(word.text) and "cron" in source.text:
            yield _inner(source, word, "shell")


def _line_of(
    source: Source, words: Sequence[Word], path: str, language: str = "shell"
) -> Part:
    """The line that `echo` makes of its words."""
    pieces: list[str] = []
    places: list[tuple[int, int]] = []
    length = 0
    for word in words:
        if word.text in ("-e", "-n", "-ne", "-en") and not word.quoted:
            continue
        places += [(length + inside, outside) for inside, outside in word.places]
        pieces.append(_ESCAPED_LINE.sub(" \n", word.text))
        length += len(word.text) + 1
    return part_of(source, " ".join(pieces), places, language, path)


def _target(source: Source, command: Command) -> str:
    for operator, word in command.redirects:
        if operator in (">", ">>", ">|", "&>"):
            return _path_of(source, word)
    name = name_of(command.words[0].text) if command.words else ""
    if command.read_by is not None:
        return _file_of(source, command.read_by)
    written = name in ("tee", "sudo", *_FILLING, *_APPLYING)
    return _file_of(source, command) if written else ""


def _path_of(source: Source, word: Word) -> str:
    """A file's name; Windows has backslashes in it."""
    if source.language.name not in ("batch", "powershell"):
        return word.text
    return source.text[word.start : word.end].strip("\"'").replace("\\", "/")


def _file_of(source: Source, command: Command) -> str:
    words = command.words
    if words and name_of(words[0].text) in _FILLING:
        return next((_path_of(source, word) for word in _files_filled(words)), "")
    for index in programs(words):
        name = name_of(words[index].text)
        if name in _APPLYING and any(word.text == "-" for word in words[index + 1 :]):
            return "manifest.yaml"
        if name == "tee":
            files = (word.text for word in words[index + 1 :] if word.text[:1] != "-")
            return next(files, "")
    return ""


def _files_filled(words: Sequence[Word]) -> Iterator[Word]:
    """The file that PowerShell's `Add-Content` and its kin write: named, or first."""
    for index, word in enumerate(words[:-1]):
        if _FILE_OPTION.fullmatch(word.text):
            yield words[index + 1]
    if len(words) > 1 and words[1].text[:1] != "-":
        yield words[1]


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
