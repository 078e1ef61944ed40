"""`tlsmith ca ceremony`: the script that people print, follow aloud, and sign."""

from __future__ import annotations

from typing import Any

import click

from tlsmith.cli.output import emit
from tlsmith.cli.store import store_option, store_url
from tlsmith.core.keys import DEFAULT_KIND, KINDS


@click.command(short_help="Print the script of a root ceremony.")
@click.option("--name", required=True, help="Of the CA, such as the organisation's.")
@store_option
@click.option(
    "--root-key",
    type=click.Choice(KINDS),
    metavar="KIND",
    default="p384",
    help="Kind of the root's key; p384 by default.",
)
@click.option(
    "--key",
    "kind",
    type=click.Choice(KINDS),
    metavar="KIND",
    default=DEFAULT_KIND,
    help=f"Kind of the issuing CA's key; {DEFAULT_KIND} by default.",
)
@click.option(
    "--root-days", type=int, default=7300, help="How long the root lives; 7300."
)
@click.option(
    "--days", type=int, default=1825, help="How long the issuing CA lives; 1825."
)
@click.option(
    "--base-url",
    metavar="URL",
    default="",
    help="Where CRLs, OCSP and certificates are read: http://...",
)
@click.option(
    "--day",
    type=click.DateTime(["%Y-%m-%d"]),
    help="When it is to be; a blank without it.",
)
@click.option(
    "--copies", type=int, default=2, metavar="N", help="Of the root's key; 2."
)
@click.option(
    "--key-holders",
    type=int,
    default=2,
    metavar="N",
    help="How many people each know a part of the passphrase; 2.",
)
@click.option(
    "--witnesses", type=int, default=1, metavar="N", help="How many only watch; 1."
)
def ceremony(**options: Any) -> None:
    """Print the script of a root ceremony, as Markdown: commands, boxes, signatures.

    For a root whose key never is on a machine with a network: what makes others
    believe that is people who were there, each step on paper with a name behind it.

    \b
    Example:
      tlsmith ca ceremony --name Acme --store sqlite:///ca.db > ceremony.md
    """
    from tlsmith.authority.ceremony import Ceremony, ceremony_script

    day = options["day"]
    emit(
        ceremony_script(
            Ceremony(
                options["name"],
                store_url(options["store"]),
                root_key=options["root_key"],
                root_days=options["root_days"],
                intermediate_key=options["kind"],
                intermediate_days=options["days"],
                base_url=options["base_url"],
                day=day.date() if day else None,
                copies=options["copies"],
                key_holders=options["key_holders"],
                witnesses=options["witnesses"],
            )
        )
    )
