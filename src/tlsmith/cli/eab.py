"""`tlsmith eab`: external accounts, by which ACME accounts are let in."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from tlsmith.cli.acme_store import open_acme
from tlsmith.cli.durations import parse_duration
from tlsmith.cli.new_secret import check_place, write_secret
from tlsmith.cli.output import emit, emit_json, say
from tlsmith.cli.store import json_option, person, store_option
from tlsmith.cli.table import table

if TYPE_CHECKING:
    from tlsmith.authority.acme.bindings import Bounds
    from tlsmith.storage.acme.bindings import BindingRecord

_HEADS = ("id", "name", "status", "for", "until", "profiles", "names", "no challenge")


@click.group(short_help="External accounts for ACME.", no_args_is_help=False)
def eab() -> None:
    """External accounts for ACME.

    An external account binding (EAB) says whose an ACME account is, and what it may
    have. Where acme.require_eab is true, no client gets an account without.

    \b
    Examples:
      tlsmith eab create web-team --name web.corp.example
      tlsmith eab list
      tlsmith eab revoke 5f2c...
    """


@eab.command(short_help="Make an external account.")
@click.argument("name", metavar="NAME")
@click.option("--reusable", is_flag=True, help="For any number of ACME accounts.")
@click.option("--expires-in", metavar="TIME", help="Such as 7d; never by default.")
@click.option(
    "--profile",
    "profiles",
    multiple=True,
    metavar="NAME",
    help="Only by this profile; all by default.",
)
@click.option(
    "--name",
    "names",
    multiple=True,
    metavar="DOMAIN",
    help="Only for this domain and all below it; all by default.",
)
@click.option(
    "--preauthorize",
    "preauthorized",
    multiple=True,
    metavar="DOMAIN",
    help="No challenge for this domain and all below it.",
)
@click.option(
    "--out", metavar="FILE", help="Write the key there, 0600, and do not show it."
)
@store_option
@json_option
def create(
    name: str,
    profiles: tuple[str, ...],
    names: tuple[str, ...],
    preauthorized: tuple[str, ...],
    store: str | None,
    **options: Any,
) -> None:
    """Make an external account: an identifier, and a key that is shown once.

    One ACME account can be bound to it, or with --reusable any number. With --out the
    file has them as EAB_KID=... and EAB_HMAC_KEY=..., which a shell can read. Whoever
    has the key of one with --preauthorize gets certificates for these names.

    \b
    Examples:
      tlsmith eab create web-team --name web.corp.example --expires-in 7d
      tlsmith eab create racks --reusable --preauthorize rack.example --out racks.eab

    \b
    Then, with what it printed (docs/acme.md has more clients):
      certbot register --server URL --eab-kid ID --eab-hmac-key KEY
      lego --server URL --eab --kid ID --hmac KEY --email ME --http -d NAME run
      acme.sh --register-account --server URL --eab-kid ID --eab-hmac-key KEY
      Caddyfile: { acme_ca URL
                   acme_eab { key_id ID
                              mac_key KEY } }
    """
    from tlsmith.authority.acme.bindings import Bounds

    now = datetime.now(UTC)
    expires_in, out = options["expires_in"], options["out"]
    expires_at = now + parse_duration(expires_in) if expires_in else None
    bounds = Bounds(profiles, names, preauthorized, options["reusable"], expires_at)
    if out:
        check_place(out)
    record = _created(store, name, bounds, now)
    _hand_over(record, out, as_json=options["as_json"], now=now)


def _created(
    store: str | None, name: str, bounds: Bounds, now: datetime
) -> BindingRecord:
    from tlsmith.authority.access import Scope
    from tlsmith.authority.acme.bindings import create_binding

    with open_acme(store) as authority:
        Scope("issuer", bounds.profiles).check_profiles(authority.policy())
        return authority.writer.submit(
            lambda tx: create_binding(tx, name, bounds, person(), now)
        )


def _hand_over(
    record: BindingRecord, out: str | None, *, as_json: bool, now: datetime
) -> None:
    """Give the key to whoever asked, here or in a file, and keep it nowhere else."""
    from tlsmith.acme.base64url import encode_base64url
    from tlsmith.authority.acme.records import binding_facts

    key = encode_base64url(record.mac_key or b"")
    if out:
        write_secret(out, f"EAB_KID={record.id}\nEAB_HMAC_KEY={key}\n")
    if as_json:
        facts = binding_facts(record, now)
        emit_json(facts if out else facts | {"hmac_key": key})
    elif out:
        emit(f"key identifier  {record.id}")
        say(f"the key is in {out}, for you alone to read")
    else:
        emit(f"key identifier  {record.id}\nHMAC key        {key}")
        say("keep the key now, it is not shown again; tlsmith eab create --help says")
        say("what to give to certbot, lego, acme.sh and Caddy")


@eab.command("list", short_help="List external accounts.")
@store_option
@json_option
def list_command(store: str | None, as_json: bool) -> None:
    """List external accounts, those that no longer work as well.

    As JSON it is one object a line.

    \b
    Example:
      tlsmith eab list
    """
    from tlsmith.authority.acme.records import binding_facts
    from tlsmith.storage.acme.bindings import bindings

    now = datetime.now(UTC)
    with open_acme(store) as authority, authority.storage.read() as connection:
        found = [binding_facts(one, now) for one in bindings(connection)]
    if as_json:
        for facts in found:
            emit_json(facts, indent=None)
    elif not found:
        say("there are none: tlsmith eab create NAME makes one")
    else:
        emit(table([_HEADS, *map(_row, found)]))


def _row(facts: dict[str, Any]) -> tuple[str, ...]:
    return (
        facts["id"],
        facts["name"],
        facts["status"],
        "any number" if facts["reusable"] else "one account",
        (facts["expires_at"] or "")[:10],
        ", ".join(facts["profiles"]) or "all",
        ", ".join(facts["names"]) or "all",
        ", ".join(facts["preauthorized"]),
    )


@eab.command(short_help="Take an external account back.")
@click.argument("which", metavar="ID")
@store_option
@json_option
def revoke(which: str, store: str | None, as_json: bool) -> None:
    """Take an external account back: nothing is bound to it, or ordered by it, again.

    The ACME accounts that are bound to it order no more. Certificates stay as they
    are: revoke those with `tlsmith cert revoke`.

    \b
    Example:
      tlsmith eab revoke 5f2c0a...
    """
    from tlsmith.storage.acme.bindings import accounts_bound

    now = datetime.now(UTC)
    with open_acme(store) as authority:
        from tlsmith.authority.acme.bindings import take_binding_back

        authority.writer.submit(lambda tx: take_binding_back(tx, which, person(), now))
        with authority.storage.read() as connection:
            bound = accounts_bound(connection, which)
    if as_json:
        emit_json({"id": which, "status": "revoked", "accounts": bound})
        return
    emit(f"{which} binds no more")
    if bound:
        say(f"accounts that order no more by it: {', '.join(bound)}")
