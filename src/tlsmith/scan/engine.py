"""A whole scan: the files below some paths, judged by some rules."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice

from tlsmith.errors import FileError
from tlsmith.scan.artefacts import Fact, joined
from tlsmith.scan.examine import PATIENCE, Examined, Examiner
from tlsmith.scan.finding import Finding
from tlsmith.scan.rule import Rule
from tlsmith.scan.unchanged import Unchanged
from tlsmith.scan.walk import Choice, Skipped, walk
from tlsmith.scan.workers import Named, can_work, examined

_FEW = 600
"""Files that one process judges before others could have started."""

Progress = Callable[[int], None]
"""Told now and then how many files are done."""


@dataclass(frozen=True)
class Options:
    """How to scan.

    Args:
        rules: What to ask.
        largest: Bytes; larger files are left out.
        choice: Which files are wanted.
        jobs: How many processes; None is as many as there are cores for us.
        cache: A folder for what is compiled, or None.
        patience: Seconds of processor time that a file may take.
        again: Whether files are judged that an earlier scan has judged, and that
            are the same still.
    """

    rules: Sequence[Rule]
    largest: int = 1 << 20
    choice: Choice = field(default_factory=Choice)
    jobs: int | None = None
    cache: str | None = None
    patience: float = PATIENCE
    again: bool = False


@dataclass
class Scan:
    """What a scan found, and what it left out."""

    findings: list[Finding] = field(default_factory=list)
    skipped: Skipped = field(default_factory=Skipped)
    files: int = 0
    facts: list[Fact] = field(default_factory=list)
    beside: Counter[str] = field(default_factory=Counter)
    """What else was looked at than files, and how many of it."""
    problems: dict[str, str] = field(default_factory=dict)
    """Why files could not be judged, by path."""

    def take(self, path: str, result: Examined) -> None:
        """Take in what came of a file."""
        self.findings += result.findings
        self.facts += result.facts
        if result.problem:
            self.problems[path] = result.problem
        if result.skipped:
            self.skipped.add(path, result.skipped)
        else:
            self.files += 1

    def add(self, other: Scan) -> None:
        """Take in another scan."""
        self.findings += other.findings
        self.files += other.files
        self.beside += other.beside
        for reason, paths in other.skipped.by_reason.items():
            for path in paths:
                self.skipped.add(path, reason)

    def ordered(self) -> Scan:
        """The same, its findings joined over files, in order of path and place."""
        self.findings = joined(self.findings, self.facts)
        self.facts = []
        self.findings.sort(key=lambda one: (one.path, one.line, one.column, one.rule))
        return self


def scan(
    paths: Iterable[str], options: Options, progress: Progress | None = None
) -> Scan:
    """Judge every file below some paths.

    Raises:
        FileError: One of the paths is not there.
    """
    done = Scan()
    examiner = Examiner(options.rules, options.largest, options.cache, options.patience)
    named, folders = _told_apart(paths)
    for path in named:
        done.take(path, examiner.file(path, _inside(path), named=True))
    found: Iterator[Named] = chain.from_iterable(
        _below(top, options, done) for top in folders
    )
    few, found = _peeked(found, _FEW)
    unchanged = None
    if not (few or options.again or options.cache is None):
        unchanged = Unchanged(folders, options.rules, options.largest, options.cache)
        few, found = _peeked(_changed(found, unchanged, done), _FEW)
    jobs = 1 if few else options.jobs or cores()
    told = time.monotonic()
    for file, result in _results(examiner, found, jobs):
        done.take(file.path, result)
        if unchanged is not None:
            unchanged.add(file.path, result)
        if progress and time.monotonic() - told > 0.2:
            told = time.monotonic()
            progress(done.files)
    if unchanged is not None:
        unchanged.write()
    return done.ordered()


def _results(
    examiner: Examiner, files: Iterable[Named], jobs: int
) -> Iterable[tuple[Named, Examined]]:
    """Each file with what comes of it."""
    if jobs == 1 or not can_work():
        return ((file, examiner.file(file.path, file.inside)) for file in files)
    examiner.candidates.prepare()
    return examined(examiner, files, jobs)


def _peeked(files: Iterator[Named], few: int) -> tuple[bool, Iterator[Named]]:
    """Whether there are fewer files than so many, and all of them."""
    first = list(islice(files, few))
    return len(first) < few, chain(first, files)


def _changed(
    files: Iterable[Named], unchanged: Unchanged, done: Scan
) -> Iterator[Named]:
    """Those of some files that are to be judged; the others are done."""
    for file in files:
        known = unchanged.of(file.path)
        if known is None:
            yield file
        else:
            done.take(file.path, known)


def _told_apart(paths: Iterable[str]) -> tuple[list[str], list[str]]:
    """The files and the folders among some paths, each once."""
    files, folders = [], []
    for path in dict.fromkeys(paths):
        if os.path.isdir(path):
            folders.append(path)
        elif os.path.lexists(path):
            files.append(path)
        else:
            raise FileError(
                f"no such file or folder: {path!r}", path=path, code="file-not-found"
            )
    return files, folders


def _below(top: str, options: Options, done: Scan) -> Iterator[Named]:
    cut = len(os.path.join(top, "")) if os.path.isabs(top) else 0
    for path in walk(top, options.choice, done.skipped):
        yield Named(path, cut)


def _inside(path: str) -> str:
    return os.path.basename(path) if os.path.isabs(path) else path


def cores() -> int:
    """How many cores we may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
