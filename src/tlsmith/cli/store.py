"""Options that name an authority's store, and the opening of it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import click

from tlsmith.cli.output import is_somebody_there, warn
from tlsmith.errors import InputError

if TYPE_CHECKING:
    from tlsmith.authority.actor import Actor
    from tlsmith.authority.service import Authority

STORE_VARIABLE = "TLSMITH_STORE"
# Files of keys never to certify, as the setting blocklists of `serve` has them.
BLOCKLIST_VARIABLE = "TLSMITH_BLOCKLISTS"


def store_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --store to a command."""
    return click.option(
        "--store",
        metavar="URL",
        help="sqlite:///FILE or postgresql://...; by default $TLSMITH_STORE.",
    )(command)


def passphrase_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --passphrase-file to a command."""
    return click.option(
        "--passphrase-file",
        metavar="FILE",
        help="File whose first line opens the CA's key; or $TLSMITH_PASSPHRASE_FILE.",
    )(command)


def json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --json to a command."""
    return click.option("--json", "as_json", is_flag=True, help="Print facts as JSON.")(
        command
    )


def store_url(store: str | None) -> str:
    """Return the address of the store to use.

    Raises:
        InputError: none was given.
    """
    url = store or os.environ.get(STORE_VARIABLE)
    if not url:
        raise InputError(
            "no store was named",
            code="no-store",
            hint=f"give --store sqlite:///FILE, or set {STORE_VARIABLE}",
        )
    return url


@contextlib.contextmanager
def open_authority(
    store: str | None, passphrase_file: str | None = None
) -> Iterator[Authority]:
    """Give the authority over a store.

    Raises:
        InputError: no store was named.
        StorageError: it is not there, or cannot be reached.
    """
    from tlsmith.authority.blocklists import read_blocklists
    from tlsmith.authority.service import Authority, AuthoritySettings
    from tlsmith.storage import open_storage

    paths = os.environ.get(BLOCKLIST_VARIABLE, "").split(os.pathsep)
    blocklist = read_blocklists(path for path in paths if path)
    authority = Authority(
        open_storage(store_url(store)),
        passphrase_source(passphrase_file),
        settings=AuthoritySettings(blocklist=blocklist),
    )
    try:
        yield authority
    finally:
        authority.close()


def passphrase_source(file: str | None) -> Callable[[], bytes | None]:
    """Return what gives the passphrase of the CA's keys, asked at most once."""
    found: list[bytes] = []

    def passphrase() -> bytes | None:
        if not found:
            found.append(read_passphrase("the CA's key", file))
        return found[0]

    return passphrase


def read_passphrase(purpose: str, file: str | None, *, confirm: bool = False) -> bytes:
    """Return a passphrase from the file, the environment, or a person.

    Raises:
        PassphraseError: there is none, or it is empty.
    """
    from tlsmith.cli.passphrase import ask_passphrase
    from tlsmith.signers import find_passphrase

    def ask(purpose: str) -> bytes:
        return ask_passphrase(purpose, confirm=confirm)

    found = find_passphrase(
        purpose, file=file, prompt=ask if is_somebody_there() else None
    )
    if found.warning:
        warn(found.warning)
    return found.value


def person() -> Actor:
    """Return who uses the command line: whoever can open the store may do anything."""
    import getpass

    from tlsmith.authority.actor import Actor

    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = str(os.getuid()) if hasattr(os, "getuid") else "unknown"
    return Actor(f"cli:{name}")
