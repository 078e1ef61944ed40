"""The configuration: a TOML file, over it the environment, over both the options."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import Field, fields, is_dataclass
from typing import Any

from tlsmith.errors import ConfigError
from tlsmith.files import read_file
from tlsmith.server.settings import ServeSettings

PREFIX = "TLSMITH_SERVE_"
# What every command of the authority reads (see the contract); ours go over them.
SHARED = {
    "TLSMITH_STORE": "store",
    "TLSMITH_PASSPHRASE_FILE": "passphrase_file",
}
_LARGEST = 1024 * 1024


def load_settings(
    path: str | None,
    environment: Mapping[str, str],
    options: Mapping[str, str | None],
) -> ServeSettings:
    """Return the settings, or every mistake that is in them.

    Args:
        path: of the TOML file, if there is one.
        options: what the command line said, by path such as "tls.names".

    Raises:
        ConfigError: mistakes, each with where it was found.
        FileError: the file cannot be read.
    """
    found = _Found()
    if path is not None:
        found.take_file(path)
    found.take_environment(environment)
    for name, value in options.items():
        if value is not None:
            found.take(name, value, f"--{name.replace('.', '-').replace('_', '-')}")
    if "store" not in found.values and not found.is_wrong("store"):
        found.mistakes.append("store: not set")
    if found.mistakes:
        count = len(found.mistakes)
        raise ConfigError(
            f"the configuration has {count} mistake{'s' if count > 1 else ''}",
            mistakes=found.mistakes,
            hint="see docs/serve.md for every setting",
        )
    return found.built()


def settings_table() -> dict[str, Field[Any]]:
    """Return every setting's field by its path, such as "tls.names"."""
    return {path: each for path, each in _walk(ServeSettings(), "")}


def changed(old: ServeSettings, new: ServeSettings, *, live: bool) -> list[str]:
    """Return the paths whose values differ.

    Args:
        live: those that take effect at once, or those that need a restart.
    """
    return [
        path
        for path, each in settings_table().items()
        if each.metadata["live"] is live and _value(old, path) != _value(new, path)
    ]


def _value(settings: ServeSettings, path: str) -> Any:
    value: Any = settings
    for part in path.split("."):
        value = getattr(value, part)
    return value


def _walk(table: Any, prefix: str) -> Iterator[tuple[str, Field[Any]]]:
    for each in fields(table):
        value = getattr(table, each.name)
        if is_dataclass(value):
            yield from _walk(value, f"{prefix}{each.name}.")
        else:
            yield prefix + each.name, each


class _Found:
    """What was read so far, and what was wrong with it."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.mistakes: list[str] = []
        self._table = settings_table()
        self._groups = {path.split(".")[0] for path in self._table if "." in path}

    def take_file(self, path: str) -> None:
        """Take what a TOML file says."""
        try:
            document = tomllib.loads(read_file(path, largest=_LARGEST).decode())
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            self.mistakes.append(f"{path}: not TOML: {error}")
            return
        for name, value in document.items():
            if not isinstance(value, dict):
                self.take(name, value, f"{path}: {name}")
            elif name in self._groups:
                for key, below in value.items():
                    self.take(f"{name}.{key}", below, f"{path}: {name}.{key}")
            else:
                self._unknown(name, f"{path}: [{name}]", sorted(self._groups))

    def take_environment(self, environment: Mapping[str, str]) -> None:
        """Take what the environment says; two underscores are a dot."""
        for variable, path in SHARED.items():
            if environment.get(variable):
                self.take(path, environment[variable], variable)
        for variable in sorted(environment):
            if variable.startswith(PREFIX):
                path = variable.removeprefix(PREFIX).lower().replace("__", ".")
                self.take(path, environment[variable], variable)

    def take(self, path: str, value: Any, source: str) -> None:
        """Take one value, over any that is there already."""
        setting = self._table.get(path)
        if setting is None:
            self._unknown(path, source, sorted(self._table))
            return
        try:
            self.values[path] = setting.metadata["read"](value)
        except ValueError as error:
            self.mistakes.append(f"{source}: {_shown(value)} is not {error}")

    def is_wrong(self, path: str) -> bool:
        """Tell whether a mistake was found in this setting."""
        return any(f"{path}:" in mistake.lower() for mistake in self.mistakes)

    def built(self) -> ServeSettings:
        """Return the settings."""
        whole: dict[str, Any] = {}
        groups: dict[str, dict[str, Any]] = {name: {} for name in self._groups}
        for path, value in self.values.items():
            group, _, name = path.rpartition(".")
            (groups[group] if group else whole)[name] = value
        empty = ServeSettings()
        for group, values in groups.items():
            whole[group] = type(getattr(empty, group))(**values)
        return ServeSettings(**whole)

    def _unknown(self, path: str, source: str, known: list[str]) -> None:
        near = difflib.get_close_matches(path, known, n=1)
        advice = f", did you mean {near[0]}?" if near else ""
        self.mistakes.append(f"{source}: no such setting{advice}")


def _shown(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."
