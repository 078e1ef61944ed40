"""What is taken over from others, and what is forgotten in the end."""

from __future__ import annotations

from datetime import timedelta

from acme_life import Life
from authorities import ADMINISTRATOR, Clock, TestCA
from tlsmith.acme import problems
from tlsmith.authority.acme.accounts import revoke_account
from tlsmith.authority.acme.settings import ACMELimits, ACMESettings
from tlsmith.storage.acme.authorizations import authorization_by_id
from tlsmith.storage.acme.orders import order_by_id

_KEEP = timedelta(days=30)


def running(life: Life, name: str) -> str:
    """Have a validation begin, as in a process that is then killed."""
    task = life.task(life.order(name))
    problem = problems.connection("not yet")
    record = life.service.keep_running(task, problem).result(9)
    assert record.challenges[0].status == "processing"
    assert record.challenges[0].error is not None
    return record.id


def taken(life: Life) -> list[str]:
    return [
        record.id
        for record, account in life.service.left_running()
        if account.id == life.account.id
    ]


def test_what_is_left_running_is_taken_over_by_one(
    life: Life, ca: TestCA, clock: Clock
) -> None:
    other = life.beside(ca.again())
    clock.forward(hours=1)
    taken(life)
    numbers = [running(life, "a.test"), running(life, "b.test")]
    assert taken(life) == taken(other) == []
    clock.forward(seconds=16)
    assert sorted(taken(other)) == sorted(numbers)
    assert taken(life) == taken(other) == []
    # That one ends, too.
    clock.forward(seconds=16)
    assert sorted(taken(life)) == sorted(numbers)
    other.service.close()
    other.authority.close()


def test_a_sign_of_life_keeps_it(life: Life, clock: Clock) -> None:
    taken(life)
    order = life.order("a.test")
    for _ in range(3):
        life.service.keep_running(life.task(order), None).result(9)
        clock.forward(seconds=14)
        assert taken(life) == []
    life.service.succeed(life.task(order)).result(9)
    clock.forward(minutes=5)
    assert taken(life) == []
    assert life.now(order).status == "ready"


def test_nothing_is_validated_for_whom_it_is_of_no_use(
    life: Life, clock: Clock
) -> None:
    running(life, "expires.test")
    clock.forward(days=8)
    assert taken(life) == []
    running(life, "a.test")
    with life.authority.storage.write() as transaction:
        revoke_account(transaction, life.account.id, ADMINISTRATOR, clock())
    clock.forward(seconds=16)
    assert taken(life) == []


def test_many_that_cannot_be_validated_hide_none_that_can(
    life: Life, clock: Clock
) -> None:
    for number in range(60):
        running(life, f"{number}.test")
    clock.forward(days=8)
    number = running(life, "a.test")
    clock.forward(seconds=16)
    assert taken(life) == [number]


def test_what_is_over_is_forgotten_after_a_while(life: Life, clock: Clock) -> None:
    old, proved, done = (
        life.order("a.test"),
        life.ready("b.test"),
        life.issued("c.test"),
    )
    clock.forward(days=25)
    younger = life.order("d.test")
    clock.forward(days=6)
    life.service.maintain(_KEEP)
    with life.authority.storage.read() as connection:
        for order in (old, proved, done):
            assert order_by_id(connection, order.id) is None
            assert authorization_by_id(connection, order.authorizations[0]) is None
        assert order_by_id(connection, younger.id) is not None
        assert authorization_by_id(connection, younger.authorizations[0]) is not None
    # The certificate is nobody's to forget here.
    assert life.certificate(done).names == ("c.test",)


def test_more_than_a_batch_is_forgotten(small_life: Life, clock: Clock) -> None:
    for number in range(510):
        small_life.order(f"{number}.test")
    clock.forward(days=40)
    small_life.service.maintain(_KEEP)
    with small_life.authority.storage.read() as connection:
        assert connection.one("SELECT COUNT(*) FROM acme_orders") == (0,)
        assert connection.one("SELECT COUNT(*) FROM acme_authorizations") == (0,)


def test_limits_that_are_paid_off_are_forgotten(ca: TestCA, clock: Clock) -> None:
    life = Life(ca.authority, ACMESettings(limits=ACMELimits(orders=5)))
    life.order("a.test")
    of_mine = f"orders of account {life.account.id}"
    query = "SELECT COUNT(*) FROM acme_limits WHERE name = ?"
    life.service.maintain(_KEEP)
    with life.authority.storage.read() as connection:
        assert connection.one(query, of_mine) == (1,)
    clock.forward(hours=1)
    life.service.maintain(_KEEP)
    with life.authority.storage.read() as connection:
        assert connection.one(query, of_mine) == (0,)
