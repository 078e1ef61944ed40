"""Reading a configuration whole: every mistake with its path, none hiding another."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, NamedTuple

from tlsmith.errors import InputError

_LIFETIME = re.compile(r"(\d{1,9})\s*(m|h|d)", re.ASCII)
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
LONGEST = timedelta(days=36500)


class Place(NamedTuple):
    """Where in the configuration something stands, and what was found wrong so far."""

    path: str
    mistakes: list[str]

    def at(self, key: str | int) -> Place:
        """Return the place of a key, or of an item of a list."""
        if isinstance(key, int):
            return Place(f"{self.path}[{key}]", self.mistakes)
        if not re.fullmatch(r"[A-Za-z0-9_-]+", key):
            key = repr(key)
        return Place(f"{self.path}.{key}" if self.path else key, self.mistakes)

    def wrong(self, message: str) -> None:
        self.mistakes.append(f"{self.path}: {message}" if self.path else message)


# Reads a value; what is wrong with it goes to the place, and the answer is then None.
Reader = Callable[[Any, Place], Any]


def read_table(
    table: object, readers: Mapping[str, Reader], place: Place
) -> dict[str, Any]:
    """Return what was read of a table, without the keys that are wrong."""
    if not isinstance(table, dict):
        place.wrong(f"a table is needed, not {_shown(table)}")
        return {}
    found = {}
    for key, value in table.items():
        reader = readers.get(key)
        if reader is None:
            place.at(key).wrong(f"no such key{did_you_mean(key, readers)}")
            continue
        read = reader(value, place.at(key))
        if read is not None:
            found[key] = read
    return found


def did_you_mean(word: str, choices: Mapping[str, Any] | tuple[str, ...]) -> str:
    """Return a question for the choice that is nearest, or nothing."""
    from difflib import get_close_matches

    lowered = {choice.lower(): choice for choice in choices}
    near = get_close_matches(word.lower(), lowered, n=1)
    return f"; did you mean {lowered[near[0]]}?" if near else ""


def read_list(of: Callable[[str], Any]) -> Reader:
    """Return a reader of a list of texts, each read by `of`; it raises InputError."""

    def reader(value: Any, place: Place) -> tuple[Any, ...] | None:
        if not isinstance(value, list):
            place.wrong(f'a list such as ["..."] is needed, not {_shown(value)}')
            return None
        found = [
            read_text(of)(item, place.at(number)) for number, item in enumerate(value)
        ]
        return None if None in found else tuple(dict.fromkeys(found))

    return reader


def read_text(of: Callable[[str], Any]) -> Reader:
    """Return a reader of a text, read by `of`, which raises InputError."""

    def reader(value: Any, place: Place) -> Any:
        if not isinstance(value, str):
            place.wrong(f"a text is needed, not {_shown(value)}")
            return None
        try:
            return of(value)
        except InputError as error:
            place.wrong(error.message)
            return None

    return reader


def read_choice(*choices: str) -> Reader:
    """Return a reader of one of `choices`, among which "true" is TOML's true."""

    def reader(value: Any, place: Place) -> str | None:
        text = _shown(value) if isinstance(value, bool) else value
        if text in choices and value not in ("true", "false"):
            return str(text)
        place.wrong(f"one of {', '.join(choices)} is needed, not {_shown(value)}")
        return None

    return reader


def read_count(least: int, most: int) -> Reader:
    """Return a reader of a whole number."""

    def reader(value: Any, place: Place) -> int | None:
        number = isinstance(value, int) and not isinstance(value, bool)
        if number and least <= value <= most:
            return int(value)
        place.wrong(f"a number from {least} to {most} is needed, not {_shown(value)}")
        return None

    return reader


def read_days(value: Any, place: Place) -> timedelta | None:
    """Read a whole number of days."""
    count: int | None = read_count(1, LONGEST.days)(value, place)
    return None if count is None else timedelta(days=count)


def read_lifetime(least: timedelta) -> Reader:
    """Return a reader of a time such as "36h", of at least `least`."""

    def reader(value: Any, place: Place) -> timedelta | None:
        found = _LIFETIME.fullmatch(value) if isinstance(value, str) else None
        if found is None:
            place.wrong(f'a time such as "90m", "36h" or "7d", not {_shown(value)}')
            return None
        lifetime = min(int(found[1]), 10**8) * _UNITS[found[2]]
        if not least <= lifetime <= LONGEST:
            place.wrong(f"{value} is outside {least} to {LONGEST.days} days")
            return None
        return lifetime

    return reader


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    text = f'"{value}"' if isinstance(value, str) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
