"""A copy of a store, made while it is in use; and put back."""

from __future__ import annotations

import os

from tlsmith.errors import FileError, InputError, StorageError
from tlsmith.storage import Storage, open_storage
from tlsmith.storage.sqlite import SQLiteStorage

_PG_HINT = "back the database up with pg_dump, as the rest of your PostgreSQL"


def back_up(storage: Storage, path: str) -> int:
    """Write a consistent copy of a SQLite store to a new file, 0600; return its bytes.

    Raises:
        InputError: the store is no SQLite file.
        FileError: the file is there already, or cannot be written.
    """
    if not isinstance(storage, SQLiteStorage):
        raise InputError(f"the store {storage.url} is not a SQLite file", hint=_PG_HINT)
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError as error:
        raise FileError(
            f"{path!r} is there already", path=path, hint="name a new file"
        ) from error
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise FileError(f"cannot write {path!r}: {reason}", path=path) from error
    try:
        storage.copy_to(path)
        _sync(path)
    except BaseException:
        os.unlink(path)
        raise
    return os.path.getsize(path)


def restore(backup: str, path: str) -> None:
    """Put a backup in the place of a store that is gone.

    Raises:
        InputError: the backup is no store.
        FileError: a store is there.
    """
    if os.path.exists(path):
        raise FileError(
            f"a store is at {path!r} already",
            path=path,
            code="file-exists",
            hint="move it away first: it may hold certificates the backup has not",
        )
    try:
        kept = open_storage(f"sqlite:///{backup}")
        try:
            with kept.read() as connection:
                connection.one("SELECT revision FROM head")
            kept.copy_to(path + ".restoring")  # type: ignore[attr-defined]
        finally:
            kept.close()
    except StorageError as error:
        raise InputError(
            f"{backup!r} is no backup of a store: {error.message}",
            hint="name a file that tlsmith ca backup made",
        ) from error
    os.chmod(path + ".restoring", 0o600)
    _sync(path + ".restoring")
    os.rename(path + ".restoring", path)


def _sync(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
