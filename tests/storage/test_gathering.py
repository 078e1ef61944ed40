"""Transactions that take for granted what is likely: never wrong for that."""

from collections.abc import Iterator

import pytest

from storage.acme.records import HOUR, NOW, account, authorization, order
from tlsmith.errors import ConflictError
from tlsmith.storage import Storage, Transaction, Writer
from tlsmith.storage.acme.accounts import insert_account, is_in_use
from tlsmith.storage.acme.authorizations import insert_authorization, set_outcome
from tlsmith.storage.acme.orders import (
    insert_order,
    make_invalid,
    make_ready,
    make_valid,
    order_by_id,
)
from tlsmith.storage.connection import OvertakenError


@pytest.fixture(autouse=True)
def filled(storage: Storage) -> None:
    with storage.write() as transaction:
        insert_account(transaction, account(1))
        insert_order(transaction, order(1))
        insert_authorization(transaction, authorization(1))


@pytest.fixture
def writer(storage: Storage) -> Iterator[Writer]:
    made = Writer(storage)
    yield made
    made.close()


def status_of(storage: Storage, number: int = 1) -> str:
    with storage.look() as connection:
        found = order_by_id(connection, order(number).id)
    return "none" if found is None else found.status


def ready(transaction: Transaction) -> bool:
    until = NOW + HOUR
    return make_ready(transaction, order(1).id, until, is_likely=True)


def test_what_is_so_is_written(storage: Storage) -> None:
    with storage.write_trusting() as transaction:
        assert is_in_use(transaction, account(1).id)
        assert ready(transaction)
        assert make_valid(transaction, order(1).id, 7, NOW)
    assert status_of(storage) == "valid"


def test_what_was_taken_for_granted_and_is_not_so_leaves_nothing(
    storage: Storage,
) -> None:
    """SQLite is asked at once, and takes nothing for granted."""
    if storage.dialect == "sqlite":
        with storage.write_trusting() as transaction:
            assert not make_valid(transaction, order(1).id, 7, NOW)
        return

    def overtaken(transaction: Transaction) -> None:
        assert make_invalid(transaction, order(1).id)
        assert ready(transaction)

    def of_nobody(transaction: Transaction) -> None:
        insert_order(transaction, order(2))
        assert is_in_use(transaction, "nobody")

    for act in (overtaken, of_nobody):
        with pytest.raises(OvertakenError), storage.write_trusting() as transaction:
            act(transaction)
    assert (status_of(storage), status_of(storage, 2)) == ("pending", "none")


def test_a_reading_sees_what_was_written_before(storage: Storage) -> None:
    with storage.write_trusting() as transaction:
        assert ready(transaction)
        found = order_by_id(transaction, order(1).id)
        assert found is not None
        assert found.status == "ready"


def test_acts_are_told_how_it_was(storage: Storage, writer: Writer) -> None:
    """Of several in one commit, one is overtaken by another."""
    valid = authorization(1, status="valid")
    futures = [
        writer.begin(act, is_short=True)
        for act in (
            ready,
            lambda tx: make_valid(tx, order(1).id, 7, NOW),
            lambda tx: make_valid(tx, order(1).id, 8, NOW),
            lambda tx: set_outcome(tx, valid, NOW),
            lambda tx: set_outcome(tx, valid, NOW),
            lambda tx: is_in_use(tx, account(1).id),
            lambda tx: is_in_use(tx, account(2).id),
        )
    ]
    found = [one.result(9) for one in futures]
    assert found == [True, True, False, True, False, True, False]
    assert status_of(storage) == "valid"


def test_a_refusal_of_one_leaves_the_others(storage: Storage, writer: Writer) -> None:
    there = writer.begin(lambda tx: insert_order(tx, order(1)), is_short=True)
    other = writer.begin(lambda tx: insert_order(tx, order(3)), is_short=True)
    with pytest.raises(ConflictError):
        there.result(9)
    other.result(9)
    assert status_of(storage, 3) == "pending"
