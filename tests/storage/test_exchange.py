"""Statements that PostgreSQL is sent together."""

import pytest

from tlsmith.errors import StorageError
from tlsmith.storage.postgres import PostgresStorage

PREPARED = "SELECT COUNT(*) FROM pg_prepared_statements WHERE statement LIKE ?"


def test_what_is_asked_often_is_prepared_once(
    durable_storage: PostgresStorage,
) -> None:
    with durable_storage.look() as connection:
        for number in range(10):
            assert connection.one("SELECT 7 + ?::bigint", number) == (7 + number,)
        assert connection.one(PREPARED, "SELECT 7 +%") == (1,)


def test_answers_come_in_the_order_of_what_was_asked(
    durable_storage: PostgresStorage,
) -> None:
    asked = [
        ("SELECT ?::text, ?::bytea, NULL", (f"é{n}", bytes([n]))) for n in range(9)
    ]
    with durable_storage.look() as connection:
        for _ in range(3):
            answers = connection.each(*asked, ("SELECT 1 WHERE 1 = 2", ()))
            assert [one.fetchone() for one in answers] == [
                *((f"é{n}", bytes([n]), None) for n in range(9)),
                None,
            ]


@pytest.mark.parametrize("before", range(5))
def test_after_a_refusal_all_is_asked_again(
    durable_storage: PostgresStorage, before: int
) -> None:
    """What is skipped is not prepared: at any number of times it was asked before."""
    good, bad = ("SELECT ?::bigint + 1", (1,)), ("SELECT 1 / ?::bigint", (0,))
    for _ in range(before):
        with durable_storage.look() as connection:
            connection.each(good)
    for _ in range(3):
        with pytest.raises(StorageError), durable_storage.look() as connection:
            connection.each(bad, good)
    with durable_storage.look() as connection:
        assert [one.fetchone() for one in connection.each(good, good)] == [(2,)] * 2


def test_more_than_a_socket_holds_goes_both_ways(
    durable_storage: PostgresStorage,
) -> None:
    large = bytes(range(256)) * 4000
    with durable_storage.look() as connection:
        answers = connection.each(*[("SELECT ?::bytea", (large,))] * 20)
        assert all(one.fetchone() == (large,) for one in answers)
