"""Rate limits, counted where all replicas see them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from tlsmith.acme import problems
from tlsmith.authority.acme.ids import milliseconds
from tlsmith.authority.acme.settings import ACMELimits
from tlsmith.core.clients import counted_as, parse_client
from tlsmith.storage.acme.limits import Limit, spend, wait_for

if TYPE_CHECKING:
    from tlsmith.storage import Connection, Transaction

_HOUR, _DAY = 3600, 86400
# How the names of limits begin that failed validations count against.
FAILURES = "failed validations of name "


def order_limits(
    limits: ACMELimits, account_id: str, names: Sequence[str]
) -> list[Limit]:
    """Return what a new order counts against."""
    found = []
    if limits.orders:
        found.append(Limit(f"orders of account {account_id}", limits.orders, _HOUR))
    if limits.orders_of_name:
        most = limits.orders_of_name
        found += [Limit(f"orders of name {name}", most, _DAY) for name in names]
    return found


def account_limits(limits: ACMELimits, address: str) -> list[Limit]:
    """Return what a new account counts against."""
    if not limits.accounts:
        return []
    client = parse_client(address)
    where = address if client is None else counted_as(client)
    return [Limit(f"accounts from {where}", limits.accounts, _HOUR)]


def failure_limits(limits: ACMELimits, account_id: str, name: str) -> list[Limit]:
    """Return what a failed validation counts against."""
    if not limits.failures:
        return []
    what = f"{FAILURES}{name}, account {account_id}"
    return [Limit(what, limits.failures, _HOUR)]


def refuse_too_many(
    connection: Connection, limits: Sequence[Limit], now: datetime
) -> None:
    """Refuse what is more than a limit allows; nothing is written.

    Raises:
        ACMEProblem: rateLimited, with when to try again.
    """
    for limit in limits:
        wait = wait_for(connection, limit, milliseconds(now))
        if wait:
            seconds = wait // 1000 + 1
            per = "an hour" if limit.period == _HOUR else "a day"
            raise problems.rate_limited(
                f"{limit.most} {limit.name} {per} are allowed; try again in "
                f"{seconds} seconds",
                retry_after=seconds,
            )


def count(transaction: Transaction, limits: Sequence[Limit], now: datetime) -> None:
    """Count one more against each limit."""
    for limit in limits:
        spend(transaction, limit, milliseconds(now))
