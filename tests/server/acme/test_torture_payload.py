"""What is signed: JSON objects, of what the section wants (6.2, 7)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from acme_account import Account
from acme_jose import Signer
from acme_wire import Answer
from server.acme.cases import ORDER, Case, Cases, new_order

CASES = Cases()
_RIGHT = json.dumps(ORDER).encode()

# No JSON, or none of what is due.
_NOT_OBJECTS = {
    "empty": b"",
    "blank": b" ",
    "not_json": b"{",
    "array": b"[]",
    "array_of_the_right_one": b"[" + _RIGHT + b"]",
    "number": b"1",
    "string": b'"identifiers"',
    "null": b"null",
    "true": b"true",
    "bom": b"\xef\xbb\xbf" + _RIGHT,
    "utf_16": _RIGHT.decode().encode("utf-16"),
    "followed_by_more": _RIGHT + b"{}",
    "nuls": bytes(10),
    "der": b"\x30\x03\x02\x01\x01",
    "not_utf_8": b'{"identifiers": "\xff"}',
    "nan": b'{"identifiers": NaN}',
    "infinity": b'{"identifiers": -Infinity}',
    "leading_zero": b'{"identifiers": 01}',
    "deep": b'{"identifiers": ' + b"[" * 9000 + b"]" * 9000 + b"}",
    "deep_where_nobody_looks": (
        _RIGHT[:-1] + b', "x": ' + b"[" * 9000 + b"]" * 9000 + b"}"
    ),
    "lone_surrogate": _RIGHT[:-1] + b', "x": "\\ud800"}',
    "deep_objects": b'{"identifiers":' * 3000 + b"1" + b"}" * 3000,
}
CASES.each(
    {f"new_order_{name}": payload for name, payload in _NOT_OBJECTS.items()},
    "7.4",
    400,
    "malformed",
    new_order,
)

# Of every resource that wants an object: what it makes of payloads that are none.
_FEW = ("empty", "not_json", "array", "string", "null", "bom", "not_utf_8", "deep")


def _new_account(account: Account, payload: bytes) -> Answer:
    # With a key of its own: else the account there is would be answered.
    key = Signer()
    return Account(account.wire, account.site, key).post(
        account.wire.url("newAccount"), payload, jwk=True
    )


def _account(account: Account, payload: bytes) -> Answer:
    return account.post(account.url, payload)


def _finalize(account: Account, payload: bytes) -> Answer:
    return account.post(account.ready("payload.test").start["finalize"], payload)


def _authorization(account: Account, payload: bytes) -> Answer:
    return account.post(
        account.order("payload.test").start["authorizations"][0], payload
    )


def _challenge(account: Account, payload: bytes) -> Answer:
    order = account.order("payload.test")
    url = account.challenge(order.start["authorizations"][0])["url"]
    return account.post(url, payload)


def _resource(name: str) -> Any:
    return lambda account, payload: account.post(account.wire.url(name), payload)


_RESOURCES = {
    "new_account": ("7.3", _new_account),
    "finalize": ("7.4", _finalize),
    "new_authz": ("7.4.1", _resource("newAuthz")),
    "revoke_cert": ("7.6", _resource("revokeCert")),
    "key_change": ("7.3.5", _resource("keyChange")),
    "account": ("7.3.2", _account),
    "authorization": ("7.5.2", _authorization),
    "challenge": ("7.5.1", _challenge),
}
for _name, (_section, _send) in _RESOURCES.items():
    # An empty payload is a POST-as-GET where there is something to get.
    _reads = _name in ("account", "authorization", "challenge")
    CASES.each(
        {
            f"{_name}_{kind}": _NOT_OBJECTS[kind]
            for kind in _FEW
            if not (_reads and kind == "empty")
        },
        _section,
        400,
        "malformed",
        _send,
    )

# Members of another type than they have.
CASES.each(
    {
        "identifiers_absent": {},
        "identifiers_null": {"identifiers": None},
        "identifiers_an_object": {"identifiers": ORDER["identifiers"][0]},
        "identifiers_a_string": {"identifiers": "torture.test"},
        "identifiers_of_strings": {"identifiers": ["torture.test"]},
        "identifiers_of_arrays": {"identifiers": [["dns", "torture.test"]]},
        "identifiers_of_null": {"identifiers": [None]},
        "identifier_without_type": {"identifiers": [{"value": "a.test"}]},
        "identifier_without_value": {"identifiers": [{"type": "dns"}]},
        "identifier_of_type_number": {"identifiers": [{"type": 1, "value": "a.test"}]},
        "identifier_of_value_number": {"identifiers": [{"type": "dns", "value": 1}]},
        "identifier_of_value_null": {"identifiers": [{"type": "dns", "value": None}]},
        "identifier_of_value_list": {
            "identifiers": [{"type": "dns", "value": ["a.test"]}]
        },
        "not_before_number": ORDER | {"notBefore": 1},
        "not_after_object": ORDER | {"notAfter": {}},
        "profile_number": ORDER | {"profile": 1},
        "replaces_list": ORDER | {"replaces": []},
        "identifiers_true": {"identifiers": True},
    },
    "7.4",
    400,
    "malformed",
    new_order,
)

CASES.each(
    {
        "contact_a_string": {"contact": "mailto:a@b.test"},
        "contact_of_numbers": {"contact": [1]},
        "contact_of_null": {"contact": [None]},
        "terms_a_string": {"termsOfServiceAgreed": "true"},
        "terms_a_number": {"termsOfServiceAgreed": 1},
        "only_return_existing_a_string": {"onlyReturnExisting": "true"},
        "binding_a_string": {"externalAccountBinding": "eyJ"},
        "binding_a_list": {"externalAccountBinding": []},
        "binding_empty": {"externalAccountBinding": {}},
    },
    "7.3",
    400,
    "malformed",
    lambda account, payload: _new_account(account, json.dumps(payload).encode()),
)

CASES.each(
    {
        "csr_absent": {},
        "csr_null": {"csr": None},
        "csr_number": {"csr": 1},
        "csr_a_list": {"csr": ["AA"]},
        "csr_an_object": {"csr": {}},
    },
    "7.4",
    400,
    "malformed",
    lambda account, payload: _finalize(account, json.dumps(payload).encode()),
)


@CASES.of("7.4", 201)
def members_that_nobody_knows(account: Account) -> Answer:
    # Section 7.1: clients and servers pass over what they do not know.
    more = {"x": [1, {"y": None}], "é": "\U0001f512", "status": "valid"}
    return new_order(account, ORDER | more)


@CASES.of("7.4", 201)
def json_in_many_lines(account: Account) -> Answer:
    return new_order(account, json.dumps(ORDER, indent=8).encode())


@CASES.of("7.4", 201)
def json_escaped_where_it_need_not_be(account: Account) -> Answer:
    return new_order(
        account,
        b'{"identifi\\u0065rs":[{"type":"dn\\u0073","value":"tort\\u0075re.test"}]}',
    )


@pytest.mark.parametrize("case", CASES, ids=CASES.ids)
def test_torture(case: Case, account: Account) -> None:
    case.check(account)


@pytest.mark.parametrize(
    "payload",
    [
        b'{"identifiers": [{"type": "dns", "value": "a.test"}], ' + _RIGHT[1:],
        _RIGHT.replace(b'"value"', b'"value": "a.test", "value"'),
    ],
    ids=["identifiers", "value"],
)
def test_a_member_that_comes_twice_is_refused_or_the_last_counts(
    account: Account, payload: bytes
) -> None:
    # RFC 8259, section 4: readers differ; those of signed requests must not.
    answer = new_order(account, payload)
    if answer.status == 201:
        assert answer.json["identifiers"] == ORDER["identifiers"]
    else:
        assert (answer.status, answer.type) == (400, "malformed")


def test_what_a_client_says_of_an_order_s_state_is_not_believed(
    account: Account,
) -> None:
    answer = new_order(account, ORDER | {"status": "valid", "certificate": "x"})
    assert answer.json["status"] == "pending"
    assert "certificate" not in answer.json
