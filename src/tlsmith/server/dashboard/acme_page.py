"""The ACME page: orders by state, failures with their reasons, use by account."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from tlsmith.authority.acme.figures import (
    AccountUse,
    ACMEFigures,
    DayFigures,
    ReasonCount,
    failed_of,
)
from tlsmith.authority.acme.reasons import Failure
from tlsmith.server.dashboard.chart import day_chart
from tlsmith.server.dashboard.html import Child, Markup, element, html_table, page
from tlsmith.storage.acme.figures import LAPSED
from tlsmith.storage.acme.orders import INVALID, PENDING, READY, VALID, OrderRecord

_MOST_NAMES = 4
# How an order can stand, and what that means.
_STATES = (
    (VALID, "valid", "have their certificate"),
    (READY, "ready", "proved, not finalized yet"),
    (PENDING, "pending", "wait for a challenge"),
    (INVALID, "failed", "a challenge failed, or was given up"),
    (LAPSED, "lapsed", "nobody completed them in time"),
)


def acme_page(figures: ACMEFigures, who: str, now: datetime) -> bytes:
    """Return the page."""
    return page(
        "ACME",
        f"{who}, {now:%Y-%m-%d %H:%M:%S} UTC",
        _states(figures),
        _days(figures.days),
        _reasons(figures.reasons),
        _failures(figures.failures),
        _accounts(figures.accounts),
    )


def _section(title: str, *parts: Child) -> Markup:
    return element("section", element("h2", title), parts)


def _nothing(text: str) -> Markup:
    return element("p", text, class_="nothing")


def _states(figures: ACMEFigures) -> Markup:
    total = figures.states.total()
    if not total:
        there = "There are none yet. Clients order at /acme/directory of this server."
        return _section("Orders", _nothing(there))
    which = "All that are kept" if figures.is_all else f"The latest {total:,}"
    cards = [
        element(
            "div",
            element("dt", word),
            element("dd", f"{figures.states[state]:,}"),
            element("dd", meaning, class_="meaning"),
            class_=f"card {word}",
        )
        for state, word, meaning in _STATES
    ]
    return _section("Orders", element("p", f"{which}, by state."), element("dl", cards))


def _days(days: Sequence[DayFigures]) -> Markup:
    legend = element(
        "p",
        element("span", "valid", class_="key valid"),
        element("span", "failed", class_="key failed"),
    )
    rows = [
        (one.date.isoformat(), one.made, one.valid, one.invalid)
        for one in reversed(days)
        if one.made or one.valid or one.invalid
    ]
    table = html_table(("day", "ordered", "valid", "failed"), rows)
    numbers = element("details", element("summary", "The numbers"), table)
    return _section("By day", legend, day_chart(days), numbers if rows else None)


def _reasons(reasons: Sequence[ReasonCount]) -> Markup:
    if not reasons:
        return _section("Why orders fail", _nothing("None failed."))
    total = sum(one.number for one in reasons)
    rows = [
        (one.number, one.failure.challenge, one.failure.said, one.failure.advice)
        for one in reasons
    ]
    return _section(
        "Why orders fail",
        element("p", f"The last {total} that failed, by reason."),
        html_table(("orders", "challenge", "what happened", "what to do"), rows),
    )


def _failures(failures: Sequence[tuple[OrderRecord, Failure]]) -> Markup | None:
    if not failures:
        return None
    rows = [
        (
            _moment(order.created_at),
            _names([value for _, value in order.identifiers]),
            element("code", order.account_id),
            [failed.said, element("small", failed.detail)],
            failed.advice,
        )
        for order, failed in failures
    ]
    heads = ("ordered", "names", "account", "what happened", "what to do")
    return _section("Last failures", html_table(heads, rows))


def _accounts(accounts: Sequence[AccountUse]) -> Markup | None:
    if not accounts:
        return None
    rows = [_account(one) for one in accounts]
    heads = (
        *("account", "whose", "external account", "state", "orders", "valid"),
        *("failed", "open", "last order"),
    )
    return _section(
        "By account",
        element("p", "Those that ordered most, among the orders above."),
        html_table(heads, rows),
    )


def _account(use: AccountUse) -> tuple[Child, ...]:
    account, states = use.account, use.states
    contacts = [one.removeprefix("mailto:") for one in account.contacts]
    return (
        element("code", account.id),
        _names(contacts) or account.address,
        use.binding,
        account.status,
        states.total(),
        states[VALID],
        failed_of(states),
        states[PENDING] + states[READY],
        _moment(use.last_at),
    )


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more


def _moment(moment: datetime) -> Markup:
    shown = f"{moment:%Y-%m-%d %H:%M}"
    return element("time", shown, datetime=moment.isoformat())
