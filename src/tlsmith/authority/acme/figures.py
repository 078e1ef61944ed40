"""How ACME fares: what a summary for people shows, read in a moment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from tlsmith.authority.acme.reasons import Failure, failure
from tlsmith.authority.acme.records import failures_of
from tlsmith.storage.acme.accounts import AccountRecord, account_by_id
from tlsmith.storage.acme.bindings import bindings
from tlsmith.storage.acme.figures import LAPSED, Use, latest_use
from tlsmith.storage.acme.orders import INVALID, OrderRecord, latest_orders
from tlsmith.storage.moments import to_day
from tlsmith.storage.search import timeline

if TYPE_CHECKING:
    from tlsmith.storage import Connection

# Orders that are looked at, failed ones whose reasons are counted and shown, accounts.
_MOST, _COUNTED, _SHOWN, _ACCOUNTS = 10_000, 200, 20, 20
_DAYS = 30
_EPOCH = date(1970, 1, 1)


class DayFigures(NamedTuple):
    """What happened on a day: orders made, and those that ended."""

    date: date
    made: int
    valid: int
    invalid: int


class AccountUse(NamedTuple):
    """How an account used what is looked at.

    Args:
        binding: the name of its external account, None where it has none.
        states: how many orders stand how.
    """

    account: AccountRecord
    binding: str | None
    states: Counter[str]
    last_at: datetime


class ReasonCount(NamedTuple):
    """How many of the last failures have a reason."""

    failure: Failure
    number: int


class ACMEFigures(NamedTuple):
    """All of it.

    Args:
        states: how many of the latest orders stand how.
        is_all: there are no older orders.
        failures: the last that failed, with why.
    """

    states: Counter[str]
    is_all: bool
    days: list[DayFigures]
    reasons: list[ReasonCount]
    failures: list[tuple[OrderRecord, Failure]]
    accounts: list[AccountUse]


def acme_figures(connection: Connection, now: datetime) -> ACMEFigures:
    """Return how ACME fares. The time that takes does not grow with the store."""
    uses = latest_use(connection, now, _MOST)
    states: Counter[str] = Counter()
    for one in uses:
        states[one.status] += one.number
    failed = latest_orders(connection, status=INVALID, limit=_COUNTED)
    why = failures_of(connection, failed, now)
    return ACMEFigures(
        states,
        states.total() < _MOST,
        _days(connection, now),
        _reasons(why.values()),
        [(one, why[one.id]) for one in failed[:_SHOWN]],
        _accounts(connection, uses),
    )


def _days(connection: Connection, now: datetime) -> list[DayFigures]:
    last = to_day(now)
    first = last - _DAYS + 1
    made, valid, invalid = (
        dict(timeline(connection, what, first, last))
        for what in ("acme-order", "acme-order-valid", "acme-order-invalid")
    )
    return [
        DayFigures(
            _EPOCH + timedelta(days=day),
            made.get(day, 0),
            valid.get(day, 0),
            invalid.get(day, 0),
        )
        for day in range(first, last + 1)
    ]


def _reasons(failures: Iterable[Failure]) -> list[ReasonCount]:
    """Return the reasons of failures, the most frequent first, for any name."""
    numbers = Counter((one.type, one.challenge) for one in failures)
    return [
        ReasonCount(failure(kind, "", challenge=challenge), number)
        for (kind, challenge), number in numbers.most_common()
    ]


def _accounts(connection: Connection, uses: list[Use]) -> list[AccountUse]:
    """Return the accounts that ordered most."""
    states: dict[str, Counter[str]] = {}
    last: dict[str, datetime] = {}
    for one in uses:
        states.setdefault(one.account_id, Counter())[one.status] += one.number
        last[one.account_id] = max(one.last_at, last.get(one.account_id, one.last_at))
    busiest = sorted(states, key=lambda one: (-states[one].total(), one))[:_ACCOUNTS]
    names = {one.id: one.name for one in bindings(connection)} if busiest else {}
    found = []
    for number in busiest:
        account = account_by_id(connection, number)
        if account is not None:
            bound = account.binding and names.get(account.binding, account.binding)
            found.append(AccountUse(account, bound, states[number], last[number]))
    return found


def failed_of(states: Counter[str]) -> int:
    """Return how many orders failed, those that nobody completed among them."""
    return states[INVALID] + states[LAPSED]
