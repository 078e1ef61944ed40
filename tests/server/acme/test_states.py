"""Orders, authorizations and challenges move along their arrows alone (7.1.6).

Hypothesis makes up requests, one after the other and two at once; a model says what
may come of them. Two at once lead to what they lead to in one order or the other.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

import postgres
from acme_account import Order
from acme_csrs import csr
from acme_jose import Signer
from acme_site import Site
from acme_wire import Answer
from server.acme import model
from server.acme.inside import Inside, inside
from server.acme.model import Outcome, State
from tlsmith.storage import Connection
from tlsmith.storage.acme.accounts import account_by_id
from tlsmith.storage.acme.authorizations import authorization_by_id
from tlsmith.storage.acme.limits import is_any_counted
from tlsmith.storage.acme.orders import order_by_id
from tlsmith.storage.certificates import by_id

FIND: dict[str, Callable[[Connection, Any], object]] = {
    "account": account_by_id,
    "order": order_by_id,
    "authorization": authorization_by_id,
    "certificate": by_id,
    "counted": is_any_counted,
}
NAMES = ("s1.test", "s2.test", "s3.test")
_PICK = st.integers(0, 11)
_KINDS = ("prove", "prove", "fail", "deactivate", "finalize", "finalize", "misfinalize")


@pytest.fixture(params=["sqlite", "postgresql", "away"])
def world(
    request: pytest.FixtureRequest, tmp_path: Path, acme_site: Site
) -> Iterator[Inside]:
    store = f"sqlite:///{tmp_path}/ca.db"
    # What is far away is waited for in threads, which wait for each other in the store.
    is_away = request.param == "away"
    if request.param != "sqlite":
        running: postgres.Server = request.getfixturevalue("postgres_server")
        store = running.new_database()
    with inside(store, acme_site, is_away=is_away) as made:
        yield made


class Step(NamedTuple):
    """A request, and what the model says of it."""

    name: str
    send: Callable[[], Answer]
    predict: Callable[[State], Outcome]


class Machine(RuleBasedStateMachine):
    """One account, and what it does."""

    def __init__(self, world: Inside, pool: ThreadPoolExecutor) -> None:
        super().__init__()
        self.world = world
        self.pool = pool
        self.account = world.account()
        self.state = State()
        self.orders: list[Order] = []
        self.seen: dict[str, str] = {}
        self.certificates: dict[str, str] = {}
        self.names: dict[str, str] = {}
        # What may be done next must not depend on who of two was first.
        self.asked = 0

    @precondition(lambda self: self.asked < 4)
    @rule(names=st.sets(st.sampled_from(NAMES), min_size=1, max_size=2))
    def order(self, names: set[str]) -> None:
        self.asked += 1
        order = self.account.order(*sorted(names))
        assert self.needs_what_it_must(order, self.state)
        self.take(order)
        assert order.start["status"] == self.state.status(order.url)

    @precondition(lambda self: self.asked)
    @rule(kind=st.sampled_from(_KINDS), which=_PICK, of=_PICK)
    def one(self, kind: str, which: int, of: int) -> None:
        step = self.step(kind, which, of)
        outcome = step.predict(self.state)
        answer = step.send()
        assert answer.status == outcome.status, (step.name, self.state, answer)
        if answer.status == 403:
            assert answer.type == "orderNotReady", answer
        self.state = outcome.state

    @precondition(lambda self: self.asked)
    @rule(
        kinds=st.tuples(st.sampled_from(_KINDS), st.sampled_from(_KINDS)),
        which=st.tuples(_PICK, _PICK),
        of=st.tuples(_PICK, _PICK),
    )
    def two_at_once(self, kinds: Any, which: Any, of: Any) -> None:
        first, second = (self.step(*one) for one in zip(kinds, which, of, strict=True))
        allowed = list(_either_way(self.state, first, second))
        barrier = threading.Barrier(2)

        def send(step: Step) -> Answer:
            barrier.wait()
            return step.send()

        answers = list(self.pool.map(send, (first, second)))
        got = tuple(answer.status for answer in answers)
        now = self.look()
        fitting = [
            state
            for state, statuses in allowed
            if (_shown(state), statuses) == (now, got)
        ]
        assert fitting, (first.name, second.name, self.state, now, got, answers)
        self.state = fitting[0]

    @precondition(lambda self: 0 < self.asked < 4)
    @rule(
        names=st.sets(st.sampled_from(NAMES), min_size=1, max_size=2),
        kind=st.sampled_from(_KINDS),
        which=_PICK,
        of=_PICK,
    )
    def order_while_another_runs(
        self, names: set[str], kind: str, which: int, of: int
    ) -> None:
        step = self.step(kind, which, of)
        barrier = threading.Barrier(2)

        def send() -> Answer:
            barrier.wait()
            return step.send()

        running = self.pool.submit(send)
        barrier.wait()
        self.asked += 1
        answer = self.account.ask(*sorted(names))
        status = running.result().status
        assert answer.status == 201, answer
        order = Order(self.account, answer.location, answer.json, sorted(names))
        before = self.state
        self.take(order)
        now = self.look()
        allowed = []
        if self.needs_what_it_must(order, before):
            allowed.append(step.predict(_with(before, order)))
        after = step.predict(before)
        if self.needs_what_it_must(order, after.state):
            allowed.append(after._replace(state=_with(after.state, order)))
        fitting = [
            outcome.state
            for outcome in allowed
            if (_shown(outcome.state), outcome.status) == (now, status)
        ]
        assert fitting, (step.name, order.start, before, now, status)
        self.state = fitting[0]

    @invariant()
    def all_is_as_the_model_has_it(self) -> None:
        assert self.look() == _shown(self.state)
        # An order has one certificate, and there are no others.
        assert self.world.issued_to(self.account) == len(self.certificates)

    @invariant()
    def what_is_kept_is_what_the_store_has(self) -> None:
        storage = self.world.ca.authority.storage
        for kind, key in list(storage.kept._records):
            known = storage.kept.get((kind, key))
            with storage.look() as connection:
                assert known in (None, FIND[kind](connection, key))

    def step(self, kind: str, which: int, of: int) -> Step:
        """Return a request of a kind, about one of the things there are."""
        order = self.orders[which % len(self.orders)]
        urls = order.start["authorizations"]
        url = urls[of % len(urls)]
        what = f"{kind} {order.url if 'final' in kind else url}"
        if kind == "deactivate":
            change = {"status": "deactivated"}
            return Step(
                what,
                lambda: self.account.post(url, change),
                lambda state: model.deactivate(state, url),
            )
        if "finalize" in kind:
            right = kind == "finalize"
            names = order.names if right else ("other.test",)
            request = csr(*names, key=Signer().key)
            return Step(
                what,
                lambda: order.finalize(request),
                lambda state: model.finalize(state, order.url, right=right),
            )
        right = kind == "prove"
        return Step(
            what,
            lambda: self.respond(url, right=right),
            lambda state: model.respond(state, url, right=right),
        )

    def respond(self, authorization: str, *, right: bool) -> Answer:
        """Respond to a challenge with what is right, or is not."""
        found = self.account.get(authorization)
        challenge = self.account.challenge(authorization)
        if right:
            self.account.show(challenge, found["identifier"]["value"])
        else:
            self.account.site.tokens[challenge["token"]] = "of-somebody-else"
        return self.account.post(challenge["url"], {})

    def take(self, order: Order) -> None:
        """Have the model know of a new order."""
        self.orders.append(order)
        self.state = _with(self.state, order)
        self.names |= _names_by_url(order)

    def needs_what_it_must(self, order: Order, state: State) -> bool:
        """Tell whether an order made in a state has what was proved, and no more."""
        proved = {
            self.names[url]: url
            for url, status in state.authorizations
            if status == model.VALID and url in self.names
        }
        known = dict(state.authorizations)
        return all(
            known.get(url) == model.VALID if name in proved else url not in known
            for url, name in _names_by_url(order).items()
        )

    def look(self) -> dict[str, str]:
        """Return every status there is, once each has moved along its arrows alone."""
        found: dict[str, str] = {}
        for order in self.orders:
            now = order.now
            found[order.url] = self.moved(order.url, now["status"], model.ORDER_ARROWS)
            self.keep_certificate(order.url, now)
        for url, _ in self.state.authorizations:
            now = self.account.get(url)
            found[url] = self.moved(url, now["status"], model.AUTHORIZATION_ARROWS)
            self.check_challenges(now)
        return found

    def moved(self, url: str, now: str, arrows: dict[str, set[str]]) -> str:
        """Hold a status to the arrows from the one that was seen before."""
        before = self.seen.setdefault(url, now)
        assert now == before or now in arrows[before], (url, before, now)
        self.seen[url] = now
        return now

    def keep_certificate(self, url: str, order: dict[str, Any]) -> None:
        """Hold an order to the one certificate it has."""
        assert ("certificate" in order) is (order["status"] == model.VALID), order
        if "certificate" in order:
            kept = self.certificates.setdefault(url, order["certificate"])
            assert kept == order["certificate"]

    def check_challenges(self, authorization: dict[str, Any]) -> None:
        """Hold challenges to their authorization, and to their arrows."""
        challenges = authorization["challenges"]
        for one in challenges:
            self.moved(one["url"], one["status"], model.CHALLENGE_ARROWS)
            assert ("validated" in one) is (one["status"] == model.VALID), one
        statuses = {one["status"] for one in challenges}
        if authorization["status"] == model.VALID:
            assert model.VALID in statuses
        if authorization["status"] == model.PENDING:
            assert statuses <= {model.PENDING, "processing"}
        if authorization["status"] == model.INVALID:
            assert any(
                one["status"] == model.INVALID and one["error"] for one in challenges
            )


def _names_by_url(order: Order) -> dict[str, str]:
    return dict(zip(order.start["authorizations"], order.names, strict=True))


def _with(state: State, order: Order) -> State:
    return state.take(order.url, tuple(order.start["authorizations"]))


def _shown(state: State) -> dict[str, str]:
    urls = [url for url, _ in (*state.orders, *state.authorizations)]
    return {url: state.status(url) for url in urls}


def _either_way(
    state: State, first: Step, second: Step
) -> Iterator[tuple[State, tuple[int, int]]]:
    """Give what two requests lead to, the first of them first, and the second."""
    one = first.predict(state)
    both = second.predict(one.state)
    yield both.state, (one.status, both.status)
    one = second.predict(state)
    both = first.predict(one.state)
    yield both.state, (both.status, one.status)
    if first.name == second.name and first.name.startswith("deactivate"):
        # Who gives up what is given up just then has what they wanted.
        yield both.state, (one.status, one.status)


def test_states_move_along_their_arrows(world: Inside) -> None:
    with ThreadPoolExecutor(2) as pool:
        run_state_machine_as_test(
            lambda: Machine(world, pool),
            settings=settings(max_examples=25, stateful_step_count=25),
        )
