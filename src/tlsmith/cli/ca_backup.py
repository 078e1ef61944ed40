"""`tlsmith ca backup`, `restore` and `migrate`: keeping a store."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from tlsmith.cli.output import emit, emit_json, say
from tlsmith.cli.store import json_option, person, store_option, store_url
from tlsmith.errors import InputError

_SQLITE = "sqlite:///"


@click.command(short_help="Write a copy of a store, while it is in use.")
@click.argument("file", metavar="FILE")
@store_option
@json_option
def backup(file: str, store: str | None, as_json: bool) -> None:
    """Write a consistent copy of a SQLite store to a new file, while it is in use.

    The issuing key is in it, encrypted; the root's key is not: keep that apart.
    PostgreSQL is backed up with pg_dump, as the rest of yours.

    \b
    Example:
      tlsmith ca backup /backup/ca-monday.db --store sqlite:///ca.db
    """
    from tlsmith.authority.backup import back_up
    from tlsmith.storage import open_storage

    storage = open_storage(store_url(store))
    try:
        size = back_up(storage, file)
    finally:
        storage.close()
    if as_json:
        emit_json({"file": file, "bytes": size})
        return
    emit(f"{file}: {size:,} bytes")
    say("the root's key is not in it: keep that in a place of its own")


@click.command(short_help="Put a backup in the place of a store that is gone.")
@click.argument("file", metavar="FILE")
@store_option
@json_option
def restore(file: str, store: str | None, as_json: bool) -> None:
    """Put a backup in the place of a SQLite store that is gone.

    What happened after the backup is not in it. A certificate issued since works
    until it expires, and cannot be revoked by its serial number; one revoked since is
    to be revoked again. CRL numbers go on far ahead of those there may have been.

    \b
    Example:
      tlsmith ca restore /backup/ca-monday.db --store sqlite:///ca.db
    """
    from tlsmith.authority.backup import restore as put_back

    url = store_url(store)
    if not url.startswith(_SQLITE):
        raise InputError(
            f"the store {url} is not a SQLite file",
            hint="restore it with pg_restore, as the rest of your PostgreSQL, then: "
            "tlsmith crl issue --restored",
        )
    put_back(file, url.removeprefix(_SQLITE), person(), datetime.now(UTC))
    if as_json:
        emit_json({"file": file, "store": url})
        return
    emit(f"{url} is as it was when {file} was made")
    say("Next:\n  tlsmith audit verify --store " + url)


@click.command(short_help="Bring a store's schema up to this version.")
@store_option
@json_option
def migrate(store: str | None, as_json: bool) -> None:
    """Bring a store's schema up to what this version needs; nothing is lost.

    \b
    Example:
      tlsmith ca migrate --store sqlite:///ca.db
    """
    from tlsmith.storage import open_storage

    storage = open_storage(store_url(store))
    try:
        done = storage.migrate()
    finally:
        storage.close()
    if as_json:
        emit_json({"migrations": list(done)})
    elif done:
        emit(f"schema brought up to {done[-1]}")
    else:
        emit("the schema is this version's: nothing was done")
