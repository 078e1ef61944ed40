"""Two replicas over one store: any request may reach either (6.5, 7.4)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import pytest

import postgres
from acme_account import Account, Order
from acme_csrs import csr
from acme_jose import Signer, b64
from acme_site import Site
from acme_wire import Answer, Wire
from server.acme.cases import new_order
from server.acme.test_torture_rollover import change_key
from server.acme.world import World, options, world
from serving_ca import free_port


class Pair(NamedTuple):
    """A CA, and the wires to its two replicas."""

    first: World
    second: World

    def twin(self, account: Account) -> Account:
        """Return the account as the second replica's clients know it."""
        wire = self.second.wire
        return Account(wire, account.site, account.key, self.at_second(account.url))

    def at_second(self, url: str) -> str:
        """Return where the second replica has what the first has at a URL."""
        there, here = self.second.wire.directory_url, self.first.wire.directory_url
        return url.replace(here.split("/")[2], there.split("/")[2])

    def at_first(self, url: str) -> str:
        """Return where the first replica has what the second has at a URL."""
        there, here = self.second.wire.directory_url, self.first.wire.directory_url
        return url.replace(there.split("/")[2], here.split("/")[2])


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def pair(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    acme_site: Site,
) -> Iterator[Pair]:
    store = None
    if request.param == "postgresql":
        running: postgres.Server = request.getfixturevalue("postgres_server")
        store = running.new_database()
    folder = tmp_path_factory.mktemp("replicas")
    with (
        world(folder, acme_site, store=store) as first,
        first.ca.served(*options(folder, acme_site), http_port=free_port()) as replica,
    ):
        url = f"{replica.url}/acme/directory"
        with contextlib.closing(Wire(url, first.wire.root)) as wire:
            yield Pair(first, first._replace(replica=replica, wire=wire))


def test_a_nonce_of_one_is_taken_by_the_other(pair: Pair) -> None:
    account = pair.first.account()
    twin = pair.twin(account)
    for _ in range(20):
        assert new_order(twin, nonce=account.wire.fresh()).status == 201
        assert new_order(account, nonce=twin.wire.fresh()).status == 201


def test_a_nonce_is_good_once_at_both(pair: Pair) -> None:
    account = pair.first.account()
    twin = pair.twin(account)
    for turn in range(6):
        nonce = (account, twin)[turn % 2].wire.fresh()
        with ThreadPoolExecutor(6) as pool:
            asked = [account, twin] * 3
            answers = list(
                pool.map(lambda one, n=nonce: new_order(one, nonce=n), asked)
            )
        assert sorted(answer.status for answer in answers) == [201] + [400] * 5
        later = [new_order(one, nonce=nonce).type for one in (account, twin)]
        assert later == ["badNonce"] * 2


def test_every_step_at_the_other_replica(pair: Pair) -> None:
    account = pair.first.account()
    twin = pair.twin(account)
    order = account.order("hop.test")
    there = Order(twin, pair.at_second(order.url), {}, order.names)
    authorization = order.start["authorizations"][0]
    assert there.now["status"] == "pending"
    twin.prove(pair.at_second(authorization))
    assert order.now["status"] == "ready"
    finalize = pair.at_second(order.start["finalize"])
    answer = twin.post(finalize, {"csr": b64(csr("hop.test"))})
    assert (answer.status, answer.json["status"]) == (200, "valid"), answer
    payload = {"certificate": b64(order.der)}
    assert twin.post(twin.wire.url("revokeCert"), payload).status == 200
    again = account.post(account.wire.url("revokeCert"), payload)
    assert again.type == "alreadyRevoked"
    assert account.post(account.url, {"status": "deactivated"}).status == 200
    refused = twin.post(twin.url)
    assert (refused.status, refused.type) == (401, "unauthorized")


def test_finalized_at_both_at_once_one_certificate_is_issued(pair: Pair) -> None:
    account = pair.first.account()
    twin = pair.twin(account)
    for turn in range(4):
        name = f"both{turn}.test"
        order = account.ready(name)
        asked = [account, twin] * 2

        def send(one: Account, order: Order = order, name: str = name) -> Answer:
            url = order.start["finalize"]
            if one is twin:
                url = pair.at_second(url)
            return one.post(url, {"csr": b64(csr(name, key=Signer().key))})

        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(send, asked))
        assert sorted(answer.status for answer in answers) == [200, 403, 403, 403]
        assert {one.type for one in answers} == {None, "orderNotReady"}
        assert order.settled()["status"] == "valid"
        listed = pair.first.ca.works("cert", "list", "--name", name, "--json").out
        assert len(listed.splitlines()) == 1


def test_a_key_changed_at_one_counts_at_the_other_at_once(pair: Pair) -> None:
    """The other has seen the account by its old key, which it may remember."""
    for _ in range(3):
        account = pair.first.account()
        twin = pair.twin(account)
        assert new_order(twin).status == 201
        new = Signer()
        assert change_key(account, new).status == 200
        old = new_order(twin)
        assert (old.status, old.type) in ((400, "malformed"), (401, "unauthorized"))
        twin.key = new
        assert new_order(twin).status == 201


def test_contacts_changed_at_one_are_shown_by_the_other(pair: Pair) -> None:
    account = pair.first.account()
    twin = pair.twin(account)
    assert new_order(twin).status == 201
    change = {"contact": ["mailto:new@example.test"]}
    assert account.post(account.url, change).status == 200
    assert twin.get(twin.url)["contact"] == change["contact"]


def test_what_one_gave_up_the_other_does_not_finalize(pair: Pair) -> None:
    account = pair.first.account()
    twin = pair.twin(account)
    order = twin.ready("given-up.test")
    authorization = order.start["authorizations"][0]
    here = pair.at_first(authorization)
    assert account.post(here, {"status": "deactivated"}).status == 200
    assert twin.get(authorization)["status"] == "deactivated"
    answer = twin.post(order.start["finalize"], {"csr": b64(csr("given-up.test"))})
    assert (answer.status, answer.type) == (403, "orderNotReady")
    again = twin.order("given-up.test")
    assert again.start["status"] == "pending"


def test_a_key_registered_at_both_at_once_has_one_account(pair: Pair) -> None:
    for _ in range(4):
        key = Signer()
        asked = [world.stranger(key) for world in (*pair, *pair)]
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(Account.register, asked))
        assert sorted(answer.status for answer in answers) == [200, 200, 200, 201]
        assert len({one.location.rpartition("/")[2] for one in answers}) == 1


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_what_was_promised_outlives_a_restart(pair: Pair, how: str) -> None:
    account = pair.first.account()
    twin = pair.twin(account)
    used, kept = twin.wire.fresh(), twin.wire.fresh()
    assert new_order(account, nonce=used).status == 201
    issued = twin.issued(f"{how}.test")
    later = twin.ready(f"later-{how}.test")
    der = issued.der
    twin.wire.close()
    getattr(pair.second.replica, how)()
    pair.second.replica.start()
    # What was used stays used; what was given may be good, or be given anew.
    assert new_order(account, nonce=used).type == "badNonce"
    assert new_order(twin, nonce=used).type == "badNonce"
    answer = new_order(account, nonce=kept)
    assert (answer.status, answer.type) in ((201, None), (400, "badNonce"))
    assert new_order(twin, nonce=kept).type == "badNonce"
    assert issued.now["status"] == "valid"
    assert issued.der == der
    assert later.finalize(csr(f"later-{how}.test")).status == 200


def test_what_one_leaves_is_taken_over_at_once(pair: Pair) -> None:
    """Who is killed is waited for until its lease is over, 15 seconds."""
    account = pair.first.account()
    twin = pair.twin(account)
    authorization = account.order("left.test").start["authorizations"][0]
    challenge = twin.challenge(pair.at_second(authorization))
    answer = twin.post(challenge["url"], {})
    assert answer.json["status"] == "processing", answer
    twin.wire.close()
    pair.second.replica.stop()
    account.site.tokens[challenge["token"]] = account.key.thumbprint
    account.until(authorization, lambda now: now["status"] == "valid")
    pair.second.replica.start()
