"""Values in Kubernetes Secrets, kubeconfigs and the like: base64 under a key.

No YAML library: what is read is the plain shape that `kubectl`, Helm and people write,
one `key: value` a line, a value perhaps quoted or a block below its key.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

# What "-----BEGIN" looks like in base64: a value that starts so is one of ours,
# whatever its key, as in a kubeconfig or in Traefik's acme.json.
PEM_IN_BASE64 = "LS0tLS1CRUdJTi"
ALPHABET = re.compile(r"[A-Za-z0-9+/]*=*", re.ASCII)
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
    is_secret = _SECRET.search(document) is not None
    data_indent: int | None = None
    lines = document.splitlines(keepends=True)
    for index, line in enumerate(lines):
        match = _LINE.match(line)
        if match:
            indent = len(match["indent"])
            if data_indent is not None and indent <= data_indent:
                data_indent = None
            value = _value(match["value"], indent, lines, index)
            inside = is_secret and data_indent is not None
            if match["key"] == "data" and not match["value"].strip():
                data_indent = indent
            elif value and (inside or value.startswith(PEM_IN_BASE64)):
                yield Entry(match["key"], value, offset, inside)
        offset += len(line.encode())


def _value(first: str, indent: int, lines: list[str], index: int) -> str:
    """Return a value without quotes, comment and blanks."""
    value = re.sub(r"(^|\s)#.*", "", first).strip()
    value = value.removeprefix("!!binary").strip()
    if value and value[0] not in "|>":
        return "".join(value.strip("\"'").split())
    block = []
    for line in islice(lines, index + 1, None):
        if line.strip() and len(line) - len(line.lstrip(" ")) <= indent:
            break
        block.append("".join(line.split()))
    return "".join(block)
