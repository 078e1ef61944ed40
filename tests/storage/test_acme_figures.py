"""How ACME is used: the latest orders, counted and found, on every store."""

from datetime import UTC, datetime, timedelta

from tlsmith.storage import Storage
from tlsmith.storage.acme.accounts import AccountCount
from tlsmith.storage.acme.figures import LAPSED, Use, count_all_orders, latest_use
from tlsmith.storage.acme.orders import (
    INVALID,
    PENDING,
    READY,
    VALID,
    OrderRecord,
    insert_order,
    latest_orders,
)

NOW = datetime(2026, 11, 26, 12, 0, 0, tzinfo=UTC)
WEEK = timedelta(days=7)


def order(number: int, account: str, status: str, age: int = 0) -> OrderRecord:
    """An order made so many days ago."""
    made = NOW - timedelta(days=age)
    return OrderRecord(
        f"{number:028x}",
        account,
        status,
        made,
        made + WEEK,
        (("dns", "www.test"),),
        ("1",),
        certificate_id=number if status == VALID else None,
    )


ORDERS = [
    order(1, "a", VALID, age=30),
    order(2, "a", PENDING, age=9),
    order(3, "b", READY, age=8),
    order(4, "a", INVALID, age=2),
    order(5, "a", PENDING),
    order(6, "b", READY),
    order(7, "b", VALID),
    order(8, "b", VALID),
]


def fill(storage: Storage) -> None:
    with storage.write() as transaction:
        for one in ORDERS:
            insert_order(transaction, one)


def numbers(found: list[OrderRecord]) -> list[int]:
    return [int(one.id, 16) for one in found]


def test_use_is_counted_by_account_and_status(storage: Storage) -> None:
    fill(storage)
    with storage.read() as connection:
        found = latest_use(connection, NOW, 100)
    assert found == [
        Use("a", INVALID, 1, NOW - timedelta(days=2)),
        Use("a", LAPSED, 1, NOW - timedelta(days=9)),
        Use("a", PENDING, 1, NOW),
        Use("a", VALID, 1, NOW - timedelta(days=30)),
        Use("b", LAPSED, 1, NOW - timedelta(days=8)),
        Use("b", READY, 1, NOW),
        Use("b", VALID, 2, NOW),
    ]


def test_use_is_that_of_the_latest_alone(storage: Storage) -> None:
    fill(storage)
    with storage.read() as connection:
        assert latest_use(connection, NOW, 3) == [
            Use("b", READY, 1, NOW),
            Use("b", VALID, 2, NOW),
        ]
        assert latest_use(connection, NOW, 0) == []


def test_accounts_are_counted_together(storage: Storage) -> None:
    fill(storage)
    with storage.read() as connection:
        assert count_all_orders(connection, ["a", "b", "c"]) == {
            "a": AccountCount(4, 1, NOW),
            "b": AccountCount(4, 2, NOW),
        }
        assert count_all_orders(connection, []) == {}


def test_orders_are_found_as_they_are_at_a_moment(storage: Storage) -> None:
    fill(storage)
    with storage.read() as connection:

        def found(status: str | None, at: datetime | None = NOW) -> list[int]:
            return numbers(latest_orders(connection, status=status, now=at))

        assert found(None) == [8, 7, 6, 5, 4, 3, 2, 1]
        assert found(INVALID) == [4, 3, 2]
        assert found(INVALID, None) == [4]
        assert found(PENDING) == [5]
        assert found(PENDING, None) == [5, 2]
        assert found(READY) == [6]
        assert found(VALID) == [8, 7, 1]


def test_orders_are_found_page_by_page_and_by_account(storage: Storage) -> None:
    fill(storage)
    with storage.read() as connection:
        first = latest_orders(connection, account_id="b", now=NOW, limit=3)
        assert numbers(first) == [8, 7, 6]
        rest = latest_orders(
            connection, account_id="b", now=NOW, before=first[-1].id, limit=3
        )
        assert numbers(rest) == [3]
        assert numbers(
            latest_orders(connection, status=INVALID, account_id="b", now=NOW)
        ) == [3]
