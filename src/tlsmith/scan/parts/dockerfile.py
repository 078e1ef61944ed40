"""What a Dockerfile runs and writes: RUN, CMD, HEALTHCHECK, here-documents."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from tlsmith.scan.part import Part, part_of, stretch_of
from tlsmith.scan.parts.listed import listed
from tlsmith.scan.shell.reader import last_line
from tlsmith.scan.source import Source

_INSTRUCTION = re.compile(
    r"(?im)^[ \t]*(?:ONBUILD[ \t]+)?"
    r"(?P<name>RUN|CMD|ENTRYPOINT|HEALTHCHECK|COPY|ADD|SHELL)"
    r"\b[ \t]*(?P<rest>(?:[^\\\n]|\\[^\n]|\\[ \t\r]*\n(?:[ \t]*(?:\#[^\n]*)?\n)*"
    r"|(?<=\n)[ \t]*\#[^\n]*\n|\\$)*)"
)
_OPTIONS = re.compile(r"(?:--[\w-]+(?:=(?:\"[^\"\n]*\"|\S+))?(?:[ \t]|\\\r?\n)+)*")
_HEREDOC = re.compile(r"<<-?[ \t]*([\"']?)(?P<mark>\w+)\1")
_COMMENT = re.compile(r"(?m)^[ \t]*\#[^\n]*$")


def parts(source: Source, offsets: Iterable[int]) -> Iterator[Part]:
    """The parts of a Dockerfile."""
    language = "shell"
    at = 0
    while found := _INSTRUCTION.search(source.text, at):
        name = found["name"].upper()
        start = _OPTIONS.match(source.text, found.start("rest")).end()  # type: ignore[union-attr]
        end = at = max(found.end(), found.start() + 1)
        if name == "SHELL":
            language = _shell_of(found["rest"])
            continue
        if name in ("COPY", "ADD", "RUN"):
            document = _document(source, start, end)
            if document is not None:
                at = document[1]
                yield from _written(source, name, (start, end), document)
                continue
        if name == "HEALTHCHECK":
            start = _behind_cmd(source.text, start, end)
        if name not in ("COPY", "ADD"):
            yield _run(source, start, end, language)


def _shell_of(text: str) -> str:
    if re.search(r"pwsh|powershell", text, re.I):
        return "powershell"
    return "batch" if "cmd" in text.lower() else "shell"


def _behind_cmd(text: str, start: int, end: int) -> int:
    found = re.compile(r"CMD[ \t]+", re.I).match(text, start, end)
    return found.end() if found else end


def _document(source: Source, start: int, end: int) -> tuple[int, int] | None:
    """Where the here-document of an instruction begins and ends."""
    found = _HEREDOC.search(source.text, start, end)
    if found is None:
        return None
    first = source.text.find("\n", end) + 1 or len(source.text)
    ended = last_line(source.text, found["mark"], first)
    return first, ended.start() if ended else len(source.text)


def _written(
    source: Source, name: str, line: tuple[int, int], document: tuple[int, int]
) -> Iterator[Part]:
    words = source.text[slice(*line)].split()
    if name == "RUN":
        whole = source.text[line[0] : document[1]]
        if words[0].startswith("<<"):
            interpreter = words[1] if len(words) > 1 else ""
            language = "python" if "python" in interpreter else "shell"
            yield stretch_of(source, *document, language)
        else:  # the shell reads the document: `RUN cat > /etc/x <<EOF`
            mark = _HEREDOC.search(whole)
            tail = f"{mark['mark']}\n" if mark else ""
            yield part_of(source, whole + tail, [(0, line[0])])
    else:
        yield stretch_of(source, *document, path=words[-1])


def _run(source: Source, start: int, end: int, language: str) -> Part:
    text = source.text[start:end]
    if re.match(r"\[\s*[\"'\]]", text):
        return listed(source, start, end)
    text = _COMMENT.sub(lambda found: "\\" + " " * (len(found[0]) - 1), text)
    if language == "shell" and re.match(r"\s*(?:powershell|pwsh)\b", text):
        language = "powershell"
    return part_of(source, text, [(0, start)], language)
