"""Nonces: each is good for one request, and every answer has the next (6.5, 7.2)."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from acme_account import Account
from acme_jose import b64, unb64
from acme_wire import Answer
from server.acme.cases import Case, Cases, new_order
from server.acme.world import World

CASES = Cases()


def _new(account: Account) -> str:
    return account.wire.fresh()


def _flipped(nonce: str) -> str:
    raw = bytearray(unb64(nonce))
    raw[len(raw) // 2] ^= 1
    return b64(bytes(raw))


CASES.each(
    {
        "made_up": lambda account: b64(b"made up, made up"),
        "of_one_octet": lambda account: "AA",
        "of_zeros": lambda account: b64(bytes(len(unb64(_new(account))))),
        "of_ones": lambda account: b64(b"\xff" * len(unb64(_new(account)))),
        "of_one_bit_else": lambda account: _flipped(_new(account)),
        "one_octet_longer": lambda account: b64(unb64(_new(account)) + b"\0"),
        "one_octet_shorter": lambda account: b64(unb64(_new(account))[:-1]),
        "twice_as_long": lambda account: _new(account) + _new(account),
        "of_much": lambda account: "A" * 40_000,
    },
    "6.5",
    400,
    "badNonce",
    lambda account, nonce: new_order(account, nonce=nonce(account)),
)


@CASES.of("6.5", 400, "badNonce")
def absent(account: Account) -> Answer:
    return new_order(account, header={"nonce": None})


@CASES.of("6.5", 400, "badNonce")
def empty(account: Account) -> Answer:
    return new_order(account, header={"nonce": ""})


CASES.each(
    {
        "a_number": 1,
        "an_object": {},
        "a_list": ["AAAA"],
        "padded": "AAAA=",
        "in_the_standard_alphabet": "AA+/AAAA",
        "with_a_blank": "AAAA AAAA",
        "with_a_line_end": "AAAAAAAA\n",
        "in_another_script": "ЖЖЖЖЖЖЖЖ",
        "with_a_nul": "AAAA\0AAA",
        "of_sql": "' OR '1'='1",
        "of_a_path": "../../../etc/passwd",
    },
    "6.5.2",
    400,
    "malformed",
    lambda account, nonce: new_order(account, header={"nonce": nonce}),
)


@CASES.of("6.5", 400, "badNonce")
def used_before(account: Account) -> Answer:
    nonce = _new(account)
    assert new_order(account, nonce=nonce).status == 201
    return new_order(account, nonce=nonce)


@CASES.of("6.5", 400, "badNonce")
def used_before_at_another_resource(account: Account) -> Answer:
    nonce = _new(account)
    assert account.post(account.url, nonce=nonce).status == 200
    return new_order(account, nonce=nonce)


@CASES.of("6.5", 400, "badNonce")
def used_before_by_another_account(account: Account) -> Answer:
    nonce = _new(account)
    other = Account.registered(account.wire, account.site)
    assert new_order(other, nonce=nonce).status == 201
    return new_order(account, nonce=nonce)


@CASES.of("6.5", 400, "badNonce")
def used_before_in_what_was_refused(account: Account) -> Answer:
    nonce = _new(account)
    assert new_order(account, {"identifiers": []}, nonce=nonce).status == 400
    return new_order(account, nonce=nonce)


@CASES.of("6.5", 400, "badNonce")
def a_whole_request_again(account: Account) -> Answer:
    nonce = _new(account)
    sent: list[bytes] = []

    def keep(jws: dict[str, str]) -> None:
        sent.append(json.dumps(jws).encode())

    assert new_order(account, nonce=nonce, jws=keep).status == 201
    return new_order(account, jws=lambda jws: sent[0])


@CASES.of("7.2", 201)
def of_a_get(account: Account) -> Answer:
    nonce = account.wire.send("GET", account.wire.url("newNonce"), keep=False).nonce
    return new_order(account, nonce=nonce)


@CASES.of("6.5", 201)
def of_a_problem(account: Account) -> Answer:
    refused = new_order(account, header={"nonce": None})
    return new_order(account, nonce=refused.nonce)


@CASES.of("6.5", 201)
def of_an_answer_to_another_account(account: Account) -> Answer:
    other = Account.registered(account.wire, account.site)
    answer = other.post(other.url)
    return new_order(account, nonce=answer.nonce)


@pytest.mark.parametrize("case", CASES, ids=CASES.ids)
def test_torture(case: Case, account: Account) -> None:
    case.check(account)


def test_a_refused_nonce_comes_with_one_that_is_not(account: Account) -> None:
    refused = new_order(account, nonce="AAAA")
    assert refused.type == "badNonce"
    assert new_order(account, nonce=refused.nonce).status == 201


def test_get_and_head_give_nonces(acme: World) -> None:
    url = acme.wire.url("newNonce")
    for method, status in (("GET", 204), ("HEAD", 200)):
        answer = acme.wire.send(method, url)
        assert answer.status == status
        assert answer.nonce
        assert answer.body == b""
        assert answer.headers["Cache-Control"] == "no-store"


def test_no_two_nonces_are_the_same(acme: World) -> None:
    url = acme.wire.url("newNonce")
    nonces = [acme.wire.send("HEAD", url).nonce for _ in range(200)]
    assert len(set(nonces)) == 200
    # Section 6.5: not to be guessed. What they share is told by none of them.
    assert min(len(unb64(nonce or "")) for nonce in nonces) >= 16


def test_a_nonce_is_good_once_however_many_ask_at_once(account: Account) -> None:
    for _ in range(5):
        nonce = _new(account)
        with ThreadPoolExecutor(8) as pool:
            answers = list(
                pool.map(lambda _, n=nonce: new_order(account, nonce=n), range(8))
            )
        assert sorted(answer.status for answer in answers) == [201] + [400] * 7
        assert {answer.type for answer in answers} == {None, "badNonce"}


def test_a_nonce_is_kept_until_it_is_used(account: Account) -> None:
    kept = _new(account)
    for _ in range(300):
        _new(account)
    assert new_order(account, nonce=kept).status == 201
