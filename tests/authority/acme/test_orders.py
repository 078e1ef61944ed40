"""Orders, and what they stand on (RFC 8555 sections 7.1.6 and 7.4)."""

from __future__ import annotations

import json
import threading
from datetime import timedelta

import pytest

from acme_life import ADDRESS, Life, csr, identifier, refused
from authorities import Clock, TestCA
from tlsmith.acme import problems
from tlsmith.authority.acme.authorizations import Task
from tlsmith.authority.acme.orders import WantedOrder, challenges_for
from tlsmith.authority.acme.settings import ACMESettings
from tlsmith.storage.acme.authorizations import revoke_authorizations


def test_an_order_goes_its_way(life: Life) -> None:
    order = life.order("a.test", "b.test")
    assert order.status == "pending"
    assert life.now(order) == order
    one, two = (life.task(order, place) for place in (0, 1))
    assert one.authorization.token != two.authorization.token
    assert life.service.succeed(one).result(9).status == "valid"
    assert life.now(order).status == "pending"
    assert life.service.succeed(two).result(9).status == "valid"
    assert life.now(order).status == "ready"
    done = life.finalize(order := life.now(order))
    assert (done.status, life.now(order)) == ("valid", done)
    record = life.certificate(done)
    assert record.names == ("a.test", "b.test")
    assert record.requester == f"acme:{life.account.id}"
    (said,) = life.issues()
    assert said["order"] == order.id
    assert said["proved"] == {"a.test": "http-01", "b.test": "http-01"}


def test_one_name_that_fails_fails_the_order(life: Life) -> None:
    order = life.order("a.test", "b.test")
    life.service.succeed(life.task(order, 0)).result(9)
    problem = problems.unauthorized("the answer is another one")
    record = life.service.fail(life.task(order, 1), problem).result(9)
    assert record.status == "invalid"
    assert [one.status for one in record.challenges] == ["invalid"]
    failed = life.now(order)
    assert failed.status == "invalid"
    said = json.loads(failed.error or "")
    # RFC 8555 section 6.7.1: a subproblem alone says what it is about.
    assert "identifier" not in said
    (part,) = said["subproblems"]
    assert part["identifier"] == {"type": "dns", "value": "b.test"}
    assert part["type"] == said["type"]
    assert part["detail"] == said["detail"] == "the answer is another one"
    assert refused(life.finalize, failed).type == "orderNotReady"
    # What was proved is proved, and what failed stays failed.
    assert life.service.succeed(life.task(order, 1)).result(9).status == "invalid"
    assert life.order("a.test").status == "ready"
    assert life.order("b.test").status == "pending"


def test_what_is_decided_stays_decided(life: Life) -> None:
    order = life.order("a.test")
    task = life.task(order)
    life.service.succeed(task).result(9)
    problem = problems.connection("too late")
    assert life.service.fail(task, problem).result(9).status == "valid"
    assert life.service.keep_running(task, problem).result(9).status == "valid"
    assert life.now(order).status == "ready"
    life.finalize(life.now(order))
    life.service.fail(task, problem).result(9)
    assert life.now(order).status == "valid"


def test_an_order_is_finalized_when_it_is_ready_alone(life: Life) -> None:
    order = life.order("a.test")
    assert refused(life.finalize, order).type == "orderNotReady"
    ready = life.prove(order)
    done = life.finalize(ready)
    assert refused(life.finalize, done).type == "orderNotReady"
    # Who read it before, as another replica does, issues no second one.
    problem = refused(life.finalize, ready)
    assert (problem.type, "valid by now" in problem.message) == ("orderNotReady", True)
    assert len(life.issues()) == 1


def test_time_alone_makes_an_order_fail(life: Life, clock: Clock) -> None:
    pending, ready = life.order("a.test"), life.ready("b.test")
    done = life.issued("c.test")
    clock.forward(days=8)
    assert life.now(pending).status == "invalid"
    assert life.now(ready).status == "invalid"
    assert life.now(done).status == "valid"
    problem = refused(life.finalize, ready)
    assert problem.type == "unauthorized"
    assert [one.status for one in life.authorizations(pending)] == ["expired"]
    listed = life.service.orders(life.account, "", 10)
    assert [one.id for one in listed] == [done.id]


def test_what_expired_is_not_proved_any_more(life: Life, clock: Clock) -> None:
    """A validation that was begun in time, and ended after it."""
    order = life.order("a.test")
    task = life.task(order)
    clock.forward(days=7)
    assert life.service.succeed(task).result(9).status == "expired"
    assert life.service.keep_running(task, None).result(9).status == "expired"
    assert life.service.fail(task, problems.tls("late")).result(9).status == "expired"
    assert life.now(order).status == "invalid"
    assert life.order("a.test").status == "pending"


def test_an_order_expires_with_the_first_of_its_authorizations(
    life: Life, clock: Clock
) -> None:
    """Or it would be ready, with one that is expired (section 7.1.6)."""
    order = life.order("a.test", "b.test")
    life.service.succeed(life.task(order, 0)).result(9)
    expires = life.authorizations(order)[0].expires_at
    assert life.now(order).expires_at == expires
    clock.forward(hours=23)
    life.service.succeed(life.task(order, 1)).result(9)
    ready = life.now(order)
    assert (ready.status, ready.expires_at) == ("ready", expires)
    clock.forward(hours=2)
    assert life.now(order).status == "invalid"


def test_a_name_that_was_proved_needs_no_new_proof(life: Life, clock: Clock) -> None:
    first = life.ready("a.test")
    again = life.order("a.test", "b.test")
    assert again.status == "pending"
    assert again.authorizations[0] == first.authorizations[0]
    assert again.expires_at == life.authorizations(first)[0].expires_at
    life.service.succeed(life.task(again, 1)).result(9)
    assert life.now(again).status == "ready"
    alone = life.order("a.test")
    assert (alone.status, alone.authorizations) == ("ready", first.authorizations)
    assert life.finalize(alone).status == "valid"
    clock.forward(hours=25)
    assert life.order("a.test").status == "pending"


def test_what_is_about_to_expire_is_not_used_again(life: Life, clock: Clock) -> None:
    life.ready("a.test")
    clock.forward(hours=23, minutes=25)
    assert life.order("a.test").status == "ready"
    clock.forward(minutes=10)
    assert life.order("a.test").status == "pending"


def test_where_every_order_needs_proofs_it_has_time_to_be_finalized(
    ca: TestCA, clock: Clock
) -> None:
    for lifetime in (timedelta(), timedelta(minutes=2)):
        life = Life(ca.authority, ACMESettings(authorization_lifetime=lifetime))
        order = life.ready("a.test")
        clock.forward(minutes=20)
        assert life.order("a.test").status == "pending"
        assert life.finalize(order).status == "valid"


@pytest.mark.parametrize(
    ("proved", "asked", "is_enough"),
    [
        ("a.test", "a.test", True),
        ("a.test", "*.a.test", False),
        ("*.a.test", "a.test", False),
        ("*.a.test", "*.a.test", True),
        ("a.test", "b.a.test", False),
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.11", False),
        ("2001:db8::1", "2001:db8::1", True),
    ],
)
def test_a_proof_is_for_one_identifier(
    small_life: Life, proved: str, asked: str, is_enough: bool
) -> None:
    small_life.ready(proved)
    assert (small_life.order(asked).status == "ready") is is_enough


def test_a_proof_is_for_one_account(life: Life) -> None:
    life.ready("a.test")
    other = life.beside()
    assert other.order("a.test").status == "pending"
    assert refused(other.now, life.order("b.test")).type == "unauthorized"
    authorizations = refused(other.authorizations, life.order("b.test"))
    assert (authorizations.type, authorizations.status) == ("unauthorized", 403)


def test_wildcards_and_addresses_have_the_challenges_that_prove_them() -> None:
    offered = ("http-01", "dns-01", "tls-alpn-01", "dns-persist-01")
    assert challenges_for(offered, identifier("a.test")) == offered
    assert challenges_for(offered, identifier("*.a.test")) == (
        *("dns-01", "dns-persist-01"),
    )
    assert challenges_for(offered, identifier("192.0.2.1")) == (
        *("http-01", "tls-alpn-01"),
    )


def test_what_no_challenge_can_prove_is_rejected(small_ca: TestCA) -> None:
    life = Life(small_ca.authority, ACMESettings(challenges=("http-01",)))
    problem = refused(life.order, "a.test", "*.a.test", "*.b.test")
    assert problem.type == "rejectedIdentifier"
    names = [one.identifier[1] for one in problem.subproblems if one.identifier]
    assert names == ["*.a.test", "*.b.test"]


def test_a_wildcard_and_its_domain_are_proved_each(small_life: Life) -> None:
    order = small_life.order("a.test", "*.a.test")
    plain, wild = small_life.authorizations(order)
    assert (plain.value, wild.value) == ("a.test", "a.test")
    assert (plain.wildcard, wild.wildcard) == (False, True)
    small_life.finalize(small_life.prove(order))
    (said,) = small_life.issues()
    assert said["proved"] == {"a.test": "http-01", "*.a.test": "dns-01"}


# Deactivation


def test_a_deactivated_authorization_fails_every_order_that_needs_it(
    life: Life,
) -> None:
    """Its first, one that used it again, one that waits for others; no other."""
    first = life.ready("a.test")
    again, waiting = life.order("a.test"), life.order("a.test", "b.test")
    other, done = life.ready("c.test"), life.issued("a.test")
    (record,) = life.authorizations(first)
    given_up = life.service.deactivate_authorization(record).result(9)
    assert given_up.status == "deactivated"
    for order in (first, again, waiting):
        assert life.now(order).status == "invalid"
        assert "a.test was deactivated" in (life.now(order).error or "")
    assert life.now(other).status == "ready"
    assert life.now(done).status == "valid"
    assert life.order("a.test").status == "pending"
    # Once more is no mistake; anything else is not to be had any more.
    assert life.service.deactivate_authorization(record).result(9) == given_up
    assert life.service.succeed(life.task(first)).result(9).status == "deactivated"


def test_a_pending_authorization_can_be_given_up(life: Life) -> None:
    order = life.order("a.test")
    task = life.task(order)
    life.service.deactivate_authorization(task.authorization).result(9)
    assert life.service.succeed(task).result(9).status == "deactivated"
    assert life.now(order).status == "invalid"


def test_an_order_fails_that_was_asked_for_a_second_before(
    life: Life, clock: Clock
) -> None:
    """Its id is of when the request came; the authorization is made in its turn."""
    clock.step = timedelta(seconds=1)
    order = life.order("a.test")
    clock.step = timedelta(0)
    life.service.deactivate_authorization(life.authorizations(order)[0]).result(9)
    assert life.now(order).status == "invalid"


def test_what_is_over_cannot_be_given_up(life: Life, clock: Clock) -> None:
    failed = life.order("a.test")
    task = life.task(failed)
    life.service.fail(task, problems.tls("no")).result(9)
    (record,) = life.authorizations(failed)
    problem = refused(life.service.deactivate_authorization, record)
    assert problem.type == "malformed"
    # Read before it failed, as another replica may have it.
    stale = refused(life.service.deactivate_authorization, task.authorization)
    assert "invalid by now" in stale.message
    expired = life.task(life.order("b.test")).authorization
    clock.forward(days=9)
    assert "expired" in refused(life.service.deactivate_authorization, expired).message


def test_nothing_is_issued_once_a_deactivation_was_answered(life: Life) -> None:
    """The authorization is given up between the look at it and the commit."""
    order = life.ready("a.test")
    (record,) = life.authorizations(order)
    writer = life.authority.writer

    # Both wait in one batch: what is done first counts.
    there, go_on = threading.Event(), threading.Event()

    def hold(_: object) -> None:
        there.set()
        assert go_on.wait(9)

    writer.begin(hold)
    assert there.wait(9)
    given_up = life.service.deactivate_authorization(record)
    finalized = life.service.finalize(life.account, order, csr("a.test"), "")
    again = life.service.new_order(life.account, _wanted("a.test"))
    go_on.set()
    assert given_up.result(9).status == "deactivated"
    assert refused(lambda: finalized).type == "orderNotReady"
    assert again.result(9).status == "pending"
    assert record.id not in again.result(9).authorizations
    assert life.issues() == []


def _wanted(*names: str) -> WantedOrder:
    identifiers = tuple(identifier(name) for name in names)
    return WantedOrder(identifiers, None, None, None, None, ADDRESS)


def test_revoked_authorizations_are_not_used_again(life: Life) -> None:
    life.ready("a.test")
    with life.authority.storage.write() as transaction:
        assert revoke_authorizations(transaction, life.account.id) == 1
    assert life.order("a.test").status == "pending"


# Beforehand


def test_a_name_is_authorized_beforehand(life: Life) -> None:
    service = life.service
    made = service.new_authorization(life.account, identifier("a.test"), ADDRESS)
    record = made.result(9)
    assert (record.status, record.order_id) == ("pending", None)
    service.succeed(Task(record, "http-01")).result(9)
    order = life.order("a.test")
    assert (order.status, order.authorizations) == ("ready", (record.id,))
    # It is there already: the same one.
    again = service.new_authorization(life.account, identifier("a.test"), ADDRESS)
    assert again.result(9).id == record.id
    life.service.deactivate_authorization(life.authorizations(order)[0]).result(9)
    assert life.now(order).status == "invalid"


def test_no_wildcard_is_authorized_beforehand(small_life: Life) -> None:
    problem = refused(
        small_life.service.new_authorization,
        *(small_life.account, identifier("*.a.test"), ADDRESS),
    )
    assert problem.type == "malformed"


# Validity


def test_a_last_moment_is_kept_to(life: Life, clock: Clock) -> None:
    until = clock.now.replace(microsecond=0) + timedelta(days=5)
    done = life.issued("a.test", not_after=until)
    assert life.certificate(done).not_after == until


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"not_before": timedelta(days=1)}, "notBefore"),
        ({"not_after": timedelta(seconds=-1)}, "is over"),
        ({"not_after": timedelta(days=399)}, "is the most"),
        ({"not_after": timedelta(days=9999)}, "is the most"),
    ],
)
def test_a_validity_that_cannot_be_had_is_refused_when_it_is_ordered(
    small_life: Life, clock: Clock, wanted: dict[str, timedelta], said: str
) -> None:
    moments = {name: clock.now + by for name, by in wanted.items()}
    problem = refused(small_life.order, "a.test", **moments)
    assert (problem.type, said in problem.message) == ("malformed", True)


def test_the_longest_validity_that_is_accepted_is_also_issued(
    small_life: Life, clock: Clock
) -> None:
    lifetime = timedelta(days=400)
    while True:
        lifetime -= timedelta(minutes=10)
        try:
            order = small_life.order("a.test", not_after=clock.now + lifetime)
            break
        except Exception:
            assert lifetime > timedelta(days=80)
    small_life.finalize(small_life.prove(order))


def test_ids_sort_by_time_and_page_by_page(life: Life, clock: Clock) -> None:
    made = []
    for _ in range(5):
        made.append(life.order("a.test").id)
        clock.forward(milliseconds=1)
    assert made == sorted(made)
    first = life.service.orders(life.account, "", 2)
    rest = life.service.orders(life.account, first[-1].id, 10)
    assert [one.id for one in (*first, *rest)] == made


def test_a_proof_lasts_no_longer_than_what_met_it(life: Life, clock: Clock) -> None:
    until = int(clock().timestamp()) + 60
    order = life.order("a.test")
    proved = life.service.succeed(life.task(order), until).result(9)
    assert proved.expires_at.timestamp() == until
    clock.forward(seconds=61)
    assert life.now(order).status == "invalid"


def test_an_order_has_a_profile_whether_it_asks_for_one_or_not(life: Life) -> None:
    """draft-ietf-acme-profiles section 4: it is known from the beginning."""
    default = life.authority.policy().default_profile
    assert life.order("a.test").profile == default
    assert life.order("a.test", profile="server").profile == "server"
