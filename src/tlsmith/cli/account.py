"""`tlsmith account`: who gets certificates by ACME, and how they fare."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from tlsmith.cli.acme_store import bare_id, open_acme, short, shown
from tlsmith.cli.order_words import orders_table
from tlsmith.cli.output import emit, emit_json, say
from tlsmith.cli.store import json_option, person, store_option
from tlsmith.cli.table import table
from tlsmith.errors import NotFoundError

if TYPE_CHECKING:
    from tlsmith.authority.service import Authority
    from tlsmith.storage import Connection
    from tlsmith.storage.acme.accounts import AccountRecord

_PAGE, _RECENT = 500, 10
_HEADS = ("account", "status", "made", "orders", "valid", "last order", "eab", "who")


@click.group(short_help="ACME accounts and how they are used.", no_args_is_help=False)
def account() -> None:
    """ACME accounts and how they are used.

    A client makes one at its first order; all it gets is requested by acme:ID.

    \b
    Examples:
      tlsmith account list
      tlsmith account show 019ac1...
      tlsmith account revoke 019ac1...
    """


@account.command("list", short_help="List accounts.")
@store_option
@json_option
def list_command(store: str | None, as_json: bool) -> None:
    """List accounts in the order they were made, with how each is used.

    As JSON it is one object a line.

    \b
    Examples:
      tlsmith account list
      tlsmith account list --json | jq -r 'select(.orders == 0).id'
    """
    from tlsmith.storage.acme.bindings import bindings

    with open_acme(store) as authority, authority.storage.read() as connection:
        if as_json:
            for facts in _all_facts(connection):
                emit_json(facts, indent=None, at_once=False)
            return
        names = {one.id: one.name for one in bindings(connection)}
        rows = [_row(facts, names) for facts in _all_facts(connection)]
    if rows:
        emit(table([_HEADS, *rows]))
    else:
        say("there are none: a client makes one at https://HOST/acme/directory")


def _all_facts(connection: Connection) -> Iterator[dict[str, Any]]:
    """Give the facts of every account, read page by page."""
    from tlsmith.authority.acme.records import NO_ORDERS, account_facts
    from tlsmith.storage.acme.accounts import accounts
    from tlsmith.storage.acme.figures import count_all_orders

    after = ""
    while True:
        found = accounts(connection, after=after, limit=_PAGE)
        counts = count_all_orders(connection, [one.id for one in found])
        for one in found:
            yield account_facts(one, counts.get(one.id, NO_ORDERS))
        if len(found) < _PAGE:
            return
        after = found[-1].id


def _row(facts: dict[str, Any], bindings: dict[str, str]) -> tuple[str, ...]:
    who = [one.removeprefix("mailto:") for one in facts["contacts"]]
    eab = facts["eab"]
    return (
        facts["id"],
        facts["status"],
        facts["created_at"][:10],
        str(facts["orders"]),
        str(facts["valid_orders"]),
        (facts["last_order_at"] or "")[:10],
        bindings.get(eab, eab) if eab else "",
        short(who, 2) or facts["address"],
    )


@account.command(short_help="Show an account and its latest orders.")
@click.argument("which", metavar="ID")
@store_option
@json_option
def show(which: str, store: str | None, as_json: bool) -> None:
    """Show an account, its latest orders, and why those that failed did.

    The id may be given as the account's URL, or as acme:ID, as certificates and the
    audit log have it.

    \b
    Examples:
      tlsmith account show 019ac1d2f0e35b1f0a2c3d4e5f60
      tlsmith account show acme:019ac1d2f0e35b1f0a2c3d4e5f60 --json
    """
    from tlsmith.authority.acme.records import (
        account_facts,
        failures_of,
        order_facts,
    )
    from tlsmith.storage.acme.accounts import count_orders
    from tlsmith.storage.acme.orders import latest_orders

    now = datetime.now(UTC)
    with open_acme(store) as authority, authority.storage.read() as connection:
        record = _account(connection, which)
        facts = account_facts(record, count_orders(connection, record.id))
        orders = latest_orders(connection, account_id=record.id, limit=_RECENT)
        failures = failures_of(connection, orders, now)
    if as_json:
        recent = [order_facts(one, failures.get(one.id)) for one in orders]
        emit_json(facts | {"latest_orders": recent})
        return
    emit(table(shown(facts)))
    if orders:
        emit(f"\nlatest orders\n{orders_table(orders, failures)}")
        say(
            f"all of them: tlsmith order list --account {record.id}\n"
            f"certificates: tlsmith cert list --requester acme:{record.id}"
        )


@account.command(short_help="Have an account order no more.")
@click.argument("which", metavar="ID")
@store_option
@json_option
def revoke(which: str, store: str | None, as_json: bool) -> None:
    """Have an account order no more, at once and for good.

    What it proved counts no longer. Its certificates stay as they are: revoke those
    with `tlsmith cert revoke`.

    \b
    Example:
      tlsmith account revoke 019ac1d2f0e35b1f0a2c3d4e5f60
    """
    now = datetime.now(UTC)
    with open_acme(store) as authority:
        record = _revoked(authority, bare_id(which), now)
    if as_json:
        emit_json({"id": record.id, "status": record.status})
        return
    emit(f"the account {record.id} orders no more")
    say(
        "its certificates stay as they are; see which there are:\n"
        f"  tlsmith cert list --status good --requester acme:{record.id}"
    )


def _revoked(authority: Authority, account_id: str, now: datetime) -> AccountRecord:
    from tlsmith.authority.acme.accounts import revoke_account

    return authority.writer.submit(
        lambda tx: revoke_account(tx, account_id, person(), now)
    )


def _account(connection: Connection, which: str) -> AccountRecord:
    from tlsmith.storage.acme.accounts import account_by_id

    found = account_by_id(connection, bare_id(which))
    if found is None:
        raise NotFoundError(
            f"no account {which!r}", hint="see which there are: tlsmith account list"
        )
    return found
