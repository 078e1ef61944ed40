"""How a project is to be scanned, as its own files say."""

from __future__ import annotations

import contextlib
import os
import tomllib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any

from tlsmith.errors import ConfigError
from tlsmith.scan.finding import SEVERITIES, Finding
from tlsmith.scan.glob import is_match

OWN, PYPROJECT = ".tlsmith.toml", "pyproject.toml"
FAIL_ON = (*SEVERITIES, "never")
_LISTS = ("disable", "exclude")
_CHOICES = {"fail-on": FAIL_ON, "min-severity": SEVERITIES}
_KNOWN = (*_LISTS, *_CHOICES, "severity", "paths")
_OF_PATHS = ("path", "rules", "reason")


@dataclass(frozen=True)
class PathRule:
    """Rules that do not count below a path, and why.

    Args:
        path: A pattern as in .gitignore, from the folder of the settings.
        rules: Their ids, as patterns of a shell: `*` is every one.
        reason: Why: told wherever such a finding is told.
    """

    path: str
    rules: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class Settings:
    """What `[tool.tlsmith.scan]` says.

    Args:
        folder: Where the file is that says it; patterns begin there.
        disable: Patterns of ids of rules that are not asked.
        exclude: Patterns of paths that are not read.
        severity: Severities by patterns of rules' ids, in place of their own; where
            several fit, the last one holds.
        paths: Rules that do not count somewhere.
        fail_on: From which severity on the exit code is 1; `never` for none.
        min_severity: What is less severe is not told.
        file: The file itself; None where there is none.
    """

    folder: str = "."
    disable: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    severity: Mapping[str, str] = field(default_factory=dict)
    paths: tuple[PathRule, ...] = ()
    fail_on: str | None = None
    min_severity: str | None = None
    file: str | None = None

    def applied(self, finding: Finding) -> Finding:
        """The finding with this project's severity for it, suppressed if it says so."""
        severity = self._severity_of(finding.rule)
        if severity is not None:
            reason = "; ".join(
                filter(None, (finding.reason, "severity set by settings"))
            )
            finding = replace(finding, severity=severity, reason=reason)
        if finding.suppressed is not None:
            return finding
        path = self.inside(finding.path)
        for one in self.paths:
            if is_match(one.path, path) and is_named(finding.rule, one.rules):
                return replace(finding, suppressed=one.reason)
        return finding

    def _severity_of(self, rule: str) -> str | None:
        found = [one for one in self.severity if fnmatchcase(rule, one)]
        return self.severity[found[-1]] if found else None

    def is_excluded(self, path: str) -> bool:
        """Whether a file is not to be read."""
        inside = self.inside(path)
        return any(is_match(pattern, inside) for pattern in self.exclude)

    def inside(self, path: str) -> str:
        """A path as seen from the folder of the settings."""
        try:
            seen = os.path.relpath(path, self.folder)
        except ValueError:  # another drive
            return path
        return seen.replace(os.sep, "/")


def is_named(rule: str, patterns: Iterable[str]) -> bool:
    """Whether a rule's id fits one of some patterns, as a shell has them."""
    return any(fnmatchcase(rule, pattern) for pattern in patterns)


def names_any(pattern: str, rules: Iterable[str]) -> bool:
    """Whether a pattern is that of any of some rules' ids."""
    return any(fnmatchcase(rule, pattern) for rule in rules)


def find_settings(start: str) -> str | None:
    """The nearest file with settings, from a file or folder upward."""
    folder = os.path.abspath(start)
    if not os.path.isdir(folder):
        folder = os.path.dirname(folder)
    while True:
        own = os.path.join(folder, OWN)
        if os.path.isfile(own):
            return own
        project = os.path.join(folder, PYPROJECT)
        if os.path.isfile(project) and _speaks_of_us(project):
            return project
        above = os.path.dirname(folder)
        if above == folder:
            return None
        folder = above


def _speaks_of_us(project: str) -> bool:
    """Whether a project's file has our table; one that is broken has not."""
    with contextlib.suppress(OSError, ValueError), open(project, "rb") as stream:
        return _section(tomllib.load(stream), project) is not None
    return False


def load_settings(file: str, rules: Collection[str]) -> Settings:
    """The settings of a file.

    Args:
        rules: The ids of every rule there is.

    Raises:
        ConfigError: Every mistake in it at once.
    """
    section = _section(_read(file), file)
    if section is None:
        raise _bad(file, [f"there is no table {_table_name(file)}"])
    if not isinstance(section, dict):
        raise _bad(file, [f"{_table_name(file)} is no table"])
    mistakes = list(_mistakes(section, rules))
    if mistakes:
        raise _bad(file, mistakes)
    return Settings(
        folder=os.path.dirname(os.path.abspath(file)),
        disable=tuple(section.get("disable", ())),
        exclude=tuple(section.get("exclude", ())),
        severity=dict(section.get("severity", {})),
        paths=tuple(
            PathRule(entry["path"], tuple(entry["rules"]), entry["reason"])
            for entry in section.get("paths", ())
        ),
        fail_on=section.get("fail-on"),
        min_severity=section.get("min-severity"),
        file=file,
    )


def _read(file: str) -> dict[str, Any]:
    try:
        with open(file, "rb") as stream:
            return tomllib.load(stream)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise _bad(file, [f"it cannot be read: {reason}"]) from error
    except ValueError as error:  # no TOML, or no UTF-8
        raise _bad(file, [f"it is no TOML: {error}"]) from error


def _section(facts: dict[str, Any], file: str) -> Any:
    names = _table_name(file)[1:-1].split(".")
    value: Any = facts
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _table_name(file: str) -> str:
    return "[tool.tlsmith.scan]" if os.path.basename(file) == PYPROJECT else "[scan]"


def _bad(file: str, mistakes: list[str]) -> ConfigError:
    count = f"{len(mistakes)} mistakes" if len(mistakes) > 1 else mistakes[0]
    return ConfigError(
        f"the settings in {file!r} are wrong: {count}",
        mistakes=mistakes,
        hint="see docs/scan.md for what can be set",
    )


def _mistakes(section: dict[str, Any], rules: Collection[str]) -> Iterator[str]:
    yield from (f"{name!r} is no setting" for name in section if name not in _KNOWN)
    for name in _LISTS:
        if not _is_words(section.get(name, [])):
            yield f"{name} is no list of words"
    yield from _unknown("disable", section.get("disable", []), rules)
    for name, choices in _CHOICES.items():
        if name in section and section[name] not in choices:
            yield f"{name} {section[name]!r} is none of {', '.join(choices)}"
    yield from _severity_mistakes(section.get("severity", {}), rules)
    yield from _path_mistakes(section.get("paths", []), rules)


def _severity_mistakes(table: Any, rules: Collection[str]) -> Iterator[str]:
    if not isinstance(table, dict):
        yield "severity is no table of rules"
        return
    yield from _unknown("severity", list(table), rules)
    for rule, severity in table.items():
        if severity not in SEVERITIES:
            yield f"severity of {rule}: {severity!r} is none of {', '.join(SEVERITIES)}"


def _path_mistakes(entries: Any, rules: Collection[str]) -> Iterator[str]:
    if not isinstance(entries, list) or not all(
        isinstance(one, dict) for one in entries
    ):
        yield "paths is no list of tables"
        return
    for number, entry in enumerate(entries, 1):
        where = f"paths, entry {number}"
        unknown = [name for name in entry if name not in _OF_PATHS]
        yield from (f"{where}: {name!r} is no setting" for name in unknown)
        for name in ("path", "reason"):
            value = entry.get(name)
            if not isinstance(value, str) or not value.strip():
                yield f"{where}: {name} is missing or empty"
        if not entry.get("rules") or not _is_words(entry["rules"]):
            yield f'{where}: rules is no list of rules, such as ["*"]'
        else:
            yield from _unknown(where, entry["rules"], rules)


def _unknown(where: str, named: Any, rules: Collection[str]) -> Iterator[str]:
    if _is_words(named):
        yield from (
            f"{where}: there is no rule {name!r}"
            for name in named
            if not names_any(name, rules)
        )


def _is_words(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(word, str) for word in value)
