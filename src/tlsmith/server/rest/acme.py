"""Endpoints of ACME as operators see it: accounts, orders, external accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tlsmith.acme.base64url import encode_base64url
from tlsmith.authority.access import Scope
from tlsmith.authority.acme.accounts import revoke_account
from tlsmith.authority.acme.bindings import Bounds, create_binding, take_binding_back
from tlsmith.authority.acme.records import (
    NO_ORDERS,
    account_facts,
    binding_facts,
    failures_of,
    order_facts,
    whole_order_facts,
)
from tlsmith.errors import NotFoundError
from tlsmith.server.reply import problem_body
from tlsmith.server.rest import acme_answers, acme_messages, messages
from tlsmith.server.rest.endpoint import Answer, Call, Endpoint, Pending, json_answer
from tlsmith.storage.acme.accounts import account_by_id, accounts, count_orders
from tlsmith.storage.acme.bindings import bindings
from tlsmith.storage.acme.figures import count_all_orders
from tlsmith.storage.acme.orders import latest_orders, order_by_id

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tlsmith.storage import Connection, Transaction


def _accounts(call: Call) -> Answer:
    query: acme_messages.AccountQuery = call.query
    with call.authority.storage.read() as connection:
        found = accounts(connection, after=query.cursor or "", limit=query.limit)
        counts = count_all_orders(connection, [one.id for one in found])
    facts = [account_facts(one, counts.get(one.id, NO_ORDERS)) for one in found]
    return json_answer({"accounts": facts, "next": _next(facts, query.limit)})


def _account(call: Call) -> Answer:
    with call.authority.storage.read() as connection:
        return json_answer(_facts_of_account(connection, call.place.id))


def _revoke_account(call: Call) -> Pending:
    now, number = call.authority.clock(), call.place.id

    def work(transaction: Transaction) -> Answer:
        revoke_account(transaction, number, call.actor, now)
        return json_answer(_facts_of_account(transaction, number))

    return Pending(call.begin(work), lambda: None)


def _facts_of_account(connection: Connection, number: str) -> dict[str, Any]:
    record = account_by_id(connection, number)
    if record is None:
        raise NotFoundError(
            f"no account {number!r}", hint="see which there are: GET /acme/accounts"
        )
    return account_facts(record, count_orders(connection, number))


def _orders(call: Call) -> Answer:
    query: acme_messages.OrderQuery = call.query
    now = call.authority.clock()
    with call.authority.storage.read() as connection:
        found = latest_orders(
            connection,
            status=query.status,
            account_id=query.account,
            now=now,
            before=query.cursor,
            limit=query.limit,
        )
        failures = failures_of(connection, found, now)
    facts = [order_facts(one, failures.get(one.id)) for one in found]
    return json_answer({"orders": facts, "next": _next(facts, query.limit)})


def _order(call: Call) -> Answer:
    number = call.place.id
    with call.authority.storage.read() as connection:
        record = order_by_id(connection, number)
        if record is None:
            raise NotFoundError(
                f"no order {number!r}", hint="see which there are: GET /acme/orders"
            )
        return json_answer(
            whole_order_facts(connection, record, call.authority.clock())
        )


def _next(facts: Sequence[dict[str, Any]], limit: int) -> str | None:
    """Return the cursor of the next page, where there may be one."""
    return str(facts[-1]["id"]) if len(facts) == limit else None


def _bindings(call: Call) -> Answer:
    now = call.authority.clock()
    with call.authority.storage.read() as connection:
        found = [binding_facts(one, now) for one in bindings(connection)]
    return json_answer({"bindings": found})


def _make_binding(call: Call) -> Pending:
    body: acme_messages.NewBinding = call.body
    now = call.authority.clock()
    Scope("issuer", tuple(body.profiles)).check_profiles(call.authority.policy())
    bounds = Bounds(
        tuple(body.profiles),
        tuple(body.names),
        tuple(body.preauthorized),
        body.reusable,
        body.expires_at,
    )

    def work(transaction: Transaction) -> Answer:
        record = create_binding(transaction, body.name, bounds, call.actor, now)
        key = encode_base64url(record.mac_key or b"")
        facts = binding_facts(record, now) | {"hmac_key": key}
        kept = problem_body(
            409,
            f"the external account {record.id} was made by this request before, and "
            "answered then",
            code="binding-answered-once",
            hint="if that answer was lost: delete it, and make another",
        )
        return json_answer(facts, 201)._replace(kept=(409, kept))

    return Pending(call.begin(work), lambda: None)


def _delete_binding(call: Call) -> Answer:
    now, number = call.authority.clock(), call.place.id
    call.authority.writer.submit(
        lambda tx: take_binding_back(tx, number, call.actor, now)
    )
    return Answer(204)


ENDPOINTS = (
    Endpoint(
        "GET",
        "/acme/accounts",
        _accounts,
        "List ACME accounts, with how each is used",
        "viewer",
        acme_answers.AccountPage,
        query=acme_messages.AccountQuery,
    ),
    Endpoint(
        "GET",
        "/acme/accounts/{id}",
        _account,
        "Show an ACME account",
        "viewer",
        acme_answers.Account,
        place=messages.ByID,
    ),
    Endpoint(
        "POST",
        "/acme/accounts/{id}/revoke",
        _revoke_account,
        "Have an ACME account order no more",
        "operator",
        acme_answers.Account,
        body=messages.Nothing,
        place=messages.ByID,
        once=True,
    ),
    Endpoint(
        "GET",
        "/acme/orders",
        _orders,
        "List ACME orders, and why some failed",
        "viewer",
        acme_answers.OrderPage,
        query=acme_messages.OrderQuery,
    ),
    Endpoint(
        "GET",
        "/acme/orders/{id}",
        _order,
        "Show an ACME order, and how its names were proved",
        "viewer",
        acme_answers.WholeOrder,
        place=messages.ByID,
    ),
    Endpoint(
        "GET",
        "/acme/bindings",
        _bindings,
        "List external accounts for ACME",
        "administrator",
        acme_answers.Bindings,
    ),
    Endpoint(
        "POST",
        "/acme/bindings",
        _make_binding,
        "Make an external account for ACME; its key is answered once",
        "administrator",
        acme_answers.MadeBinding,
        status=201,
        body=acme_messages.NewBinding,
        once=True,
    ),
    Endpoint(
        "DELETE",
        "/acme/bindings/{id}",
        _delete_binding,
        "Take an external account for ACME back",
        "administrator",
        None,
        status=204,
        place=messages.ByID,
    ),
)
