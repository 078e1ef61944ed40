"""A CA that wants terms, external accounts, CAA, and little at once."""

from __future__ import annotations

import functools
from typing import Any

from acme_account import Account, post
from acme_jose import MAC, Signer, binding
from acme_wire import Answer
from server.acme.world import World

TERMS = "https://ca.test/terms/1"
ACCOUNTS_PER_HOUR = 90
SETTINGS = f"""
[acme]
terms = "{TERMS}"
website = "https://ca.test/about"
caa_identities = "ca.test"
check_caa = true
require_eab = true
accounts_per_hour = {ACCOUNTS_PER_HOUR}
orders_per_hour = 3
orders_per_name_per_day = 4
failures_per_hour = 2
"""


@functools.cache
def reusable(strict: World) -> tuple[str, bytes]:
    """Return an external account that any number may be bound to."""
    return strict.binding("reusable", is_reusable=True)


def bind(
    strict: World, key: Signer, header: Any = None, mac: str = "HS256"
) -> dict[str, Any]:
    """Return a binding of a key, right but for what is given."""
    kid, secret = reusable(strict)
    url = strict.wire.url("newAccount")
    return binding(MAC(secret, mac), kid, url, key.jwk, header)


def registered(strict: World, key: Signer | None = None) -> Account:
    """Register an account."""
    key = key or Signer()
    return strict.account(key, externalAccountBinding=bind(strict, key))


def new(strict: World, key: Signer, bound: Any, **more: Any) -> Answer:
    """Ask for an account with a binding."""
    payload = {"termsOfServiceAgreed": True, "externalAccountBinding": bound} | more
    return post(strict.wire, key, strict.wire.url("newAccount"), payload)


def refused(answer: Answer, status: int, type: str) -> None:
    """Hold an answer to a problem."""
    assert (answer.status, answer.type) == (status, type), answer
