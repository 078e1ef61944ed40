"""Too much of something: refused, with when to try again (6.6)."""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor

from acme_account import post
from acme_jose import MAC, Signer, binding
from acme_wire import PREFIX, Answer, Wire
from server.acme.strict import ACCOUNTS_PER_HOUR, refused, registered, reusable
from server.acme.world import World


def _limited(answer: Answer) -> None:
    """Hold an answer to section 6.6."""
    refused(answer, 429, "rateLimited")
    assert int(answer.headers["Retry-After"]) >= 1
    assert answer.json["type"] == f"{PREFIX}rateLimited"
    assert answer.json["detail"]


def test_too_many_orders_of_an_account_are_refused(strict: World) -> None:
    account, other = registered(strict), registered(strict)
    for number in range(3):
        assert account.ask(f"many{number}.test").status == 201
    _limited(account.ask("many3.test"))
    assert other.ask("many3.test").status == 201
    # What is refused for another reason counts for nothing.
    for _ in range(5):
        assert other.ask("a..test").status == 400
    assert other.ask("many4.test").status == 201


def test_too_many_orders_of_a_name_are_refused(strict: World) -> None:
    for _ in range(4):
        assert registered(strict).ask("popular.test").status == 201
    _limited(registered(strict).ask("popular.test"))
    _limited(registered(strict).ask("POPULAR.test", "other.test"))
    assert registered(strict).ask("unpopular.test").status == 201


def test_too_many_accounts_of_an_address_are_refused(strict: World) -> None:
    there = strict.wire
    kid, secret = reusable(strict)
    url = there.url("newAccount")
    wire = Wire(there.directory_url, there.root, source="127.0.0.9")

    def ask() -> Answer:
        key = Signer()
        bound = binding(MAC(secret), kid, url, key.jwk)
        payload = {"termsOfServiceAgreed": True, "externalAccountBinding": bound}
        return post(wire, key, url, payload)

    with contextlib.closing(wire):
        for _ in range(ACCOUNTS_PER_HOUR):
            assert ask().status == 201
        _limited(ask())
    assert registered(strict).url


def test_asked_by_many_at_once_no_more_are_let_in(strict: World) -> None:
    account = registered(strict)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: account.ask(f"once{n}.test"), range(8)))
    assert sorted(answer.status for answer in answers) == [201] * 3 + [429] * 5


def test_too_many_failures_are_refused(strict: World) -> None:
    account = registered(strict)
    urls = [account.order("fails.test").start["authorizations"][0] for _ in range(3)]
    with ThreadPoolExecutor(2) as pool:
        failed = list(pool.map(account.fail, urls[:2]))
    assert [one["status"] for one in failed] == ["invalid"] * 2
    challenge = account.challenge(urls[2])
    _limited(account.post(challenge["url"], {}))
    # The authorization is as it was, to be tried when there is time again.
    assert account.get(urls[2])["status"] == "pending"
