"""Scans of what git knows: files that changed, what is staged, every version."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import replace

from tlsmith.scan.engine import Options, Progress, Scan
from tlsmith.scan.examine import Examiner
from tlsmith.scan.finding import Finding
from tlsmith.scan.fingerprint import fingerprints
from tlsmith.scan.git import Repository, Version
from tlsmith.scan.walk import REPOSITORIES, is_vendored


def scan_changed(
    paths: Iterable[str], revision: str, options: Options, progress: Progress | None
) -> Scan:
    """Judge the files that are not as they were in a revision."""
    done, examiner = Scan(), _examiner(options)
    for repository, asked in _repositories(paths):
        commit = repository.commit(revision)
        for name in repository.changed(commit, asked):
            path = _told(repository, name, asked)
            if not os.path.isfile(path) or _is_left_out(name, path, options, done):
                continue
            done.take(path, examiner.file(path, name))
            if progress:
                progress(done.files)
    return done.ordered()


def scan_staged(
    paths: Iterable[str], options: Options, progress: Progress | None
) -> Scan:
    """Judge what is staged, as it is staged."""
    done = Scan()
    for repository, asked in _repositories(paths):
        versions = repository.staged(asked)
        _judge(repository, versions, asked, options, done, progress)
    return done.ordered()


def scan_history(
    paths: Iterable[str], options: Options, progress: Progress | None
) -> Scan:
    """Judge every version of every file; tell each finding once, where it came in."""
    done = Scan()
    for repository, asked in _repositories(paths):
        versions = repository.history(asked)
        _judge(repository, versions, asked, options, done, progress)
    first: dict[str, Finding] = {}
    for finding in done.findings:
        (mark,) = fingerprints([finding])
        first.setdefault(mark, finding)
    done.findings = list(first.values())
    return done.ordered()


def _judge(
    repository: Repository,
    versions: Iterable[Version],
    asked: list[str],
    options: Options,
    done: Scan,
    progress: Progress | None,
) -> None:
    examiner = _examiner(options)
    wanted = _wanted(repository, versions, asked, options, done)
    for version, data in repository.contents(wanted, options.largest):
        path = _told(repository, version.path, asked)
        if data is None:
            done.skipped.add(path, "too large")
            continue
        result = examiner.data(path, version.path, data)
        found = [replace(one, revision=version.commit) for one in result.findings]
        done.take(path, result._replace(findings=found))
        if progress:
            progress(done.files)


def _wanted(
    repository: Repository,
    versions: Iterable[Version],
    asked: list[str],
    options: Options,
    done: Scan,
) -> Iterator[Version]:
    for version in versions:
        path = _told(repository, version.path, asked)
        if not _is_left_out(version.path, path, options, done):
            yield version


def _examiner(options: Options) -> Examiner:
    return Examiner(options.rules, options.largest, options.cache)


def _repositories(paths: Iterable[str]) -> list[tuple[Repository, list[str]]]:
    """The repositories that paths lie in, each with its paths."""
    found: dict[str, tuple[Repository, list[str]]] = {}
    for path in paths:
        repository = Repository(path)
        found.setdefault(repository.top, (repository, []))[1].append(path)
    return list(found.values())


def _told(repository: Repository, name: str, asked: list[str]) -> str:
    """A path of a repository as the user would write it."""
    path = os.path.join(repository.top, name)
    if all(os.path.isabs(one) for one in asked):
        return path
    return os.path.relpath(path, os.path.realpath(".")).replace(os.sep, "/")


def _is_left_out(name: str, path: str, options: Options, done: Scan) -> bool:
    folders = name.split("/")[:-1]
    if not REPOSITORIES.isdisjoint(folders):
        return True
    reason = ""
    if not options.choice.vendored and is_vendored(folders):
        reason = "vendored"
    elif options.choice.excludes is not None and options.choice.excludes(path):
        reason = "excluded"
    if reason:
        done.skipped.add(path, reason)
    return bool(reason)
