"""`tlsmith ca`: make, show, change and keep certificate authorities."""

from __future__ import annotations

import os

import click

from tlsmith.cli.ca_backup import backup, migrate, restore
from tlsmith.cli.ca_ceremony import ceremony
from tlsmith.cli.ca_import import import_command
from tlsmith.cli.ca_new import init
from tlsmith.cli.ca_rotate import retire, rotate
from tlsmith.cli.ca_sign import cross_sign, sign_crl, sign_intermediate
from tlsmith.cli.output import emit, say
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


@click.command(short_help="Show the local CA, or those of a store.")
@store_option
@json_option
def show(store: str | None, as_json: bool) -> None:
    """Show the local CA: what it may sign, until when, and its fingerprint.

    With --store, the CAs there: their certificates, keys, CRLs and addresses.

    \b
    Examples:
      tlsmith ca show
      tlsmith ca show --store sqlite:///ca.db
    """
    if store is None:
        from tlsmith.cli.ca_local import show_local

        _say_which_ca()
        show_local(as_json)
        return
    from tlsmith.cli.ca_show import show_store

    show_store(store, as_json)


def _say_which_ca() -> None:
    """Say that a CA in the environment is not the one that is shown."""
    if os.environ.get(STORE_VARIABLE):
        say(
            "this is about the local CA; for that of the store: "
            f'--store "${STORE_VARIABLE}"'
        )


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
def export(which: str | None, store: str | None) -> None:
    """Print certificates of the local CA, or of a store's, as PEM.

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
    if which in ("csr", "revoked"):
        store = store_url(store)  # a local CA has neither
    if store is not None:
        from tlsmith.cli.ca_show import export_store

        emit(export_store(store, which))
        return
    from tlsmith.cli.ca_local import export_local

    _say_which_ca()
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
