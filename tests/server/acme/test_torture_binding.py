"""Terms to agree to, and external accounts (7.3.3, 7.3.4)."""

from __future__ import annotations

import datetime
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from acme_account import Account, post
from acme_jose import MAC, Signer, b64, binding
from acme_wire import Answer
from server.acme.strict import TERMS, bind, new, refused, registered, reusable
from server.acme.world import World


def test_the_directory_says_what_is_wanted(strict: World) -> None:
    meta = strict.wire.directory["meta"]
    assert meta["termsOfService"] == TERMS
    assert meta["website"] == "https://ca.test/about"
    assert meta["caaIdentities"] == ["ca.test"]
    assert meta["externalAccountRequired"] is True


def test_no_account_without_an_external_one(strict: World) -> None:
    payload = {"termsOfServiceAgreed": True}
    answer = post(strict.wire, Signer(), strict.wire.url("newAccount"), payload)
    refused(answer, 403, "externalAccountRequired")


@pytest.mark.parametrize("agreed", [None, False])
def test_no_account_without_agreeing_to_the_terms(strict: World, agreed: Any) -> None:
    key = Signer()
    answer = new(strict, key, bind(strict, key), termsOfServiceAgreed=agreed)
    refused(answer, 403, "userActionRequired")
    # Section 7.3.3: where a person reads them.
    assert answer.links("terms-of-service") == [TERMS]
    assert answer.json["instance"] == TERMS


def test_an_account_there_is_needs_no_external_one(strict: World) -> None:
    account = registered(strict)
    again = account.register()
    assert (again.status, again.location) == (200, account.url)
    refused(
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
    refused(new(strict, key, bind(strict, key, header)), 400, "malformed")


def test_a_binding_of_another_key_is_refused(strict: World) -> None:
    # Section 7.3.4: the payload is the account's key.
    refused(new(strict, Signer(), bind(strict, Signer())), 400, "malformed")


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
    answer = new(strict, key, bind(strict, key) | change)
    refused(answer, 400, "malformed")


def test_a_binding_whose_mac_is_wrong_is_refused(strict: World) -> None:
    key = Signer()
    kid, secret = reusable(strict)
    url = strict.wire.url("newAccount")
    wrong = [
        binding(MAC(b"another key"), kid, url, key.jwk),
        binding(MAC(b64(secret).encode()), kid, url, key.jwk),
        binding(MAC(b""), kid, url, key.jwk),
        bind(strict, key) | {"signature": ""},
        bind(strict, key) | {"signature": b64(bytes(32))},
        bind(strict, key) | {"signature": b64(bytes(31))},
    ]
    for bound in wrong:
        refused(new(strict, key, bound), 403, "unauthorized")
    assert new(strict, key, bind(strict, key)).status == 201


@pytest.mark.parametrize(
    "kid", ["0" * 24, "nobody", "é", "' OR '1'='1", "A" * 5000, "\0"]
)
def test_a_binding_that_nobody_made_is_refused(strict: World, kid: str) -> None:
    key = Signer()
    bound = binding(MAC(b"secret"), kid, strict.wire.url("newAccount"), key.jwk)
    refused(new(strict, key, bound), 403, "unauthorized")


@pytest.mark.parametrize("alg", ["HS256", "HS384", "HS512"])
def test_every_mac_is_taken(strict: World, alg: str) -> None:
    key = Signer()
    bound = bind(strict, key, mac=alg)
    answer = new(strict, key, bound)
    assert answer.status == 201
    # Section 7.3.4: the account has "the same value as the field in the request".
    assert answer.json["externalAccountBinding"] == bound


def test_a_binding_for_one_account_is_for_one_account(strict: World) -> None:
    kid, secret = strict.binding("once")
    url = strict.wire.url("newAccount")
    keys = [Signer() for _ in range(4)]

    def ask(key: Signer) -> Answer:
        return new(strict, key, binding(MAC(secret), kid, url, key.jwk))

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(ask, keys))
    assert sorted(answer.status for answer in answers) == [201, 403, 403, 403]
    assert {answer.type for answer in answers} == {None, "unauthorized"}
    answer = ask(Signer())
    refused(answer, 403, "unauthorized")
    assert "used already" in answer.json["detail"]


def test_a_binding_that_expired_is_refused(strict: World) -> None:
    soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=1)
    kid, secret = strict.binding("short", is_reusable=True, expires_at=soon)
    time.sleep(1.1)
    key = Signer()
    url = strict.wire.url("newAccount")
    answer = new(strict, key, binding(MAC(secret), kid, url, key.jwk))
    refused(answer, 403, "unauthorized")
    assert "has expired" in answer.json["detail"]
    # Nobody without its key learns that.
    answer = new(strict, key, binding(MAC(b"another"), kid, url, key.jwk))
    refused(answer, 403, "unauthorized")
    assert "expired" not in answer.json["detail"]


def test_an_external_account_has_the_names_it_has(strict: World) -> None:
    kid, secret = strict.binding("names", names=("mine.test",))
    key = Signer()
    bound = binding(MAC(secret), kid, strict.wire.url("newAccount"), key.jwk)
    account = strict.account(key, externalAccountBinding=bound)
    assert account.ask("a.mine.test").status == 201
    answer = account.ask("a.mine.test", "b.theirs.test")
    refused(answer, 403, "rejectedIdentifier")
    # Section 6.7.1: which of them.
    told = [one["identifier"]["value"] for one in answer.json["subproblems"]]
    assert told == ["b.theirs.test"]
