"""What time alone does to orders and authorizations (7.1.6)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from acme_account import Order
from acme_csrs import csr
from acme_jose import b64
from acme_site import Site
from server.acme.inside import Inside, inside


@pytest.fixture
def world(tmp_path: Path, acme_site: Site) -> Iterator[Inside]:
    with inside(f"sqlite:///{tmp_path}/ca.db", acme_site) as made:
        yield made


def _refused(order: Order) -> None:
    answer = order.finalize(csr(*order.names))
    assert (answer.status, answer.type) == (403, "orderNotReady"), answer


def test_a_pending_order_expires_with_its_authorization(world: Inside) -> None:
    account = world.account()
    order = account.order("late.test")
    authorization = order.start["authorizations"][0]
    challenge = account.challenge(authorization)
    account.show(challenge, "late.test")
    world.ca.clock.now = datetime.fromisoformat(order.start["expires"])
    assert order.now["status"] == "invalid"
    assert account.get(authorization)["status"] == "expired"
    # It is too late to prove anything.
    answer = account.post(challenge["url"], {})
    assert (answer.status, answer.type) == (400, "malformed"), answer
    assert account.get(authorization)["status"] == "expired"
    _refused(order)
    gone = account.post(authorization, {"status": "deactivated"})
    assert (gone.status, gone.type) == (400, "malformed")


def test_a_ready_order_expires(world: Inside) -> None:
    account = world.account()
    order = account.ready("ready.test")
    world.ca.clock.forward(days=30)
    assert order.now["status"] == "invalid"
    _refused(order)
    assert world.issued_to(account) == 0


def test_an_order_expires_no_later_than_what_it_stands_on(world: Inside) -> None:
    account = world.account()
    first = account.ready("stands.test")
    proved = account.get(first.start["authorizations"][0])["expires"]
    world.ca.clock.forward(hours=1)
    again = account.order("stands.test")
    assert again.start["status"] == "ready"
    assert again.start["expires"] <= proved
    world.ca.clock.now = datetime.fromisoformat(proved)
    _refused(again)
    later = account.order("stands.test")
    assert later.start["status"] == "pending"
    assert later.start["authorizations"] != again.start["authorizations"]


def test_a_valid_order_does_not_expire(world: Inside) -> None:
    account = world.account()
    order = account.issued("valid.test")
    certificate = order.now["certificate"]
    world.ca.clock.forward(days=20)
    now = order.now
    assert (now["status"], now["certificate"]) == ("valid", certificate)
    assert account.post(certificate).status == 200


def test_who_was_authorized_long_ago_revokes_nothing(world: Inside) -> None:
    order = world.account().issued("ago.test")
    other = world.account()
    other.ready("ago.test")
    world.ca.clock.forward(days=30)
    payload = {"certificate": b64(order.der)}
    answer = other.post(world.wire.url("revokeCert"), payload)
    assert (answer.status, answer.type) == (403, "unauthorized")
