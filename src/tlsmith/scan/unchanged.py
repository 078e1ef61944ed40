"""What an earlier scan said of files that nobody has touched since.

What is said of a file hangs on its bytes, its path and the rules alone. So it need not
be worked out again, as long as the file system shows that the file is the same: its
inode, size and times. No program can set the time of an inode's last change, so bytes
that were changed and a modification time that was put back are seen. What is said of
keys and certificates hangs on the day, and on other files, and is never kept.
"""

from __future__ import annotations

import json
import os
import stat
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

from tlsmith.scan.artefacts import asked as about_artefacts
from tlsmith.scan.caching import keep
from tlsmith.scan.examine import Examined
from tlsmith.scan.finding import Edit, Finding
from tlsmith.scan.rule import Rule

_RECENT = 3_000_000_000
"""Nanoseconds: a file changed so shortly before may be changed again with no
difference in its times, as git knows of its index. FAT counts in two seconds.
"""
_MOST = 200_000
"""Files that are kept of one tree, in some 60 MB."""
_MOST_FINDINGS = 20_000
_LASTING = (None, "generated", "binary")
"""Why a file is left out that will be left out again."""
_NOTHING = Examined([])

_Entry = list[Any]
"""Inode, size, times of modification and change in nanoseconds; and if anything came
of the file, why it was skipped and its findings.
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
        self._dated = {rule.id for rule in about_artefacts(rules)}
        self._known = _read(self._file)
        self._kept: dict[str, _Entry] = {}
        self._asked: dict[str, _Entry] = {}
        self._findings = 0
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
                result = _result(known[_MARK:])
                self._keep(path, known, len(result.findings))
                return result
        if stat.S_ISREG(facts.st_mode) and max(mark[2:]) < self._now - _RECENT:
            self._asked[path] = mark
        return None

    def add(self, path: str, result: Examined) -> None:
        """What came of a file that was asked about."""
        mark = self._asked.pop(path, None)
        if mark is None or not self._lasts(result):
            return
        if any(result):
            said = [asdict(finding) for finding in result.findings]
            mark = [*mark, result.skipped, said]
        self._keep(path, mark, len(result.findings))

    def _lasts(self, result: Examined) -> bool:
        return (
            result.skipped in _LASTING
            and not (result.facts or result.problem)
            and not any(finding.rule in self._dated for finding in result.findings)
        )

    def _keep(self, path: str, entry: _Entry, findings: int) -> None:
        findings += self._findings
        if len(self._kept) < _MOST and findings <= _MOST_FINDINGS:
            self._findings = findings
            self._kept[path] = entry

    def write(self) -> None:
        """Keep what this scan has seen, and no more."""
        if self._kept != self._known:
            keep(self._file, json.dumps(self._kept, separators=(",", ":")).encode())


def _result(said: list[Any]) -> Examined:
    skipped, findings = said
    return Examined([_finding(one) for one in findings], skipped)


def _finding(said: dict[str, Any]) -> Finding:
    edits = tuple(Edit(**edit) for edit in said["edits"])
    return Finding(**{**said, "cwe": tuple(said["cwe"]), "edits": edits})


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
