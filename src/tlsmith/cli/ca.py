"""`tlsmith ca`: make, show, change and keep certificate authorities."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import click

from tlsmith.cli.ca_backup import backup, migrate, restore
from tlsmith.cli.ca_ceremony import ceremony
from tlsmith.cli.ca_import import import_command
from tlsmith.cli.ca_new import init
from tlsmith.cli.ca_rotate import retire, rotate
from tlsmith.cli.ca_sign import cross_sign, sign_crl, sign_intermediate
from tlsmith.cli.output import emit
from tlsmith.cli.store import STORE_VARIABLE, json_option, store_option, store_url
from tlsmith.errors import InputError


@click.group(
    short_help="Make, show, change and keep certificate authorities.",
    no_args_is_help=False,
)
def ca() -> None:
    """Make, show, change and keep certificate authorities.

    \b
    Examples:
      tlsmith ca show
      tlsmith ca export --root > root.pem
      tlsmith ca init --local --allow corp.example.com
      tlsmith ca init --name Acme --store sqlite:///ca.db --root-key-file root.key
    """


def _local_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --local to a command that is about a store's CA as well."""
    return click.option(
        "--local", is_flag=True, help="The local CA, though $TLSMITH_STORE is set."
    )(command)


def _store(store: str | None, *, local: bool) -> str | None:
    """Return the store whose CA is meant, None for the local one.

    Raises:
        InputError: both are.
    """
    if store and local:
        raise InputError("--local and --store exclude each other")
    return None if local else store or os.environ.get(STORE_VARIABLE) or None


@click.command(short_help="Show the local CA, or those of a store.")
@store_option
@_local_option
@json_option
def show(store: str | None, local: bool, as_json: bool) -> None:
    """Show the local CA: what it may sign, until when, and its fingerprint.

    Where a store is named, by --store or $TLSMITH_STORE, the CAs there: their
    certificates, keys, CRLs and addresses.

    \b
    Examples:
      tlsmith ca show
      tlsmith ca show --store sqlite:///ca.db
    """
    store = _store(store, local=local)
    if store is None:
        from tlsmith.cli.ca_local import show_local

        show_local(as_json)
        return
    from tlsmith.cli.ca_show import show_store

    show_store(store, as_json)


@click.command(short_help="Print certificates of a CA, PEM.")
@click.option("--root", "which", flag_value="root", help="The root alone.")
@click.option(
    "--chain", "which", flag_value="chain", help="The intermediate, then the root."
)
@click.option("--csr", "which", flag_value="csr", help="A request that waits.")
@click.option(
    "--revoked",
    "which",
    flag_value="revoked",
    help="What is revoked below CAs whose keys are elsewhere, for sign-crl --revoke.",
)
@store_option
@_local_option
def export(which: str | None, store: str | None, local: bool) -> None:
    """Print certificates of the local CA, or of a store's, as PEM.

    It is the store's where one is named, by --store or $TLSMITH_STORE.
    With a request that waits goes the fingerprint of its key, to be compared aloud
    where it is signed.

    \b
    Examples:
      tlsmith ca export --root > root.pem
      tlsmith ca export --chain --store sqlite:///ca.db > chain.pem
      tlsmith ca export --csr --store sqlite:///ca.db > intermediate.csr
    """
    if which is None:
        raise InputError(
            "say what to print", hint="give --root, --chain, --csr or --revoked"
        )
    store = _store(store, local=local)
    if which in ("csr", "revoked"):
        if local:
            raise InputError(f"a local CA has nothing that --{which} prints")
        store = store_url(store)
    if store is not None:
        from tlsmith.cli.ca_show import export_store

        emit(export_store(store, which))
        return
    from tlsmith.cli.ca_local import export_local

    emit(export_local(which))


for command in (
    init,
    show,
    export,
    import_command,
    sign_intermediate,
    sign_crl,
    cross_sign,
    ceremony,
    rotate,
    retire,
    backup,
    restore,
    migrate,
):
    ca.add_command(command)
