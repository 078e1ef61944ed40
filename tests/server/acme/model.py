"""Orders and authorizations as RFC 8555, section 7.1.6, has them: a model to test by.

A state is a value; what a request does to it is a function. So what two requests at
once may lead to is what they lead to one after the other, either first.
"""

from __future__ import annotations

from typing import NamedTuple

PENDING, READY, VALID, INVALID = "pending", "ready", "valid", "invalid"
DEACTIVATED, REVOKED = "deactivated", "revoked"

# Where each arrow leads, and where those after it do.
ORDER_ARROWS = {
    PENDING: {READY, VALID, INVALID, "processing"},
    READY: {VALID, INVALID, "processing"},
    "processing": {VALID, INVALID},
    VALID: set[str](),
    INVALID: set[str](),
}
AUTHORIZATION_ARROWS = {
    PENDING: {VALID, INVALID, DEACTIVATED, "expired", REVOKED},
    VALID: {DEACTIVATED, "expired", REVOKED},
    INVALID: set[str](),
    DEACTIVATED: set[str](),
    "expired": set[str](),
    REVOKED: set[str](),
}
CHALLENGE_ARROWS = {
    PENDING: {"processing", VALID, INVALID},
    "processing": {VALID, INVALID},
    VALID: set[str](),
    INVALID: set[str](),
}


class Order(NamedTuple):
    """An order: whether it has a certificate or failed, and what it waits for."""

    authorizations: tuple[str, ...]
    ended: str = ""


class State(NamedTuple):
    """Everything of one account.

    Attributes:
        authorizations: URL and status.
        orders: URL and order.
    """

    authorizations: tuple[tuple[str, str], ...] = ()
    orders: tuple[tuple[str, Order], ...] = ()

    def status(self, url: str) -> str:
        """Return the status of an order or an authorization."""
        if url in dict(self.authorizations):
            return dict(self.authorizations)[url]
        order = dict(self.orders)[url]
        if order.ended:
            return order.ended
        proved = all(self.status(one) == VALID for one in order.authorizations)
        return READY if proved else PENDING

    def become(self, url: str, status: str) -> State:
        """Return the state once an authorization has changed (section 7.1.6)."""
        authorizations = dict(self.authorizations) | {url: status}
        orders = {
            name: order._replace(ended=INVALID)
            if status not in (PENDING, VALID)
            and url in order.authorizations
            and not order.ended
            else order
            for name, order in self.orders
        }
        return State(tuple(authorizations.items()), tuple(orders.items()))

    def take(self, url: str, authorizations: tuple[str, ...]) -> State:
        """Return the state once an order was made, with what it needs."""
        known = dict(self.authorizations)
        for one in authorizations:
            known.setdefault(one, PENDING)
        return State(tuple(known.items()), (*self.orders, (url, Order(authorizations))))

    def end(self, url: str, how: str) -> State:
        """Return the state once an order has ended."""
        orders = dict(self.orders)
        orders[url] = orders[url]._replace(ended=how)
        return self._replace(orders=tuple(orders.items()))


class Outcome(NamedTuple):
    """What a request leads to: the state, and its own HTTP status."""

    state: State
    status: int


def respond(state: State, authorization: str, *, right: bool) -> Outcome:
    """Respond to a challenge, which is met or not (section 7.5.1)."""
    status = state.status(authorization)
    if status != PENDING:
        return Outcome(state, 400 if status == DEACTIVATED else 200)
    return Outcome(state.become(authorization, VALID if right else INVALID), 200)


def deactivate(state: State, authorization: str) -> Outcome:
    """Give an authorization up (section 7.5.2)."""
    status = state.status(authorization)
    if status in (PENDING, VALID):
        return Outcome(state.become(authorization, DEACTIVATED), 200)
    return Outcome(state, 400)


def finalize(state: State, order: str, *, right: bool) -> Outcome:
    """Finalize, with a CSR of the order or of other names (section 7.4)."""
    if state.status(order) != READY:
        return Outcome(state, 403)
    if not right:
        return Outcome(state, 400)
    return Outcome(state.end(order, VALID), 200)
