"""A CA that wants terms, external accounts, and little at once (6.6, 7.3.3, 7.3.4)."""

from __future__ import annotations

import contextlib
import datetime
import functools
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from acme_account import Account, post
from acme_jose import MAC, Signer, b64, binding
from acme_site import Site
from acme_wire import PREFIX, Answer, Wire
from server.acme.world import World, world

TERMS = "https://ca.test/terms/1"
SETTINGS = f"""
[acme]
terms = "{TERMS}"
website = "https://ca.test/about"
caa_identities = "ca.test"
require_eab = true
accounts_per_hour = 60
orders_per_hour = 3
orders_per_name_per_day = 4
failures_per_hour = 2
"""


@pytest.fixture(scope="module")
def strict(
    tmp_path_factory: pytest.TempPathFactory, acme_site: Site
) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("strict")
    with world(folder, acme_site, SETTINGS) as made:
        yield made


@functools.cache
def _reusable(strict: World) -> tuple[str, bytes]:
    return strict.binding("reusable", is_reusable=True)


def _bound(
    strict: World, key: Signer, header: Any = None, mac: str = "HS256"
) -> dict[str, Any]:
    kid, secret = _reusable(strict)
    url = strict.wire.url("newAccount")
    return binding(MAC(secret, mac), kid, url, key.jwk, header)


def _registered(strict: World, key: Signer | None = None) -> Account:
    key = key or Signer()
    return strict.account(key, externalAccountBinding=_bound(strict, key))


def _new(strict: World, key: Signer, bound: Any, **more: Any) -> Answer:
    payload = {"termsOfServiceAgreed": True, "externalAccountBinding": bound} | more
    return post(strict.wire, key, strict.wire.url("newAccount"), payload)


def _refused(answer: Answer, status: int, type: str) -> None:
    assert (answer.status, answer.type) == (status, type), answer


def test_the_directory_says_what_is_wanted(strict: World) -> None:
    meta = strict.wire.directory["meta"]
    assert meta["termsOfService"] == TERMS
    assert meta["website"] == "https://ca.test/about"
    assert meta["caaIdentities"] == ["ca.test"]
    assert meta["externalAccountRequired"] is True


def test_no_account_without_an_external_one(strict: World) -> None:
    payload = {"termsOfServiceAgreed": True}
    answer = post(strict.wire, Signer(), strict.wire.url("newAccount"), payload)
    _refused(answer, 403, "externalAccountRequired")


@pytest.mark.parametrize("agreed", [None, False])
def test_no_account_without_agreeing_to_the_terms(strict: World, agreed: Any) -> None:
    key = Signer()
    answer = _new(strict, key, _bound(strict, key), termsOfServiceAgreed=agreed)
    _refused(answer, 403, "userActionRequired")
    # Section 7.3.3: where a person reads them.
    assert answer.links("terms-of-service") == [TERMS]
    assert answer.json["instance"] == TERMS


def test_an_account_there_is_needs_no_external_one(strict: World) -> None:
    account = _registered(strict)
    again = account.register()
    assert (again.status, again.location) == (200, account.url)
    _refused(
        Account(strict.wire, strict.site, Signer()).register(onlyReturnExisting=True),
        400,
        "accountDoesNotExist",
    )


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none"},
        {"alg": "ES256"},
        {"alg": "HS1"},
        {"alg": ""},
        {"alg": 256},
        {"url": "https://localhost/acme/new-order"},
        {"url": ""},
        {"url": None},
        {"kid": None},
        {"kid": 1},
        {"kid": ""},
        {"nonce": "AAAAAAAAAAAAAAAAAAAAAA"},
        {"jwk": {"kty": "oct", "k": "AAAA"}},
        {"crit": ["exp"], "exp": 1},
        {"b64": False},
    ],
    ids=lambda header: f"{next(iter(header))}_{next(iter(header.values()))}"[:30],
)
def test_a_binding_with_another_header_is_refused(strict: World, header: Any) -> None:
    key = Signer()
    _refused(_new(strict, key, _bound(strict, key, header)), 400, "malformed")


def test_a_binding_of_another_key_is_refused(strict: World) -> None:
    # Section 7.3.4: the payload is the account's key.
    _refused(_new(strict, Signer(), _bound(strict, Signer())), 400, "malformed")


@pytest.mark.parametrize(
    "change",
    [
        {"payload": ""},
        {"payload": b64(b"{}")},
        {"payload": b64(b"[]")},
        {"payload": b64(b"\xff")},
        {"payload": "e30="},
        {"protected": ""},
        {"protected": b64(b"[]")},
        {"signature": "AA="},
        {"header": {}},
        {"signatures": []},
        {"payload": 1},
    ],
    ids=lambda change: f"{next(iter(change))}_{next(iter(change.values()))}",
)
def test_a_binding_that_is_no_jws_of_a_key_is_refused(
    strict: World, change: Any
) -> None:
    key = Signer()
    answer = _new(strict, key, _bound(strict, key) | change)
    _refused(answer, 400, "malformed")


def test_a_binding_whose_mac_is_wrong_is_refused(strict: World) -> None:
    key = Signer()
    kid, secret = _reusable(strict)
    url = strict.wire.url("newAccount")
    wrong = [
        binding(MAC(b"another key"), kid, url, key.jwk),
        binding(MAC(b64(secret).encode()), kid, url, key.jwk),
        binding(MAC(b""), kid, url, key.jwk),
        _bound(strict, key) | {"signature": ""},
        _bound(strict, key) | {"signature": b64(bytes(32))},
        _bound(strict, key) | {"signature": b64(bytes(31))},
    ]
    for bound in wrong:
        _refused(_new(strict, key, bound), 403, "unauthorized")
    assert _new(strict, key, _bound(strict, key)).status == 201


@pytest.mark.parametrize(
    "kid", ["0" * 24, "nobody", "é", "' OR '1'='1", "A" * 5000, "\0"]
)
def test_a_binding_that_nobody_made_is_refused(strict: World, kid: str) -> None:
    key = Signer()
    bound = binding(MAC(b"secret"), kid, strict.wire.url("newAccount"), key.jwk)
    _refused(_new(strict, key, bound), 403, "unauthorized")


@pytest.mark.parametrize("alg", ["HS256", "HS384", "HS512"])
def test_every_mac_is_taken(strict: World, alg: str) -> None:
    key = Signer()
    assert _new(strict, key, _bound(strict, key, mac=alg)).status == 201


def test_a_binding_for_one_account_is_for_one_account(strict: World) -> None:
    kid, secret = strict.binding("once")
    url = strict.wire.url("newAccount")
    keys = [Signer() for _ in range(4)]

    def ask(key: Signer) -> Answer:
        return _new(strict, key, binding(MAC(secret), kid, url, key.jwk))

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(ask, keys))
    assert sorted(answer.status for answer in answers) == [201, 403, 403, 403]
    assert {answer.type for answer in answers} == {None, "unauthorized"}
    _refused(ask(Signer()), 403, "unauthorized")


def test_a_binding_that_expired_is_refused(strict: World) -> None:
    soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=1)
    kid, secret = strict.binding("short", is_reusable=True, expires_at=soon)
    time.sleep(1.1)
    key = Signer()
    bound = binding(MAC(secret), kid, strict.wire.url("newAccount"), key.jwk)
    _refused(_new(strict, key, bound), 403, "unauthorized")


def test_an_external_account_has_the_names_it_has(strict: World) -> None:
    kid, secret = strict.binding("names", names=("mine.test",))
    key = Signer()
    bound = binding(MAC(secret), kid, strict.wire.url("newAccount"), key.jwk)
    account = strict.account(key, externalAccountBinding=bound)
    assert account.ask("a.mine.test").status == 201
    answer = account.ask("a.mine.test", "b.theirs.test")
    _refused(answer, 403, "rejectedIdentifier")
    # Section 6.7.1: which of them.
    told = [one["identifier"]["value"] for one in answer.json["subproblems"]]
    assert told == ["b.theirs.test"]


def _limited(answer: Answer) -> None:
    """Hold an answer to section 6.6."""
    _refused(answer, 429, "rateLimited")
    assert int(answer.headers["Retry-After"]) >= 1
    assert answer.json["type"] == f"{PREFIX}rateLimited"
    assert answer.json["detail"]


def test_too_many_orders_of_an_account_are_refused(strict: World) -> None:
    account, other = _registered(strict), _registered(strict)
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
        assert _registered(strict).ask("popular.test").status == 201
    _limited(_registered(strict).ask("popular.test"))
    _limited(_registered(strict).ask("POPULAR.test", "other.test"))
    assert _registered(strict).ask("unpopular.test").status == 201


def test_too_many_accounts_of_an_address_are_refused(strict: World) -> None:
    there = strict.wire
    kid, secret = _reusable(strict)
    url = there.url("newAccount")
    wire = Wire(there.directory_url, there.root, source="127.0.0.9")

    def ask() -> Answer:
        key = Signer()
        bound = binding(MAC(secret), kid, url, key.jwk)
        payload = {"termsOfServiceAgreed": True, "externalAccountBinding": bound}
        return post(wire, key, url, payload)

    with contextlib.closing(wire):
        for _ in range(60):
            assert ask().status == 201
        _limited(ask())
    assert _registered(strict).url


def test_asked_by_many_at_once_no_more_are_let_in(strict: World) -> None:
    account = _registered(strict)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: account.ask(f"once{n}.test"), range(8)))
    assert sorted(answer.status for answer in answers) == [201] * 3 + [429] * 5


def test_too_many_failures_are_refused(strict: World) -> None:
    account = _registered(strict)
    urls = [account.order("fails.test").start["authorizations"][0] for _ in range(3)]
    with ThreadPoolExecutor(2) as pool:
        failed = list(pool.map(account.fail, urls[:2]))
    assert [one["status"] for one in failed] == ["invalid"] * 2
    challenge = account.challenge(urls[2])
    _limited(account.post(challenge["url"], {}))
    # The authorization is as it was, to be tried when there is time again.
    assert account.get(urls[2])["status"] == "pending"
