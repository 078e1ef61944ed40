"""What PostgreSQL refuses, in our words."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import psycopg

from tlsmith.errors import ConflictError, MigrationError, StorageError


@contextlib.contextmanager
def translated(url: str) -> Iterator[None]:
    """Turn the driver's errors into ours.

    Args:
        url: of the store.
    """
    try:
        yield
    except psycopg.Error as error:
        raise storage_error(error, url) from error


def storage_error(error: psycopg.Error, url: str) -> StorageError:
    """Return the error of ours that one of the driver's is."""
    if isinstance(error, psycopg.errors.UndefinedTable):
        return MigrationError(
            f"the store {url} has not the tables of this version",
            hint="make a CA in it: tlsmith ca init; or bring it up to date: "
            "tlsmith ca migrate --store URL",
        )
    if isinstance(error, psycopg.errors.IntegrityError):
        return ConflictError(f"already in the store {url}: {_said(error)}")
    if isinstance(error, psycopg.errors.DiskFull):
        return StorageError(
            f"the store {url}: there is no room left on its disk",
            code="store-full",
            hint="make room: nothing was written, and what is there is whole",
        )
    if isinstance(error, psycopg.OperationalError):
        return StorageError(
            f"the store {url} cannot be reached: {_said(error)}",
            code="store-unavailable",
            hint="see whether PostgreSQL runs and lets this user in; the password "
            "belongs in the file that PGPASSFILE names",
        )
    return StorageError(f"the store {url}: {_said(error)}")


def _said(error: Exception) -> str:
    """Return the first line of what the server said."""
    return str(error).strip().split("\n", 1)[0]
