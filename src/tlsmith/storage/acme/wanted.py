"""What a request is about, read by the exchange that uses its nonce up."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, NamedTuple

from tlsmith.storage.acme.accounts import ACCOUNT_BY_ID, account_of_row
from tlsmith.storage.acme.authorizations import (
    AUTHORIZATION_BY_ID,
    AUTHORIZATIONS_OF_ORDER,
    authorization_of_row,
)
from tlsmith.storage.acme.limits import PAID_AT
from tlsmith.storage.acme.orders import ORDER_BY_ID, order_of_row
from tlsmith.storage.asked import Asked
from tlsmith.storage.connection import Cursor, Row

ACCOUNT, ORDER, AUTHORIZATION = "account", "order", "authorization"
# The authorizations of an order, by its id; and a limit, by its name.
PROOFS, LIMIT = "proofs", "limit"
# An account that is in use, with the key it was known by.
IN_USE = "in use"
# What `refuse_tries` asks for, by the id of an authorization: limits.
TRIES = "tries"


class Wanted(NamedTuple):
    """Records that are wanted.

    Args:
        kind: one of those above.
    """

    kind: str
    id: str


class _Reading(NamedTuple):
    """How records of a kind are found, and what they are kept by.

    Args:
        each: the kind of each of several; None where one is found, by what was asked.
        none: stands for one that is not there.
    """

    query: str
    record: Callable[[Row], Any]
    each: str | None = None
    none: Any = None


_READINGS = {
    ACCOUNT: _Reading(ACCOUNT_BY_ID, account_of_row),
    ORDER: _Reading(ORDER_BY_ID, order_of_row),
    AUTHORIZATION: _Reading(AUTHORIZATION_BY_ID, authorization_of_row),
    PROOFS: _Reading(AUTHORIZATIONS_OF_ORDER, authorization_of_row, AUTHORIZATION),
    LIMIT: _Reading(PAID_AT, lambda row: int(row[0]), none=0),
}


def queries(wanted: Iterable[Wanted]) -> list[Asked]:
    """Return what finds the records, on PostgreSQL."""
    return [(_READINGS[kind].query, (id_,)) for kind, id_ in wanted]


def records(wanted: Iterable[Wanted], answers: Sequence[Cursor]) -> dict[Hashable, Any]:
    """Return the records that were found, as `Kept` has them."""
    found: dict[Hashable, Any] = {}
    for one, answer in zip(wanted, answers, strict=True):
        reading = _READINGS[one.kind]
        if reading.none is not None:
            found[one] = reading.none
        for row in answer.fetchall():
            key = one if reading.each is None else Wanted(reading.each, row[0])
            found[key] = reading.record(row)
    return found
