"""The address of a store: sqlite:///FILE or postgresql://..."""

from __future__ import annotations

import re

from tlsmith.errors import InputError
from tlsmith.storage.base import Storage


def open_storage(url: str, *, create: bool = False) -> Storage:
    """Return the store at `url`, its schema made where `create` is set.

    Args:
        url: `sqlite:///FILE`, relative, or `sqlite:////FILE`, absolute;
            `postgresql://USER@HOST/NAME`, its password in PGPASSFILE or ~/.pgpass.

    Raises:
        InputError: it is no such address.
        StorageError: the store is not there, or cannot be reached.
        MigrationError: its schema is not this version's.
    """
    if url.startswith("sqlite:///") and len(url) > len("sqlite:///"):
        from tlsmith.storage.sqlite import SQLiteStorage

        storage: Storage = SQLiteStorage(url.removeprefix("sqlite:///"), create=create)
    elif re.match(r"postgres(ql)?://", url):
        from tlsmith.storage.postgres import PostgresStorage

        storage = PostgresStorage(url)
    else:
        raise InputError(
            f"not the address of a store: {url!r}",
            hint="write sqlite:///FILE or postgresql://USER@HOST/NAME",
        )
    if create:
        storage.migrate()
    return storage
