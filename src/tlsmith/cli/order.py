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
    from tlsmith.storage.acme.authorizations import AuthorizationRecord
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
    from tlsmith.authority.acme.records import (
        authorization_facts,
        failure_of_order,
        order_facts,
    )
    from tlsmith.storage.acme.authorizations import authorizations_by_id

    now = datetime.now(UTC)
    with open_acme(store) as authority, authority.storage.read() as connection:
        record = _order(connection, which)
        names = authorizations_by_id(connection, record.authorizations)
        certificate = _certificate(connection, record)
    failed = failure_of_order(record, now, names)
    facts = order_facts(record, failed) | {"certificate": certificate}
    if as_json:
        more = [authorization_facts(one, now) for one in names]
        emit_json(facts | {"authorizations": more})
        return
    facts["names"] = [value for _, value in record.identifiers]
    facts["certificate"] = certificate and certificate["serial_number"]
    del facts["identifiers"]
    emit(table(shown(facts)))
    below = names_table(names, now)
    if failed is not None and told(failed) not in below:
        emit(f"\nfailed: {told(failed)}")
    emit(f"\n{below}")
    _say_more(record, certificate, names)


def _say_more(
    record: OrderRecord,
    certificate: dict[str, Any] | None,
    names: list[AuthorizationRecord],
) -> None:
    if certificate is not None:
        say(f"more of it: tlsmith cert show {certificate['serial_number']}")
    if len(names) < len(set(record.authorizations)):
        say("authorizations that were over for long are no longer in the store")


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


def _certificate(connection: Connection, record: OrderRecord) -> dict[str, Any] | None:
    """Return the facts of an order's certificate that matter beside the order."""
    from tlsmith.authority.records import certificate_facts
    from tlsmith.storage.certificates import by_id

    if record.certificate_id is None:
        return None
    try:
        facts = certificate_facts(by_id(connection, record.certificate_id))
    except NotFoundError:
        return None  # deleted long after it expired
    wanted = ("serial_number", "status", "profile", "not_before", "not_after")
    return {name: facts[name] for name in wanted}
