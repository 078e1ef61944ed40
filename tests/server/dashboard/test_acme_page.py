"""The ACME page: what an operator sees of orders, failures, accounts."""

from __future__ import annotations

import re
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from acme_orders import Ordering
from server.dashboard.conftest import Look
from server.rest.world import Served
from tlsmith.acme import problems
from tlsmith.authority.acme.bindings import Bounds
from tlsmith.authority.acme.figures import DayFigures
from tlsmith.server.dashboard.chart import day_chart
from tlsmith.storage.acme.orders import insert_order


def cards(text: str) -> dict[str, str]:
    """The number on each card."""
    return dict(re.findall(r"<dt>(\w+)</dt><dd>([\d,]+)</dd>", text))


def rows(text: str, title: str) -> list[list[str]]:
    """The cells of the table below a title."""
    section = text.partition(f"<h2>{title}</h2>")[2].partition("</section>")[0]
    body = section.partition("<tbody>")[2]
    return [
        [re.sub("<[^>]*>", "|", cell).strip("|") for cell in row.split("</td>")[:-1]]
        for row in body.split("</tr>")[:-1]
    ]


def test_a_store_without_orders_says_where_they_come_from(look: Look) -> None:
    text = look().text
    assert "Clients order at /acme/directory" in text
    assert "None failed." in text
    assert "By account" not in text


def test_orders_are_counted_by_state(clients: Ordering, look: Look) -> None:
    account = clients.account()
    clients.valid(account, "a.test")
    clients.valid(account, "b.test")
    clients.order(account, "c.test")
    ready = clients.order(account, "d.test")
    clients.prove(account, ready)
    clients.fail(account, clients.order(account, "e.test"))
    order = clients.order(account, "f.test")
    old = order.created_at - timedelta(days=9)
    with clients.authority.storage.write() as transaction:
        lapsed = order._replace(id="0" * 28, created_at=old, expires_at=old)
        insert_order(transaction, lapsed)
    text = look().text
    assert "All that are kept, by state." in text
    assert cards(text) == {
        "valid": "2",
        "ready": "1",
        "pending": "2",
        "failed": "1",
        "lapsed": "1",
    }
    assert "orders by day: 2 became valid, 1 failed" in text
    assert rows(text, "By day") == [[f"{order.created_at:%Y-%m-%d}", "6", "2", "1"]]


def test_failures_say_why_and_what_to_do(clients: Ordering, look: Look) -> None:
    account = clients.account()
    for name in ("a.test", "b.test"):
        clients.fail(account, clients.order(account, name))
    clients.fail(
        account,
        clients.order(account, "*.c.test", "d.test"),
        problems.dns("_acme-challenge.c.test has no TXT record"),
        "dns-01",
    )
    text = look().text
    counted = rows(text, "Why orders fail")
    assert [row[:3] for row in counted] == [
        ["2", "http-01", "the CA could not connect to the name"],
        ["1", "dns-01", "DNS has no answer for the name"],
    ]
    assert "port 80" in counted[0][3]
    last = {row[1]: row for row in rows(text, "Last failures")}
    assert set(last) == {"a.test", "b.test", "*.c.test, d.test"}
    row = last["*.c.test, d.test"]
    assert row[2] == account.id
    assert row[3] == (
        "DNS has no answer for c.test|_acme-challenge.c.test has no TXT record"
    )
    assert row[4].startswith("see that the client may write to the zone of c.test")


def test_accounts_are_shown_by_how_much_they_ordered(
    clients: Ordering, look: Look
) -> None:
    binding = clients.binding("racks", Bounds(preauthorized=("rack.test",)))
    quiet = clients.account("mailto:ops@corp.test")
    busy = clients.account(binding=binding)
    clients.account()  # has ordered nothing
    clients.order(quiet, "a.test")
    for number in range(3):
        clients.valid(busy, f"n{number}.rack.test")
    clients.fail(busy, clients.order(busy, "b.test"))
    found = rows(look().text, "By account")
    assert [row[:-1] for row in found] == [
        [busy.id, "192.0.2.7", "racks", "valid", "4", "3", "1", "0"],
        [quiet.id, "ops@corp.test", "", "valid", "1", "0", "0", "1"],
    ]


def test_of_many_orders_the_latest_are_counted(clients: Ordering, look: Look) -> None:
    account = clients.account()
    first = clients.order(account, "a.test")
    with clients.authority.storage.write() as transaction:
        for number in range(10_500):
            insert_order(transaction, first._replace(id=f"f{number:027x}"))
    text = look().text
    assert "The latest 10,000, by state." in text
    assert cards(text)["pending"] == "10,000"


# The chart


def test_a_day_on_which_little_happened_is_seen_beside_one_with_much() -> None:
    from datetime import date

    days = [
        DayFigures(date(2026, 11, 1), 100_000, 90_000, 10_000),
        DayFigures(date(2026, 11, 2), 2, 1, 1),
        DayFigures(date(2026, 11, 3), 0, 0, 0),
    ]
    made = day_chart(days)
    bars = re.findall(
        r'x="(\d+)" y="([\d.]+)" width="28" height="([\d.]+)" class="(\w+)"', made
    )
    drawn = [
        (int(x), float(y), float(height), kind)
        for x, y, height, kind in bars
        if kind != "day"
    ]
    assert drawn == [
        (0, 15.0, 135.0, "valid"),
        (0, 0.0, 15.0, "failed"),
        (34, 149.0, 1.0, "valid"),
        (34, 148.0, 1.0, "failed"),
    ]


@pytest.mark.parametrize(("valid", "invalid"), [(1, 0), (0, 1), (9999, 1), (1, 9999)])
def test_bars_stay_within_the_chart(valid: int, invalid: int) -> None:
    from datetime import date

    made = day_chart([DayFigures(date(2026, 11, 1), 1, valid, invalid)])
    for y, height in re.findall(r'y="([\d.]+)" width="28" height="([\d.]+)"', made):
        assert 0 <= float(y) <= float(y) + float(height) <= 150


# A real browser


@pytest.mark.interop
@pytest.mark.skipif(shutil.which("chromium") is None, reason="no chromium here")
def test_a_browser_shows_it_and_has_nothing_to_complain_of(
    clients: Ordering, served: Served, tmp_path: Path
) -> None:
    account = clients.account()
    clients.valid(account, "a.test")
    clients.fail(account, clients.order(account, "gone.test"))
    url = f"https://x:{served.tokens['viewer']}@localhost:{served.port}/dashboard/"
    picture = tmp_path / "page.png"
    done = subprocess.run(
        [
            "chromium",
            *("--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr"),
            *("--ignore-certificate-errors", f"--user-data-dir={tmp_path}/profile"),
            *("--dump-dom", f"--screenshot={picture}", url),
        ],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert "<h2>Last failures</h2>" in done.stdout, done.stderr[-2000:]
    assert "gone.test" in done.stdout
    assert "CONSOLE" not in done.stderr
    assert picture.stat().st_size > 10_000
