"""How far away a database is, and what hangs."""

from __future__ import annotations

import threading
import time

import pytest

import postgres
from tlsmith.errors import StorageError
from tlsmith.storage.postgres import PostgresStorage
from tlsmith.storage.reach import Reach


def test_one_that_answers_late_is_far_until_it_is_quick_again() -> None:
    reach = Reach()
    for _ in range(60):
        assert reach.is_near
        reach.took(0.0001)
        reach.took(0.02)
    for _ in range(60):
        reach.took(0.002)
    assert not reach.is_near
    reach.took(0.0001)
    assert reach.is_near


def test_one_that_was_given_up_is_far() -> None:
    reach = Reach()
    assert reach.give_up().code == "store-slow"
    reach.took(0.0001)
    assert not reach.is_near


def test_one_thread_alone_is_hurried() -> None:
    reach, seen = Reach(), []
    assert not reach.is_hurried
    reach.hurry_here()
    other = threading.Thread(target=lambda: seen.append(reach.is_hurried))
    other.start()
    other.join()
    assert reach.is_hurried
    assert seen == [False]


def test_a_store_next_door_is_near(durable_storage: PostgresStorage) -> None:
    for _ in range(200):
        with durable_storage.look() as connection:
            assert connection.one("SELECT 7") == (7,)
    assert durable_storage.is_near


def test_an_event_loop_gives_up_what_hangs(
    durable_postgres: postgres.Server, durable_storage: PostgresStorage
) -> None:
    durable_storage.hurry_here()
    with durable_storage.look() as connection:
        connection.one("SELECT 1")
    with durable_postgres.hanging():
        begun = time.monotonic()
        with (
            pytest.raises(StorageError) as raised,
            durable_storage.look() as connection,
        ):
            connection.one("SELECT 1")
        assert raised.value.code == "store-slow"
        assert time.monotonic() - begun < 3
        assert not durable_storage.is_near
    # On another connection: what the other still answers is nobody's.
    with durable_storage.look() as connection:
        assert connection.one("SELECT 2") == (2,)


def test_a_thread_waits_for_what_hangs(
    durable_postgres: postgres.Server, durable_storage: PostgresStorage
) -> None:
    with durable_storage.look() as connection:
        connection.one("SELECT 1")
    found: list[object] = []

    def ask() -> None:
        with durable_storage.look() as connection:
            found.append(connection.one("SELECT 2"))

    asking = threading.Thread(target=ask)
    with durable_postgres.hanging():
        asking.start()
        asking.join(1.5)
        assert asking.is_alive()
    asking.join(10)
    assert found == [(2,)]


def test_an_event_loop_gives_up_a_transaction_that_hangs(
    durable_postgres: postgres.Server, durable_storage: PostgresStorage
) -> None:
    statement = "INSERT INTO settings (name, value) VALUES (?, ?)"
    durable_storage.hurry_here()

    def act() -> None:
        with durable_storage.write() as transaction:
            transaction.run(statement, "hung", b"1")
            with durable_postgres.hanging():
                transaction.run(statement, "hung too", b"1")

    with pytest.raises(StorageError) as raised:
        act()
    assert raised.value.code == "store-slow"
    hung = "SELECT name FROM settings WHERE name IN (?, ?)"
    with durable_storage.read() as connection:
        assert connection.all(hung, "hung", "hung too") == []
    with durable_storage.write() as transaction:
        transaction.run(statement, "hung", b"2")
