"""`tlsmith order`: what was ordered by ACME, and why some of it failed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from tlsmith.cli.acme_store import bare_id, open_acme, shown, told
from tlsmith.cli.order_words import names_table, orders_table
from tlsmith.cli.output import emit, emit_json, say
from tlsmith.cli.store import json_option, store_option
from tlsmith.cli.table import table
from tlsmith.errors import NotFoundError

if TYPE_CHECKING:
    from tlsmith.storage import Connection
    from tlsmith.storage.acme.orders import OrderRecord

STATUSES = ("pending", "ready", "valid", "invalid")
_LIMIT = 50


@click.group(short_help="ACME orders and why they failed.", no_args_is_help=False)
def order() -> None:
    """ACME orders and why they failed.

    Orders stay in the store for a while after they were made (acme.keep).

    \b
    Examples:
      tlsmith order list --status invalid
      tlsmith order show 019ac1...
    """


@order.command("list", short_help="List orders.")
@store_option
@click.option(
    "--status",
    type=click.Choice(STATUSES),
    metavar="STATUS",
    help="pending, ready, valid or invalid.",
)
@click.option("--account", metavar="ID", help="Of this account.")
@click.option(
    "--limit", type=click.IntRange(1, 10_000), default=_LIMIT, help="At most so many."
)
@json_option
def list_command(
    store: str | None,
    status: str | None,
    account: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """List orders, the latest first, and below those that failed, why.

    As JSON it is one object a line.

    \b
    Examples:
      tlsmith order list --status invalid
      tlsmith order list --account 019ac1d2f0e35b1f0a2c3d4e5f60 --json
    """
    from tlsmith.authority.acme.records import failures_of, order_facts
    from tlsmith.storage.acme.orders import latest_orders

    now = datetime.now(UTC)
    with open_acme(store) as authority, authority.storage.read() as connection:
        found = latest_orders(
            connection,
            status=status,
            account_id=None if account is None else bare_id(account),
            now=now,
            limit=limit,
        )
        failures = failures_of(connection, found, now)
    if as_json:
        for one in found:
            facts = order_facts(one, failures.get(one.id))
            emit_json(facts, indent=None, at_once=False)
    elif not found:
        say("there are none")
    else:
        emit(orders_table(found, failures))
        if len(found) == limit:
            say(f"the latest {limit}; --limit gives more")


@order.command(short_help="Show an order and how its names were proved.")
@click.argument("which", metavar="ID")
@store_option
@json_option
def show(which: str, store: str | None, as_json: bool) -> None:
    """Show an order: how each name was proved, or why not, and its certificate.

    The id may be given as the order's URL.

    \b
    Example:
      tlsmith order show 019ac1d2f0e35b1f0a2c3d4e5f60
    """
    from tlsmith.authority.acme.records import failure_of_order, whole_order_facts
    from tlsmith.storage.acme.authorizations import authorizations_by_id

    now = datetime.now(UTC)
    with open_acme(store) as authority, authority.storage.read() as connection:
        record = _order(connection, which)
        facts = whole_order_facts(connection, record, now)
        names = authorizations_by_id(connection, record.authorizations)
    if as_json:
        emit_json(facts)
        return
    below = names_table(names, now)
    failed = failure_of_order(record, now, names)
    emit(table(shown(_brief(facts))))
    if failed is not None and told(failed) not in below:
        emit(f"\nfailed: {told(failed)}")
    emit(f"\n{below}")
    if facts["certificate"]:
        say(f"more of it: tlsmith cert show {facts['certificate']['serial_number']}")
    if len(names) < len(set(record.authorizations)):
        say("authorizations that were over for long are no longer in the store")


def _brief(facts: dict[str, Any]) -> dict[str, Any]:
    """Return what is shown above the names."""
    certificate = facts["certificate"]
    below = ("identifiers", "authorizations", "failure", "certificate")
    brief = {name: value for name, value in facts.items() if name not in below}
    brief["names"] = [one["value"] for one in facts["identifiers"]]
    brief["certificate"] = certificate and certificate["serial_number"]
    return brief


def _order(connection: Connection, which: str) -> OrderRecord:
    from tlsmith.storage.acme.orders import order_by_id

    found = order_by_id(connection, bare_id(which))
    if found is None:
        raise NotFoundError(
            f"no order {which!r}",
            hint="see which there are: tlsmith order list; old ones are deleted after "
            "acme.keep",
        )
    return found
