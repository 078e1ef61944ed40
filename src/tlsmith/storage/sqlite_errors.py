"""What SQLite refuses, in our words."""

from __future__ import annotations

import sqlite3

from tlsmith.errors import ConflictError, MigrationError, StorageError

_FULL = sqlite3.SQLITE_FULL
_KINDS = {
    sqlite3.SQLITE_BUSY: (
        "store-busy",
        "another process holds it for too long",
        "wait for the other process, or use PostgreSQL when there are many",
    ),
    _FULL: (
        "store-full",
        "there is no room left on its disk",
        "make room: nothing was written, and what is there is whole",
    ),
    sqlite3.SQLITE_NOTADB: (
        "not-a-store",
        "it is not a SQLite file",
        "name the file that `tlsmith ca init` made",
    ),
    sqlite3.SQLITE_CORRUPT: (
        "store-damaged",
        "it is damaged",
        "restore the last backup: tlsmith ca restore",
    ),
    sqlite3.SQLITE_READONLY: (
        "store-read-only",
        "it cannot be written",
        "see whose file it is, and whether its disk is mounted read-only",
    ),
    sqlite3.SQLITE_CANTOPEN: (
        "store-unavailable",
        "it cannot be opened",
        "see whether its folder is there and can be written",
    ),
    # What a full disk gives where the file itself had room.
    sqlite3.SQLITE_IOERR: (
        "store-unavailable",
        "its disk gives errors",
        "see whether the disk is full or failing",
    ),
}


class Translated:
    """Turn the library's errors into ours: a class, since generators cost more.

    Args:
        url: of the store.
    """

    __slots__ = ("_url",)

    def __init__(self, url: str) -> None:
        self._url = url

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: object, _trace: object) -> None:
        if isinstance(error, sqlite3.IntegrityError):
            said = f"already in the store {self._url}: {error}"
            raise ConflictError(said) from error
        if isinstance(error, sqlite3.Error):
            raise storage_error(error, self._url) from error


def storage_error(error: sqlite3.Error, url: str) -> StorageError:
    """Return the error of ours that one of the library's is."""
    number = getattr(error, "sqlite_errorcode", 0) or 0
    if "no such table" in str(error) or "no such column" in str(error):
        return MigrationError(
            f"the store {url} has not the tables of this version",
            hint="bring it up to date: tlsmith ca migrate --store URL",
        )
    code, reason, hint = _KINDS.get(
        number & 0xFF, ("store-error", str(error), "see the message of the store")
    )
    return StorageError(f"the store {url}: {reason}", code=code, hint=hint)
