"""Renewal information, and orders that replace (RFC 9773)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from acme_life import Life, csr, refused
from authorities import ADMINISTRATOR, Clock, TestCA
from tlsmith.acme import problems
from tlsmith.acme.identifiers import Identifier
from tlsmith.acme.renewal_info import CertID
from tlsmith.authority.acme.settings import ACMELimits, ACMESettings
from tlsmith.core.view import view_certificate
from tlsmith.errors import ACMEProblem
from tlsmith.storage.acme.orders import OrderRecord
from tlsmith.storage.authorities import authorities

_HOUR = timedelta(hours=1)


def cert_id(life: Life, order: OrderRecord) -> CertID:
    view = view_certificate(life.certificate(order).certificate or b"")
    assert view.authority_key_identifier is not None
    return CertID(view.authority_key_identifier, view.serial_number)


def test_windows_lie_two_thirds_in_and_are_spread(life: Life) -> None:
    starts = set()
    for _ in range(12):
        order = life.issued("a.test")
        record = life.certificate(order)
        lifetime = record.not_after - record.not_before
        window = life.service.renewal_window(cert_id(life, order))
        part = (window.start - record.not_before) / lifetime
        assert 0.65 <= part <= 0.75
        assert window.start < window.end < record.not_after
        assert window == life.service.renewal_window(cert_id(life, order))
        assert (window.is_urgent, window.poll) == (False, timedelta(hours=6))
        starts.add(window.start)
    assert len(starts) > 8


def test_of_hours_a_window_is_asked_for_in_minutes(life: Life, clock: Clock) -> None:
    order = life.issued("a.test", not_after=clock() + _HOUR)
    window = life.service.renewal_window(cert_id(life, order))
    record = life.certificate(order)
    assert record.not_before < window.start < window.end < record.not_after
    assert timedelta(minutes=2) < window.poll < timedelta(minutes=5)


def test_a_revoked_one_is_renewed_at_once(life: Life, clock: Clock) -> None:
    order = life.issued("a.test")
    life.authority.revoke(order.certificate_id or 0, "superseded", ADMINISTRATOR)
    window = life.service.renewal_window(cert_id(life, order))
    assert window.start < window.end < clock()
    assert window.is_urgent


def test_every_one_of_a_key_that_was_compromised_is_renewed_at_once(
    life: Life,
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    first, second = (
        life.finalize(life.ready(name), csr(name, key=key))
        for name in ("a.test", "b.test")
    )
    life.authority.revoke(first.certificate_id or 0, "keyCompromise", ADMINISTRATOR)
    assert life.service.renewal_window(cert_id(life, second)).is_urgent
    other = life.issued("c.test")
    assert not life.service.renewal_window(cert_id(life, other)).is_urgent


def test_every_one_of_a_ca_that_was_revoked_is_renewed_at_once(
    life: Life, ca: TestCA
) -> None:
    order = life.issued("a.test")
    storage = life.authority.storage
    with storage.read() as connection:
        (issuing,) = [one for one in authorities(connection) if one.slug == ca.slug]
    state = "UPDATE authorities SET state = ? WHERE id = ?"
    with storage.write() as transaction:
        transaction.run(state, "revoked", issuing.id)
    life.authority.issuers.forget()
    try:
        assert life.service.renewal_window(cert_id(life, order)).is_urgent
    finally:
        with storage.write() as transaction:
            transaction.run(state, issuing.state, issuing.id)
        life.authority.issuers.forget()


def test_of_what_is_not_there_there_is_no_window(life: Life) -> None:
    there = cert_id(life, life.issued("a.test"))
    for wrong in (
        there._replace(serial_number=there.serial_number + 1),
        there._replace(key_identifier=bytes(20)),
    ):
        problem = refused(life.service.renewal_window, wrong)
        assert (problem.type, problem.status) == ("malformed", 404)


# `replaces` (section 5)


def test_a_certificate_is_replaced_once(life: Life) -> None:
    old = cert_id(life, life.issued("a.test", "b.test"))
    order = life.order("b.test", "c.test", replaces=old)
    assert order.replaces is not None
    problem = refused(life.order, "a.test", replaces=old)
    assert (problem.type, problem.status) == ("alreadyReplaced", 409)
    life.finalize(life.prove(order))
    assert refused(life.order, "a.test", replaces=old).type == "alreadyReplaced"


def test_what_came_to_nothing_replaces_nothing(life: Life, clock: Clock) -> None:
    old = cert_id(life, life.issued("a.test"))
    failed = life.order("a.test", replaces=old)
    life.service.deactivate_authorization(life.authorizations(failed)[0]).result(9)
    assert life.now(failed).status == "invalid"
    abandoned = life.order("a.test", replaces=old)
    assert refused(life.order, "a.test", replaces=old).type == "alreadyReplaced"
    clock.forward(days=8)
    assert life.now(abandoned).status == "invalid"
    assert life.order("a.test", replaces=old).status == "pending"


def test_at_once_one_alone_replaces(life: Life, ca: TestCA) -> None:
    other = life.beside(ca.again())
    life.ready("a.test")
    for _ in range(3):
        old = cert_id(life, life.issued("a.test"))
        barrier = Barrier(6)

        def replace(place: int) -> OrderRecord | ACMEProblem:
            barrier.wait(20)  # noqa: B023
            try:
                return (life, other)[place % 2].order("a.test", replaces=old)  # noqa: B023
            except ACMEProblem as problem:
                return problem

        with ThreadPoolExecutor(6) as threads:
            done = list(threads.map(replace, range(6)))
        assert sum(isinstance(one, OrderRecord) for one in done) == 1
        assert {one.type for one in done if isinstance(one, ACMEProblem)} == {
            "alreadyReplaced"
        }
    other.service.close()
    other.authority.close()


def test_only_ones_own_is_replaced_and_by_its_names(life: Life) -> None:
    old = cert_id(life, life.issued("a.test"))
    assert refused(life.beside().order, "a.test", replaces=old).type == "unauthorized"
    problem = refused(life.order, "b.test", replaces=old)
    assert (problem.type, "none of these names" in problem.message) == (
        *("malformed", True),
    )
    gone = old._replace(serial_number=7)
    assert refused(life.order, "a.test", replaces=gone).type == "malformed"


# Limits


def limited(ca: TestCA, **limits: int) -> Life:
    return Life(ca.authority, ACMESettings(limits=ACMELimits(**limits)))


def test_orders_of_an_account_are_limited(ca: TestCA, clock: Clock) -> None:
    life = limited(ca, orders=3)
    for number in range(3):
        life.order(f"{number}.test")
    problem = refused(life.order, "4.test")
    assert (problem.type, problem.status) == ("rateLimited", 429)
    wait = problem.retry_after or 0
    assert 1190 <= wait <= 1201
    assert life.beside().order("4.test").status == "pending"
    clock.forward(seconds=wait - 5)
    assert refused(life.order, "4.test").type == "rateLimited"
    clock.forward(seconds=5)
    life.order("4.test")
    assert refused(life.order, "5.test").type == "rateLimited"
    clock.forward(hours=1)
    for number in range(3):
        life.order(f"{number}.test")


def test_orders_of_a_name_are_limited_whoever_asks(ca: TestCA, clock: Clock) -> None:
    life = limited(ca, orders_of_name=2)
    life.order("limited.test", "x.test")
    life.beside().order("limited.test")
    problem = refused(life.beside().order, "y.test", "limited.test")
    assert problem.type == "rateLimited"
    assert 43_190 <= (problem.retry_after or 0) <= 43_201
    # What was refused counts against nobody.
    for _ in range(2):
        life.order("y.test")
    clock.forward(days=1)
    life.order("limited.test")


def test_a_renewal_that_was_asked_for_is_never_too_many(ca: TestCA) -> None:
    life = limited(ca, orders=1)
    old = cert_id(life, life.issued("a.test"))
    assert refused(life.order, "a.test").type == "rateLimited"
    assert life.order("a.test", replaces=old).status == "ready"


def test_what_is_more_than_a_renewal_counts_as_any_order(ca: TestCA) -> None:
    life = limited(ca, orders=1)
    old = cert_id(life, life.issued("a.test"))
    problem = refused(life.order, "a.test", "further.test", replaces=old)
    assert problem.type == "rateLimited"
    # Whoever gives each order up cannot go on without end.
    for _ in range(3):
        order = life.order("a.test", replaces=old)
        record = life.service.authorization(life.account, order.authorizations[0])
        life.service.deactivate_authorization(record).result(9)
        assert life.now(order).status == "invalid"
    assert refused(life.order, "a.test", replaces=old).type == "rateLimited"


def test_what_is_authorized_beforehand_counts_as_an_order(ca: TestCA) -> None:
    life = limited(ca, orders=2)
    for name in ("a.test", "b.test"):
        asked = Identifier("dns", name)
        life.service.new_authorization(life.account, asked, "127.0.0.1").result(9)
    asked = Identifier("dns", "c.test")
    begun = life.service.new_authorization(life.account, asked, "127.0.0.1")
    with pytest.raises(ACMEProblem) as caught:
        begun.result(9)
    assert caught.value.type == "rateLimited"
    assert refused(life.order, "c.test").type == "rateLimited"


def test_failed_validations_are_limited_by_account_and_name(
    ca: TestCA, clock: Clock
) -> None:
    life = limited(ca, failures=2)
    for _ in range(2):
        task = life.task(life.order("a.test"))
        life.service.refuse_tries(task.authorization)
        life.service.fail(task, problems.tls("no")).result(9)
        # Of one that is decided, nothing is counted.
        life.service.fail(task, problems.tls("no")).result(9)
    task = life.task(life.order("a.test"))
    problem = refused(life.service.refuse_tries, task.authorization)
    assert (problem.type, 1790 <= (problem.retry_after or 0) <= 1801) == (
        *("rateLimited", True),
    )
    other = life.task(life.order("b.test"))
    life.service.refuse_tries(other.authorization)
    clock.forward(minutes=30)
    life.service.refuse_tries(task.authorization)


@pytest.mark.parametrize("most", [1, 7, 1000])
def test_as_many_as_allowed_are_allowed_at_once(ca: TestCA, most: int) -> None:
    life = limited(ca, orders=most)
    futures = []
    for _ in range(min(most, 20)):
        futures.append(life.order("a.test"))
    assert len(futures) == min(most, 20)
    if most < 20:
        assert refused(life.order, "a.test").type == "rateLimited"
