"""The scan itself, as the command asks for it: what is read, and what was found."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tlsmith.errors import TLSmithError
from tlsmith.scan.engine import Options, Scan, scan
from tlsmith.scan.glob import is_match
from tlsmith.scan.rule import Rule
from tlsmith.scan.settings import Settings
from tlsmith.scan.walk import Choice

_CACHE = "scan-cache"


@dataclass(frozen=True)
class Asked:
    """What is to be scanned, and by which rules."""

    paths: Sequence[str]
    rules: Sequence[Rule]
    exclude: Sequence[str] = ()
    settings: Settings = field(default_factory=Settings)
    largest: int = 1 << 20
    ignore: bool = True
    jobs: int | None = None
    again: bool = False
    changed_since: str | None = None
    staged: bool = False
    history: bool = False
    stdin_name: str = "-"
    environment: bool = False
    processes: bool = False

    @property
    def options(self) -> Options:
        """The same as the engine takes it."""
        return Options(
            rules=self.rules,
            largest=self.largest,
            choice=Choice(self.ignore, self.excludes),
            jobs=self.jobs,
            cache=cache_folder(),
            again=self.again,
        )

    @property
    def excludes(self) -> Callable[[str], bool] | None:
        """Says of a path whether it is left out; None if none is."""
        return self._leaves_out if self.exclude or self.settings.exclude else None

    def _leaves_out(self, path: str) -> bool:
        if self.settings.exclude and self.settings.is_excluded(path):
            return True
        seen = os.path.relpath(path) if os.path.isabs(path) else path
        seen = seen.replace(os.sep, "/")
        return any(is_match(pattern, seen) for pattern in self.exclude)


def cache_folder() -> str | None:
    """Return the folder for what is compiled; None where there can be none."""
    from tlsmith.files import data_home

    try:
        return os.path.join(data_home(), _CACHE)
    except TLSmithError:
        return None


def run_scan(asked: Asked, tell: Callable[[int], None]) -> Scan:
    """Scan what is asked for.

    Args:
        tell: Is told now and then how many files have been read.
    """
    paths = [path for path in asked.paths if path != "-"]
    if asked.changed_since or asked.staged or asked.history:
        done = _scan_of_git(asked, paths, tell)
    else:
        done = scan(paths, asked.options, tell) if paths else Scan()
        if "-" in asked.paths:
            _scan_input(asked, done)
    if asked.environment or asked.processes:
        _scan_machine(asked, done)
    return done.ordered()


def _scan_machine(asked: Asked, done: Scan) -> None:
    from tlsmith.scan.runtime import Look

    look = Look(asked.rules, asked.largest, cache_folder(), asked.excludes)
    if asked.environment:
        done.add(look.at_environment(os.environ))
    if asked.processes:
        done.add(look.at_processes())


def _scan_of_git(asked: Asked, paths: list[str], tell: Callable[[int], None]) -> Scan:
    from tlsmith.scan.versions import scan_changed, scan_history, scan_staged

    if asked.changed_since:
        return scan_changed(paths, asked.changed_since, asked.options, tell)
    if asked.staged:
        return scan_staged(paths, asked.options, tell)
    return scan_history(paths, asked.options, tell)


def _scan_input(asked: Asked, done: Scan) -> None:
    from tlsmith.files import read_input
    from tlsmith.scan.examine import Examiner

    examiner = Examiner(asked.rules, asked.largest, cache_folder())
    name = asked.stdin_name
    data = read_input("-", largest=asked.largest)
    done.take(name, examiner.data(name, name, data, named=True))
