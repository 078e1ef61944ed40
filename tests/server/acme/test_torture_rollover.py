"""Key rollover: the inner JWS, and keys that are taken (7.3.5)."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from acme_account import Account
from acme_jose import MAC, Signer, flattened, rsa_key
from acme_keys import not_supported
from acme_wire import Answer
from server.acme.cases import Case, Cases, new_order

CASES = Cases()


def _inner(
    account: Account,
    new: Any,
    *,
    header: dict[str, Any] | None = None,
    payload: Any = None,
    signer: Any = None,
) -> dict[str, Any]:
    """Return the inner JWS, right but for what is given; None leaves a member out."""
    jwk, url = new.jwk, account.wire.url("keyChange")
    protected = {"alg": new.alg, "jwk": jwk, "url": url} | (header or {})
    protected = {name: one for name, one in protected.items() if one is not None}
    if not isinstance(payload, bytes):
        change = {"account": account.url, "oldKey": account.key.jwk} | (payload or {})
        change = {name: one for name, one in change.items() if one is not None}
        payload = json.dumps(change).encode()
    return flattened(protected, payload, signer or new)


def change_key(account: Account, new: Any = None, **bend: Any) -> Answer:
    """Ask for another key; right but for what is bent."""
    inner = _inner(account, new or Signer(), **bend)
    return account.post(account.wire.url("keyChange"), inner)


def _other(account: Account) -> Account:
    return Account.registered(account.wire, account.site)


# Members of the inner header.
CASES.each(
    {
        "inner_without_jwk": {"jwk": None},
        "inner_with_kid": {"kid": "https://localhost/acme/account/1"},
        "inner_with_kid_alone": {
            "kid": "https://localhost/acme/account/1",
            "jwk": None,
        },
        "inner_with_nonce": {"nonce": "AAAAAAAAAAAAAAAAAAAAAA"},
        "inner_without_url": {"url": None},
        "inner_with_another_url": {"url": "https://localhost/acme/new-order"},
        "inner_with_an_empty_url": {"url": ""},
        "inner_without_alg": {"alg": None},
        "inner_with_the_alg_of_another_key": {"alg": "ES384"},
        "inner_with_crit": {"crit": ["exp"], "exp": 1},
        "inner_with_b64": {"b64": False},
        "inner_with_a_number_as_jwk": {"jwk": 1},
    },
    "7.3.5",
    400,
    "malformed",
    lambda account, header: change_key(account, header=header),
)


@CASES.of("7.3.5, 6.2", 400, "badSignatureAlgorithm")
def inner_with_alg_none(account: Account) -> Answer:
    return change_key(account, header={"alg": "none"})


@CASES.of("7.3.5, 6.2", 400, "badSignatureAlgorithm")
def inner_with_a_mac(account: Account) -> Answer:
    return change_key(account, header={"alg": "HS256"}, signer=MAC(b"secret"))


@CASES.of("7.3.5", 400, "malformed")
def inner_signed_by_the_old_key(account: Account) -> Answer:
    return change_key(account, signer=account.key)


@CASES.of("7.3.5", 400, "malformed")
def inner_signed_by_a_third_key(account: Account) -> Answer:
    return change_key(account, signer=Signer())


# Members of the inner payload.
CASES.each(
    {
        "without_account": {"account": None},
        "with_an_empty_account": {"account": ""},
        "with_the_directory_as_account": {"account": "https://localhost/acme"},
        "with_a_number_as_account": {"account": 1},
        "without_old_key": {"oldKey": None},
        "with_an_empty_old_key": {"oldKey": {}},
        "with_a_string_as_old_key": {"oldKey": "key"},
        "with_another_old_key": {"oldKey": Signer().jwk},
        "with_an_old_key_of_another_kind": {"oldKey": Signer("RS256").jwk},
    },
    "7.3.5",
    400,
    "malformed",
    lambda account, payload: change_key(account, payload=payload),
)


@CASES.of("7.3.5", 400, "malformed")
def with_the_account_of_another(account: Account) -> Answer:
    return change_key(account, payload={"account": _other(account).url})


@CASES.of("7.3.5", 400, "malformed")
def with_the_key_of_another(account: Account) -> Answer:
    return change_key(account, payload={"oldKey": _other(account).key.jwk})


@CASES.of("7.3.5", 400, "malformed")
def of_another_account_whole(account: Account) -> Answer:
    # What another account would send, sent by this one.
    inner = _inner(_other(account), Signer())
    return account.post(account.wire.url("keyChange"), inner)


# What stands in the payload in place of a JWS.
CASES.each(
    {
        "of_nothing": {},
        "of_a_payload_alone": {"account": "x", "oldKey": {}},
        "of_a_string": "eyJ",
        "of_a_list": [],
        "of_a_general_jws": {"payload": "", "signatures": []},
        "of_numbers": {"protected": 1, "payload": 2, "signature": 3},
        "of_empty_members": {"protected": "", "payload": "", "signature": ""},
    },
    "7.3.5",
    400,
    "malformed",
    lambda account, inner: account.post(account.wire.url("keyChange"), inner),
)
CASES.each(
    {
        "with_an_unprotected_header": {"header": {}},
        "with_a_signature_that_is_empty": {"signature": ""},
        "with_a_signature_in_padding": {"signature": "AAAA="},
        "with_an_empty_payload": {"payload": ""},
        "with_a_payload_that_is_padded": {"payload": "e30="},
    },
    "7.3.5",
    400,
    "malformed",
    lambda account, members: account.post(
        account.wire.url("keyChange"), _inner(account, Signer()) | members
    ),
)
CASES.each(
    {
        f"to_{name}": jwk
        for name, jwk in not_supported().items()
        if name
        in ("private_ec", "symmetric", "point_not_on_the_curve", "curve_unknown")
    },
    "7.3.5, 6.7",
    400,
    "badPublicKey",
    lambda account, jwk: change_key(account, header={"jwk": jwk}),
)


@CASES.of("7.3.5, 6.7", 400, "badPublicKey")
def to_rsa_of_1024_bits(account: Account) -> Answer:
    return change_key(account, Signer("RS256", rsa_key(1024)))


@CASES.of("7.3.5", 409, "malformed")
def to_the_key_of_another_account(account: Account) -> Answer:
    other = _other(account)
    answer = change_key(account, other.key)
    # "the server MUST provide the URL of that account in the Location header field".
    assert answer.location == other.url
    assert "another account has the new key" in answer.json["detail"]
    return answer


@CASES.of("7.3.5", 409, "malformed")
def to_the_key_it_has(account: Account) -> Answer:
    answer = change_key(account, account.key)
    assert answer.location == account.url
    assert "the account has that key" in answer.json["detail"]
    return answer


CASES.each(
    {f"to_a_key_for_{alg}": alg for alg in ("ES384", "ES512", "EdDSA", "ES256")},
    "7.3.5",
    200,
    None,
    lambda account, alg: change_key(account, Signer(alg)),
)


@pytest.mark.parametrize("case", CASES, ids=CASES.ids)
def test_torture(case: Case, account: Account) -> None:
    case.check(account)


def test_after_a_rollover_the_new_key_signs_and_the_old_does_not(
    account: Account,
) -> None:
    order = account.order("rollover.test")
    old, new = account.key, Signer("ES384")
    assert change_key(account, new).status == 200
    refused = account.post(account.url)
    assert (refused.status, refused.type) == (400, "malformed")
    account.key = new
    assert account.get(account.url)["status"] == "valid"
    account.prove(order.start["authorizations"][0])
    found = account.register(onlyReturnExisting=True)
    assert (found.status, found.location) == (200, account.url)
    # The old key is free, for another account.
    again = Account(account.wire, account.site, old)
    assert again.register(onlyReturnExisting=True).type == "accountDoesNotExist"
    assert Account.registered(account.wire, account.site, old).url != account.url


def test_a_refused_rollover_changes_nothing(account: Account) -> None:
    for case in CASES:
        if case.status >= 400 and case.name.startswith(("inner_", "with_")):
            case.send(account)
    assert new_order(account).status == 201


def test_a_key_is_given_to_one_of_many_at_once(account: Account) -> None:
    for _ in range(3):
        accounts = [_other(account) for _ in range(4)]
        new = Signer()
        with ThreadPoolExecutor(4) as pool:
            answers = list(
                pool.map(lambda one, new=new: change_key(one, new), accounts)
            )
        assert sorted(answer.status for answer in answers) == [200, 409, 409, 409]


def test_an_account_is_given_one_key_of_many_at_once(account: Account) -> None:
    keys = [Signer() for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda key: change_key(account, key), keys))
    assert sorted(answer.status for answer in answers)[0] == 200
    assert {answer.status for answer in answers} <= {200, 400, 403}
    taken = []
    for key in keys:
        there = Account(account.wire, account.site, key)
        found = there.register(onlyReturnExisting=True)
        if found.status == 200:
            assert found.location == account.url
            taken.append(key)
    assert len(taken) == 1
