"""The files that git's configuration includes."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from tlsmith.scan.regular import read
from tlsmith.scan.runtime.machine import Machine
from tlsmith.scan.source import decode

_SECTION = re.compile(r"\s*\[\s*(\w+)(?:\s+\"[^\"]*\")?\s*\]", re.IGNORECASE)
_PATH = re.compile(r"\s*path\s*=\s*\"?([^\"\n#;]+?)\"?\s*(?:[#;].*)?$", re.IGNORECASE)
_DEEPEST = 10
_LARGEST = 1 << 20


def included(path: str, machine: Machine, depth: int = 0) -> Iterator[str]:
    """The files that a file of git's configuration includes, on whatever condition."""
    if depth == _DEEPEST:
        return
    for written in _written(path):
        inner = os.path.normpath(machine.path(written, os.path.dirname(path)))
        if os.path.isfile(inner):
            yield inner
            yield from included(inner, machine, depth + 1)


def _written(path: str) -> Iterator[str]:
    """The paths that stand in `[include]` and `[includeIf]`."""
    try:
        data = read(path, _LARGEST)
    except OSError:
        return
    section = ""
    for line in decode(data or b"").splitlines():
        header = _SECTION.match(line)
        section = header[1].lower() if header else section
        named = _PATH.match(line, header.end() if header else 0)
        if named and section in ("include", "includeif"):
            yield named[1]
