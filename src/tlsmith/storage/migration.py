"""The schema's steps: each is a file, made once, in order."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib import resources

from tlsmith.errors import MigrationError

MIGRATIONS = "SELECT number FROM migrations"
MIGRATIONS_TABLE = "CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY)"


def migrations() -> list[tuple[int, str]]:
    """Return (number, SQL) of every step there is, in order."""
    folder = resources.files("tlsmith.storage") / "migrations"
    return sorted(
        (int(file.name[:4]), file.read_text("utf-8"))
        for file in folder.iterdir()
        if file.name.endswith(".sql")
    )


def pending(done: list[int], url: str) -> list[tuple[int, str]]:
    """Return the steps still to be made.

    Raises:
        MigrationError: the store was written by a later version than this.
    """
    known = migrations()
    later = set(done) - {number for number, _ in known}
    if later:
        raise MigrationError(
            f"the store {url} was made by a later version of tlsmith: it has schema "
            f"{max(later)}, and this version knows {known[-1][0]}",
            hint="upgrade tlsmith: pip install --upgrade tlsmith",
        )
    return [step for step in known if step[0] not in done]


def check_current(rows: Sequence[Sequence[int]], url: str) -> None:
    """Refuse a store whose schema is not the one that this version was made for.

    What a later version added could not be kept in order by this one.

    Args:
        rows: of `MIGRATIONS`.

    Raises:
        MigrationError: it is a later one, or an earlier one.
    """
    if pending([row[0] for row in rows], url):
        raise MigrationError(
            f"the store {url} has not the tables of this version",
            hint="bring it up to date: tlsmith ca migrate --store URL",
        )


def statements(text: str, words: dict[str, str]) -> list[str]:
    """Return the statements of a step, in the words of one database."""
    text = re.sub(r"--[^\n]*", "", text)
    for name, word in words.items():
        text = text.replace("{" + name + "}", word)
    return [part.strip() for part in text.split(";") if part.strip()]
