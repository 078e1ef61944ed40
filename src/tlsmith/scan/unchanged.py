"""What an earlier scan said of files that nobody has touched since.

What is said of a file hangs on its bytes, its path and the rules alone. So it need not
be worked out again, as long as the file system shows that the file is the same: its
inode, size and times. No program can set the time of an inode's last change, so bytes
that were changed and a modification time that was put back are seen. What is said of a
certificate holds until it expires; what keys and certificates of several files have to
say to each other is found anew each time.
"""

from __future__ import annotations

import json
import os
import stat
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

from tlsmith.scan.caching import keep
from tlsmith.scan.examine import Examined
from tlsmith.scan.rule import Rule
from tlsmith.scan.told import result_of, told

_RECENT = 3_000_000_000
"""Nanoseconds: a file changed so shortly before may be changed again with no
difference in its times, as git knows of its index. FAT counts in two seconds.
"""
_MOST = 200_000
"""Files that are kept of one tree, in some 60 MB."""
_MOST_SAID = 20_000
"""Findings, keys and certificates that are kept."""
_LASTING = (None, "generated", "binary")
"""Why a file is left out that will be left out again."""
_NOTHING = Examined([])

_Entry = list[Any]
"""Inode, size, times of modification and change in nanoseconds; and if anything came
of the file, what is told of that.
"""
_MARK = 4


class Unchanged:
    """What is known of the files below some folders.

    Args:
        tops: The folders, as they were given: what a path tells of a language hangs
            on that.
        rules: What is asked.
        largest: Bytes; larger files are left out.
        cache: The folder for what is kept.
    """

    def __init__(
        self, tops: Sequence[str], rules: Sequence[Rule], largest: int, cache: str
    ) -> None:
        question = [os.path.abspath("."), *tops, _code(), tuple(rules), largest]
        name = sha256(repr(question).encode("utf-8", "surrogatepass")).hexdigest()
        self._file = os.path.join(cache, f"unchanged-{name[:24]}.json")
        self._known = _read(self._file)
        self._kept: dict[str, _Entry] = {}
        self._asked: dict[str, _Entry] = {}
        self._said = 0
        self._now = time.time_ns()

    def of(self, path: str) -> Examined | None:
        """What came of a file, if it is the same still.

        It is to be asked before the file is read: what is written after that will be
        seen the next time.
        """
        try:
            facts = os.lstat(path)
        except OSError:
            return None
        mark = [facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns]
        known = self._known.get(path)
        if known == mark:
            self._kept[path] = mark
            return _NOTHING
        if known and known[:_MARK] == mark:
            with suppress(TypeError, ValueError, LookupError):
                result = result_of(known[_MARK:], self._now / 1e9)
                if result is not None:
                    self._keep(path, known, result)
                    return result
        if stat.S_ISREG(facts.st_mode) and max(mark[2:]) < self._now - _RECENT:
            self._asked[path] = mark
        return None

    def add(self, path: str, result: Examined) -> None:
        """What came of a file that was asked about."""
        mark = self._asked.pop(path, None)
        if mark is None or result.skipped not in _LASTING or result.problem:
            return
        if any(result):
            mark = [*mark, *told(result, self._now / 1e9)]
        self._keep(path, mark, result)

    def _keep(self, path: str, entry: _Entry, result: Examined) -> None:
        said = self._said + len(result.findings) + len(result.facts)
        if len(self._kept) < _MOST and said <= _MOST_SAID:
            self._said = said
            self._kept[path] = entry

    def write(self) -> None:
        """Keep what this scan has seen, and no more."""
        if self._kept != self._known:
            keep(self._file, json.dumps(self._kept, separators=(",", ":")).encode())


def _code() -> list[tuple[str, int, int]]:
    """Who judges: the files of this package, which a version's number is too little
    for where somebody works on them, and the interpreter.
    """
    here = Path(__file__).parent
    files = [*here.rglob("*.py"), *here.glob("*.toml"), Path(sys.executable)]
    facts = [(str(file), file.stat()) for file in files]
    return sorted((name, one.st_size, one.st_mtime_ns) for name, one in facts)


def _read(file: str) -> dict[str, _Entry]:
    """What was kept; nothing if that is not there, or is broken."""
    with suppress(OSError, ValueError), open(file, encoding="ascii") as stream:
        known = json.load(stream)
        if isinstance(known, dict) and all(isinstance(e, list) for e in known.values()):
            return known
    return {}
