"""What a shell hands on: `bash -c`, `python -c`, files it writes, `NAME="curl …"`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from tlsmith.scan.part import Part, part_of, stretch_of
from tlsmith.scan.parts.assigned import assigned
from tlsmith.scan.parts.edited import edited
from tlsmith.scan.parts.grown import grown
from tlsmith.scan.parts.listed import joined
from tlsmith.scan.refused import is_refused_name
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
    r"(?-i:-[a-z]*[ce])|--eval|--command|-r|-Command|-EncodedCommand|/[ck]", re.I
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
        "crontab", "at", "vagrant", "wsl", "doas", "sudo", "runuser", "salt",
        "salt-call", "salt-ssh", "tmux", "screen",
    ]
)  # fmt: skip
_WORDS = re.compile(r"\S+\s+\S")
_SCRIPT_OPTION = re.compile(
    r"(?i)--?(?:command|commands|ssh-command|remote-command|script-?text|script-?string"
    r"|scripts?|startup-script|user-data|inline|exec)"
)
"""Options by which clouds' programs are given a script for another machine."""
_SAYING = re.compile(
    r"(?i)(?:msg|message|help|usage|desc\w*|text|error|err|warn\w*|hint|note|title|banner"
    r"|prompt|reason|example|pattern|regex|expected?|doc|info|ps1)$"
)
_LOOKED_UP = re.compile(r"\$\((?:command -v|which|type -p) [\w.-]+\)[ ]+-")
_ASSIGNMENT = re.compile(r"(?P<name>[A-Za-z_]\w*)(?:\[[^\]]*\])?\+?=")
_APPLYING = frozenset(["kubectl", "oc"])
"""Programs that take settings from their input: `kubectl apply -f -`."""
_ESCAPED_LINE = re.compile(r"\\n|`n")
_CMDLETS = frozenset(["add-content", "set-content", "out-file", "new-item", "ac", "sc"])
"""PowerShell's, which write their value, or what they are given, to a file."""
_NAMES_FILE = re.compile(r"-(?:literal)?path|-filepath", re.I)
_NAMES_TEXT = re.compile(r"-(?:value|inputobject)", re.I)
_SWITCHES = frozenset(["-force", "-append", "-nonewline", "-noclobber", "-passthru"])
_NAMED_PARAMETER = re.compile(r"(?i)-(?:FilePath|ArgumentList|Args)\b|[\"',@()]")
_ECHOING = frozenset(["echo", "printf"])
_CRON_LINE = re.compile(r"(?:[\d*][\d*/,-]*[ \t]+){5}\S|@(?:reboot|\w+ly)[ \t]+\S")
_COMMANDS = re.compile(r"\bcommands\"?[ ]*[=:][ ]*\[")
_TEXT = re.compile(r"\"([^\"\\\n]{2,2000})\"")
"""A text of a list as JSON has it."""
_SCRIPT = re.compile(r"(?i)[$%{]+\w*(?:script|_sh|_bat|_cmd)[}%]*")
"""The variable that holds a script's name."""


_HELD = re.compile(r"\$\{?\w+\}?$")
"""A path that ends with what a variable holds."""
_MANIFEST = re.compile(r"\s*(?:---\s*\n\s*)?(?:apiVersion|kind):[ \t]*[\w$\"']")
_PYTHON = re.compile(r"(?i)\$\{?(?:\w*_)?(?:py|python)(?:_?script|_?file)?\}?$")


def parts(source: Source, offsets: Iterable[int]) -> Iterator[Part]:
    """The parts of a shell's text."""
    added: dict[str, list[Word]] = {}
    for command in source.commands:
        yield from _handed_on(source, command)
        yield from _told_elsewhere(source, command)
        yield from _looped_over(source, command)
        yield from _written(source, command)
        yield from _written_by_cmdlet(source, command)
        yield from _started(source, command)
        yield from _given_as_script(source, command)
        yield from _aliased(source, command)
        yield from _listed(source, command)
        yield from edited(source, command)
        yield from assigned(source, command)
        for path, word in _added(command):
            added.setdefault(path, []).append(word)
        for word in _values(command):
            yield from _value(source, word)
    for path, words in added.items():
        if len(words) > 1:
            yield _in_pieces(source, path, words)
    yield from grown(source)


def _added(command: Command) -> Iterator[tuple[str, Word]]:
    """What a command adds to a file, with the file: `echo … >> FILE`."""
    name = name_of(command.words[0].text) if command.words else ""
    if name not in _ECHOING:
        return
    for operator, target in command.redirects:
        if operator in (">", ">>"):
            for word in _said(command):
                yield _path_of(target), word


def _said(command: Command) -> Iterator[Word]:
    """What a command that speaks is given to say: all but the options before it."""
    saying = False
    for word in command.words[1:]:
        saying = saying or word.text[:1] != "-" or word.quoted
        if saying:
            yield word


def _in_pieces(source: Source, path: str, words: Sequence[Word]) -> Part:
    """A file that several commands write, a line or a word each."""
    text = ""
    places: list[tuple[int, int]] = []
    for word in words:
        same_line = bool(text) and "\n" not in source.text[places[-1][1] : word.start]
        text += " " if same_line else "\n"
        for inside, outside in word.places or [(0, word.start)]:
            places.append((len(text) + inside, outside))
        text += _ESCAPED_LINE.sub(" \n", word.text)
    return part_of(source, text, places, path=path)


def _written_by_cmdlet(source: Source, command: Command) -> Iterator[Part]:
    """`Add-Content .npmrc 'strict-ssl=false'`, `'insecure' | Out-File _curlrc`."""
    if not command.words or command.words[0].text.lower() not in _CMDLETS:
        return
    path, text = "", list(command.reads.words if command.reads else ())
    rest = iter(command.words[1:])
    for word in rest:
        if _NAMES_FILE.fullmatch(word.text):
            path = _as_written(source, next(rest, word))
        elif _NAMES_TEXT.fullmatch(word.text):
            text = [next(rest, word)]
        elif word.text.lower() in _SWITCHES:
            continue
        elif word.text[:1] == "-" and not word.quoted:
            next(rest, None)
        elif not path:
            path = _as_written(source, word)
        else:
            text = [word]
    for word in text if path else ():
        inner = _ESCAPED_LINE.sub(" \n", word.text)
        yield part_of(source, inner, word.places, path=path)


def _handed_on(source: Source, command: Command) -> Iterator[Part]:
    """Scripts among a command's arguments, and the here-documents that it runs."""
    words = command.words
    for index in programs(words):
        name = name_of(words[index].text)
        language = _language_of(name)
        if name == "lftp":
            for document in command.documents:
                yield stretch_of(source, document.start, document.end, path=".lftprc")
        runs = name in _EVALUATING or (index == 0 and _runs(name, words))
        if language is None and not runs:
            continue
        for document in command.documents if index == 0 or language else ():
            yield stretch_of(source, document.start, document.end, language or "shell")
        for operator, word in command.redirects:
            if operator == "<<<":  # `bash <<< "curl …"`
                yield _inner(source, word, language or "shell")
        if language is None:
            yield from _evaluated(source, words[index + 1 :])
            continue
        for at in range(index + 1, min(index + 6, len(words) - 1)):
            if _RUNS_TEXT.fullmatch(words[at].text):
                yield _inner(source, words[at + 1], language)
                break


def _told_elsewhere(source: Source, command: Command) -> Iterator[Part]:
    """What a cloud's program has another machine run: `zowe uss issue ssh "…"`."""
    words = command.words
    if not words or name_of(words[0].text) in _SPEAKING | _EVALUATING:
        return
    known = set(programs(words))
    for index, word in enumerate(words[1:], 1):
        if word.text == "ssh" and not word.quoted and index not in known:
            yield from _evaluated(source, words[index + 1 :])
            return


def _runs(name: str, words: Sequence[Word]) -> bool:
    """Whether a function of a script is given nothing but texts, and runs one."""
    return runs_words(name) and all(word.quoted for word in words[1:])


def _language_of(name: str) -> str | None:
    if name in _SHELLS:
        return "shell"
    return _INTERPRETERS.get(name.rstrip("0123456789."))


def _evaluated(source: Source, words: Sequence[Word]) -> Iterator[Part]:
    for word in words:
        if word.quoted and _WORDS.search(word.text):
            yield _inner(source, word, "shell")


def _inner(source: Source, word: Word, language: str) -> Part:
    return part_of(source, word.text, word.places, language)


def _looped_over(source: Source, command: Command) -> Iterator[Part]:
    """`for /f %%i in ('curl …') do` of a batch file."""
    if source.language.name != "batch" or len(command.words) != 1:
        return
    (word,) = command.words
    if source.text.startswith("'", word.start) and _WORDS.search(word.text):
        yield _inner(source, word, "shell")


def _configured(source: Source, command: Command) -> Iterator[Part]:
    """What curl reads as its settings: `curl --config - <<EOF`."""
    words = [word.text for word in command.words]
    if name_of(words[0]) != "curl" or not {"-K", "--config"}.intersection(words):
        return
    for document in command.documents:
        yield stretch_of(source, document.start, document.end, path=".curlrc")
    for operator, word in command.redirects:
        if operator.strip() == "<<<":
            yield part_of(source, word.text, word.places, path=".curlrc")


def _written(source: Source, command: Command) -> Iterator[Part]:
    """What is written to a file of a name: `cat > .curlrc <<EOF`, `echo … | tee …`."""
    path = _target(command)
    if not command.words:
        return
    if not path:
        yield from _configured(source, command)
        yield from _crontab_lines(source, command)
        yield from _told_whole(source, command)
        return
    for document in command.documents:
        text = source.text[document.start : document.end]
        yield stretch_of(
            source, document.start, document.end, path=_path_by_text(path, text)
        )
    for operator, word in command.redirects:
        if operator.strip() == "<<<":
            text = _ESCAPED_LINE.sub(" \n", word.text)
            if source.text.startswith("$'", word.start):
                text = f" {text[1:]}"
            yield part_of(source, text, word.places, path=path)
    if name_of(command.words[0].text) in _SPEAKING:
        for word in _said(command):
            text = _ESCAPED_LINE.sub(" \n", word.text)
            yield part_of(source, text, word.places, path=path)


def _told_whole(source: Source, command: Command) -> Iterator[Part]:
    """A manifest that is told to whoever asks: `KUBECONFIG="$(cat <<EOF …)"`."""
    if name_of(command.words[0].text) == "cat" and len(command.words) == 1:
        for document in command.documents:
            text = source.text[document.start : document.end]
            if _MANIFEST.match(text):
                yield stretch_of(
                    source, document.start, document.end, path="manifest.yaml"
                )


def _path_by_text(path: str, text: str) -> str:
    """A path that a variable holds, with an ending for what is written there."""
    if _HELD.search(path) is None:
        return path
    return f"{path}.yaml" if _MANIFEST.match(text) else path


def _started(source: Source, command: Command) -> Iterator[Part]:
    """`Start-Process curl -ArgumentList '-k', 'https://…'` as the command it runs."""
    if len(command.words) > 2 and command.words[0].text.lower() == "start-process":
        start = command.words[1].start
        text = source.text[start : command.end]
        text = _NAMED_PARAMETER.sub(lambda found: " " * len(found[0]), text)
        yield part_of(source, text, [(0, start)])


def _given_as_script(source: Source, command: Command) -> Iterator[Part]:
    """`az vm run-command invoke --scripts "curl …"`, `--command="curl …"`."""
    is_script = False
    for word in command.words[1:]:
        if word.text[:1] == "-":
            is_script = _SCRIPT_OPTION.fullmatch(word.text) is not None
        elif is_script and word.quoted and _WORDS.search(word.text):
            yield _inner(source, word, "shell")
    for word in command.words[1:]:
        name, equals, text = word.text.partition("=")
        if equals and _SCRIPT_OPTION.fullmatch(name) and _WORDS.search(text):
            start = word.offset(len(name) + 1)
            if word.offset(len(word.text) - 1) - start == len(text) - 1:
                yield part_of(source, text, [(0, start)])


def _listed(source: Source, command: Command) -> Iterator[Part]:
    """`aws ssm send-command --parameters 'commands=["curl …"]'`."""
    for word in command.words[1:]:
        found = _COMMANDS.search(word.text) if word.quoted else None
        for entry in _TEXT.finditer(word.text, found.end()) if found else ():
            text, start = entry[1], word.offset(entry.start(1))
            if word.offset(entry.end(1) - 1) - start == len(text) - 1:
                yield part_of(source, text, [(0, start)])


def _aliased(source: Source, command: Command) -> Iterator[Part]:
    """`alias fetch "curl …"`, as fish and csh have it."""
    words = command.words
    if len(words) == 3 and words[0].text == "alias" and "=" not in words[1].text:
        yield from _evaluated(source, words[2:])


def _as_written(source: Source, word: Word) -> str:
    """A path with its backslashes, which escape nothing in PowerShell."""
    return source.text[word.start : word.end].strip("\"'")


def _crontab_lines(source: Source, command: Command) -> Iterator[Part]:
    """Lines of a crontab that are echoed, where some are handed to `crontab`."""
    if name_of(command.words[0].text) in _ECHOING and source.holds("crontab"):
        for word in command.words[1:]:
            if word.quoted and _CRON_LINE.match(word.text):
                yield _inner(source, word, "shell")


def _path_of(word: Word) -> str:
    if _PYTHON.search(word.text):
        return f"{word.text}.py"
    return f"{word.text}.sh" if _SCRIPT.fullmatch(word.text) else word.text


def _target(command: Command) -> str:
    for operator, word in command.redirects:
        if operator in (">", ">>", ">|", "&>"):
            return _path_of(word)
    name = name_of(command.words[0].text) if command.words else ""
    if command.read_by is not None:
        return _file_of(command.read_by)
    written = name in ("tee", "sudo") or name in _APPLYING
    return _file_of(command) if written else ""


def _file_of(command: Command) -> str:
    words = command.words
    for index in programs(words):
        name = name_of(words[index].text)
        if name in _APPLYING and any(word.text == "-" for word in words[index + 1 :]):
            return "manifest.yaml"
        if name == "tee":
            files = (word.text for word in words[index + 1 :] if word.text[:1] != "-")
            return next(files, "")
    return ""


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


_FOR_SCHEME = re.compile(r"\w+::(?=/)")
"""What makepkg fetches with a program begins so: `https::/usr/bin/curl …`."""


def _commands(source: Source, word: Word) -> Iterator[Part]:
    """The commands that an array holds, each in one of its words."""
    for item in word.items:
        if item.quoted and _WORDS.match(item.text):
            scheme = _FOR_SCHEME.match(item.text)
            text = item.text[scheme.end() if scheme else 0 :]
            start = item.offset(len(item.text) - len(text))
            yield part_of(source, text, [(0, start)])


def _value(source: Source, word: Word) -> Iterator[Part]:
    found = _ASSIGNMENT.match(word.text)
    if found is None or _SAYING.search(found["name"]):
        return
    if len(word.items) > 1 and word.items[0].text[:1] != "-":
        if not is_refused_name(found["name"]):
            yield joined(source, [(item.text, item.offset(0)) for item in word.items])
            yield from _commands(source, word)
        return
    if word.items:
        yield from _commands(source, word)
        return
    text = word.text[found.end() :]
    if text[:1] == "-" and "--help" in text.split():
        return  # options that are told of
    if not _WORDS.match(text) or (
        text.startswith(("$(", "`")) and not _LOOKED_UP.match(text)
    ):
        return
    start = word.offset(found.end())
    if word.offset(len(word.text) - 1) - start == len(text) - 1:
        yield part_of(source, text, [(0, start)])
