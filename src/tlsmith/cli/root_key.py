"""The root's file in commands that sign with it, and writing a new one."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from tlsmith.cli.store import read_passphrase
from tlsmith.errors import InputError

if TYPE_CHECKING:
    from tlsmith.authority.plan import PublicationURLs
    from tlsmith.authority.root_file import RootFile
    from tlsmith.core.constraints import NameConstraints


def root_key_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --root-key-file, of a root that there is, to a command."""
    return click.option(
        "--root-key-file",
        metavar="FILE",
        required=True,
        help="The root's file: its encrypted key and its certificate.",
    )(command)


def terms_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what a CA is given by the one above it to a command."""
    for option in (
        click.option("--days", type=int, help="How long it lives."),
        click.option(
            "--path-length",
            type=int,
            metavar="N",
            help="How many CAs may stand below it.",
        ),
        click.option(
            "--permit",
            multiple=True,
            metavar="NAMES",
            help="Name space it may sign in: corp.example, ip:10.0.0.0/8, ...",
        ),
        click.option(
            "--exclude",
            multiple=True,
            metavar="NAMES",
            help="Name space it may not sign in.",
        ),
        click.option(
            "--base-url",
            metavar="URL",
            help="Where the root's CRL and certificate are read: http://...",
        ),
        click.option(
            "--cdp", metavar="URL", help="The folder of CRLs, if it is elsewhere."
        ),
        click.option(
            "--aia",
            metavar="URL",
            help="The folder of CA certificates, if it is elsewhere.",
        ),
    ):
        command = option(command)
    return command


def open_root(path: str, passphrase_file: str | None) -> RootFile:
    """Return the root in a file.

    Raises:
        FileError: it cannot be read.
        PassphraseError: the passphrase does not open it.
        InputError: it is no such file.
    """
    from tlsmith.authority.root_file import parse_root_file
    from tlsmith.files import read_file

    data = read_file(path)
    passphrase = b""
    if b"ENCRYPTED" in data:
        passphrase = read_passphrase("the root's key", passphrase_file)
    return parse_root_file(data, passphrase, path)


def new_root_place(path: str | None) -> str:
    """Return where a new root's file goes.

    Raises:
        InputError: no place was given.
    """
    if path is None:
        raise InputError(
            "where is the root's key to go?",
            hint="give --root-key-file FILE: a file to be carried away, as on a USB "
            "stick; this machine keeps no copy",
        )
    return path


def refuse_existing(path: str) -> None:
    """Refuse to write a key where there is a file.

    Raises:
        InputError: there is.
    """
    if os.path.lexists(path):
        raise InputError(
            f"{path!r} is there already",
            code="file-exists",
            hint="name a new file: a root's key is never replaced",
        )


def urls_of(options: Any) -> PublicationURLs:
    """Return where a CA's state is read, from --base-url, --cdp, --ocsp and --aia."""
    from tlsmith.authority.plan import PublicationURLs

    urls = PublicationURLs.below(options["base_url"] or "")
    if options["cdp"] is not None:
        urls = urls._replace(crl=options["cdp"].rstrip("/"))
    if options.get("ocsp") is not None:
        urls = urls._replace(ocsp=options["ocsp"])
    if options["aia"] is not None:
        urls = urls._replace(ca=options["aia"].rstrip("/"))
    return urls


def constraints_of(
    permit: tuple[str, ...], exclude: tuple[str, ...]
) -> NameConstraints | None:
    """Return name constraints of all four kinds from what was typed.

    Raises:
        InputError: something is no name space.
    """
    from tlsmith.core.constraints import NameConstraints
    from tlsmith.core.name_spaces import parse_name_space

    if not permit and not exclude:
        return None
    return NameConstraints(
        tuple(one for text in permit for one in parse_name_space(text)),
        tuple(one for text in exclude for one in parse_name_space(text)),
    )
