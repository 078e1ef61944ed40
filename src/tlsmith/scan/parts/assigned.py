"""What jq and yq set in a file: `yq -i '.tls.verify = false' app.yaml`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tlsmith.scan.part import Part, part_of
from tlsmith.scan.shell.command import Command, Word
from tlsmith.scan.shell.program import name_of, programs
from tlsmith.scan.source import Source

_EDITORS = frozenset({"jq", "yq", "gojq", "jaq"})
_STEP = r"(?:\.?[A-Za-z_][\w-]*|\.?\"[^\"\n]{1,80}\"|\.?\[(?:\"[^\"\n]{1,80}\"|\d*)\])"
_SETTING = re.compile(
    rf"(?P<path>\.{_STEP}(?:{_STEP}){{0,12}})\s*\|?=\s*(?P<value>true|false|\"[^\"\n]*\"|\d+)"
)
_NAME = re.compile(r"[A-Za-z_][\w-]*|\"[^\"\n]+\"")


def assigned(source: Source, command: Command) -> Iterator[Part]:
    """What a command sets, each as a document of one setting."""
    for at in programs(command.words):
        if name_of(command.words[at].text) not in _EDITORS:
            continue
        for word in command.words[at + 1 :]:
            for found in _SETTING.finditer(word.text):
                yield _document(source, word, found)


def _document(source: Source, word: Word, found: re.Match[str]) -> Part:
    """`a: {b: {key: value}}` for `.a.b.key = value`."""
    names = list(_NAME.finditer(found["path"]))
    text, places = "", [(0, word.offset(found.start()))]
    for name in names:
        places.append((len(text), word.offset(found.start() + name.start())))
        text += f"{name[0]}: {{" if name is not names[-1] else f"{name[0]}: "
    places.append((len(text), word.offset(found.start("value"))))
    text += found["value"] + "}" * (len(names) - 1) + "\n"
    return part_of(source, text, places, path="set.yaml")
