"""The files that an earlier scan found nothing in, and that nobody has touched since.

What is said of most files is nothing, and it hangs on their bytes, their path and the
rules alone. So it need not be worked out again, as long as the file system shows that
the file is the same: its inode, size and times. No program can set the time of an
inode's last change, so bytes that were changed and a modification time that was put
back are seen. What depends on the day (a certificate that expires) is never kept.
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

from tlsmith.scan.caching import keep
from tlsmith.scan.rule import Rule

_RECENT = 3_000_000_000
"""Nanoseconds: a file changed so shortly before may be changed again with no
difference in its times, as git knows of its index. FAT counts in two seconds.
"""
_MOST = 200_000
"""Files that are kept of one tree, in some 60 MB."""

_Mark = list[int]


class Unchanged:
    """What is known of the files below some folders.

    Args:
        tops: The folders, as they were given: what a path tells of a language hangs
            on that.
        asked: What the answers hang on besides the files (`question`).
        cache: The folder for what is kept.
    """

    def __init__(self, tops: Sequence[str], asked: str, cache: str) -> None:
        places = [os.path.abspath("."), *tops, asked]
        self._file = os.path.join(cache, f"unchanged-{_short(repr(places))}.json")
        self._known = _read(self._file)
        self._still: dict[str, _Mark] = {}
        self._asked: dict[str, _Mark] = {}
        self._now = time.time_ns()

    def holds(self, path: str) -> bool:
        """Whether nothing was found in a file, and it is the same still.

        It is to be asked before the file is read: what is written after that will be
        seen the next time.
        """
        try:
            facts = os.lstat(path)
        except OSError:
            return False
        mark = [facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns]
        if self._known.get(path) == mark:
            self._still[path] = mark
            return True
        if stat.S_ISREG(facts.st_mode) and max(mark[2:]) < self._now - _RECENT:
            self._asked[path] = mark
        return False

    def add(self, path: str) -> None:
        """Nothing was found in a file that was asked about."""
        mark = self._asked.pop(path, None)
        if mark is not None and len(self._still) < _MOST:
            self._still[path] = mark

    def write(self) -> None:
        """Keep what this scan has seen, and no more."""
        if self._still != self._known:
            keep(self._file, json.dumps(self._still, separators=(",", ":")).encode())


def question(rules: Sequence[Rule], largest: int) -> str:
    """What the answers hang on besides the files: the rules, and who judges by them."""
    code = [*Path(__file__).parent.rglob("*.py"), *Path(__file__).parent.glob("*.toml")]
    facts = sorted(
        (str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in code
    )
    return _short(repr((tuple(rules), largest, sys.version, facts)))


def _short(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:24]


def _read(file: str) -> dict[str, _Mark]:
    """What was kept; nothing if that is not there, or is broken."""
    with suppress(OSError, ValueError), open(file, encoding="ascii") as stream:
        known = json.load(stream)
        if isinstance(known, dict):
            return known
    return {}
