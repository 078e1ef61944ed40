"""Values in Kubernetes Secrets, kubeconfigs and the like: base64 under a key.

No YAML library: what is read is the plain shape that `kubectl`, Helm and people write,
one `key: value` a line, a value perhaps quoted or a block below its key.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

# What "-----BEGIN" looks like in base64: a value that starts so is one of ours,
# whatever its key, as in a kubeconfig or in Traefik's acme.json.
PEM_IN_BASE64 = "LS0tLS1CRUdJTi"
_MOST_NODES = 200_000

_LINE = re.compile(
    r"(?P<indent> *(?:- +)?)(?P<quote>[\"']?)(?P<key>[\w./-]+)(?P=quote) *: *"
    r"(?P<value>.*)"
)
_DOCUMENT = re.compile(r"^---.*$", re.MULTILINE)
_SECRET = re.compile(
    r"^ *(?:- +)?kind: *[\"']?Secret[\"']? *(?:#.*)?\r?$", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A value under a key.

    Args:
        value: base64, blanks taken out.
        offset: of its line, octets; 0 in JSON.
        in_secret: it is in the data of a Secret, which must be base64.
    """

    key: str
    value: str
    offset: int
    in_secret: bool


def scan_secret(data: bytes) -> list[Entry]:
    """Return the base64 values of a YAML or JSON text that may hold our objects."""
    if PEM_IN_BASE64.encode() not in data and b"Secret" not in data:
        return []
    text = data.decode("utf-8", "replace")
    if text.lstrip()[:1] in "{[":
        return list(_json_entries(text))
    entries: list[Entry] = []
    start = 0
    for match in _DOCUMENT.finditer(text):
        entries += _yaml_entries(text[start : match.start()], start)
        start = match.start() + 3
    return entries + list(_yaml_entries(text[start:], start))


def _json_entries(text: str) -> Iterator[Entry]:
    try:
        waiting: list[tuple[Any, bool]] = [(json.loads(text), False)]
    except (ValueError, RecursionError):
        return
    for _ in range(_MOST_NODES):
        if not waiting:
            return
        value, in_secret = waiting.pop()
        if isinstance(value, list):
            waiting += [(one, False) for one in reversed(value)]
        elif isinstance(value, dict):
            is_secret = value.get("kind") == "Secret"
            for key, one in value.items():
                if isinstance(one, dict | list):
                    waiting.append((one, is_secret and key == "data"))
                elif isinstance(one, str) and (
                    in_secret or one.startswith(PEM_IN_BASE64)
                ):
                    yield Entry(key, "".join(one.split()), 0, in_secret)


def _yaml_entries(document: str, offset: int) -> Iterator[Entry]:
    lines = document.splitlines(keepends=True)
    reading = _Reading(_SECRET.search(document) is not None)
    index = 0
    while index < len(lines):
        match = _LINE.match(lines[index])
        following = index + 1
        if match:
            value, following = reading.read(match, lines, index)
            if value:
                yield Entry(match["key"], value, offset, reading.inside)
        offset += sum(len(line.encode()) for line in lines[index:following])
        index = following


class _Reading:
    """Where in a document the reader is: in the data of a Secret, or not."""

    def __init__(self, is_secret: bool) -> None:
        self.is_secret = is_secret
        self.inside = False
        self._data: int | None = None
        self._child: int | None = None

    def read(
        self, match: re.Match[str], lines: list[str], index: int
    ) -> tuple[str, int]:
        """Return the value of a line, empty if it is none of ours, and the next line.

        The lines of a block belong to their key: nothing in them is looked at again.
        """
        indent = len(match["indent"])
        self._place(indent)
        first = re.sub(r"(^|\s)#.*", "", match["value"])
        first = first.strip().removeprefix("!!binary").strip()
        if self.is_secret and match["key"] == "data" and not first:
            self._data, self._child = indent, None
            return "", index + 1
        value, following = first.strip("\"'"), index + 1
        if first[:1] in ("|", ">") or (self.inside and not first):
            value, following = _block(lines, index + 1, indent)
        value = "".join(value.split())
        ours = self.inside or value.startswith(PEM_IN_BASE64)
        return (value if ours else ""), following

    def _place(self, indent: int) -> None:
        if self._data is not None and indent <= self._data:
            self._data = None
        if self._data is not None and self._child is None:
            self._child = indent
        self.inside = self._data is not None and indent == self._child


def _block(lines: list[str], index: int, indent: int) -> tuple[str, int]:
    """Return the lines that stand deeper than `indent`, and the first that does not."""
    start = index
    while index < len(lines):
        line = lines[index]
        if line.strip() and len(line) - len(line.lstrip(" ")) <= indent:
            break
        index += 1
    return "".join(lines[start:index]), index
