"""A copy of a store, made while it is in use; and put back."""

from __future__ import annotations

import contextlib
import os
from datetime import datetime, timedelta

from tlsmith.authority.actor import Actor
from tlsmith.errors import FileError, InputError, StorageError
from tlsmith.storage import Storage, Transaction, open_storage
from tlsmith.storage.audit import Act, append
from tlsmith.storage.authorities import authorities
from tlsmith.storage.sqlite import SQLiteStorage
from tlsmith.storage.status import crl_scope, latest_crls, set_crl_scope

# CRLs that may have been issued since a backup: so many, and so many a second.
_LEAST_AHEAD, _EACH_SECOND = 1_000, 10
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


def restore(backup: str, path: str, actor: Actor, now: datetime) -> None:
    """Put a backup in the place of a store that is gone.

    Raises:
        InputError: the backup is no store.
        FileError: a store is there.
    """
    # What SQLite finds beside a file it takes for that file's last transactions.
    there = [path + end for end in ("", "-wal") if os.path.exists(path + end)]
    if there:
        raise FileError(
            f"a store is at {there[0]!r} already",
            path=there[0],
            code="file-exists",
            hint="move it away first: it may hold certificates the backup has not",
        )
    place = path + ".restoring"
    try:
        _copy(backup, place)
        restored = open_storage(f"sqlite:///{place}")
        try:
            go_ahead(restored, actor, now)
        finally:
            restored.close()
    except StorageError as error:
        _remove(place)
        raise InputError(
            f"{backup!r} is no backup of a store: {error.message}",
            hint="name a file that tlsmith ca backup made",
        ) from error
    _sync(place)
    os.rename(place, path)


def _copy(backup: str, place: str) -> None:
    """Write a copy of a backup that nobody else may read, not even at first."""
    _remove(place)
    kept = open_storage(f"sqlite:///{backup}")
    try:
        with kept.read() as connection:
            connection.one("SELECT revision FROM head")
        try:
            os.close(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise FileError(f"cannot write {place!r}: {reason}", path=place) from error
        kept.copy_to(place)  # type: ignore[attr-defined]
    finally:
        kept.close()


def _remove(place: str) -> None:
    for end in ("", "-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(place + end)


def go_ahead(storage: Storage, actor: Actor, now: datetime) -> int:
    """Have the CRLs of a store that was restored be newer than all that were issued.

    Clients that have one from after the backup take no older number (RFC 5280 section
    5.2.3). Returns by how much the numbers go ahead.

    Raises:
        AccessError: the actor is no administrator.
    """
    actor.require("administrator", "restoring")
    with storage.write() as transaction:
        latest = [one.this_update for one in latest_crls(transaction)]
        since = max(timedelta(0), now - max(latest)) if latest else timedelta(0)
        by = _LEAST_AHEAD + _EACH_SECOND * int(since.total_seconds())
        for record in authorities(transaction):
            if record.signer:
                for shard in range(record.shards + 1):
                    _raise_number(transaction, record.id, shard, by)
        act = Act(actor.name, "store.restore", "", {"crl_numbers_ahead": by})
        append(transaction, act, now)
        return by


def _raise_number(transaction: Transaction, number: int, shard: int, by: int) -> None:
    scope = crl_scope(transaction, number, shard)
    if scope.number:
        raised = scope._replace(number=scope.number + by)
        set_crl_scope(transaction, number, shard, raised)


def _sync(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
