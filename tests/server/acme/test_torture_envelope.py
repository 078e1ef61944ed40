"""The JWS around a request: its members, its base64url, its signature (6.1, 6.2)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from acme_account import Account
from acme_jose import Signer, b64, unb64
from acme_wire import JOSE, Answer
from server.acme.cases import ORDER, Case, Cases, new_order

CASES = Cases()
JWS = dict[str, Any]
# The order of P-256's group.
_N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def _without(*names: str) -> Any:
    def change(jws: JWS) -> bytes:
        return json.dumps({k: v for k, v in jws.items() if k not in names}).encode()

    return change


def _with(**members: Any) -> Any:
    return lambda jws: json.dumps(jws | members).encode()


def _general(jws: JWS, times: int = 1) -> bytes:
    one = {"protected": jws["protected"], "signature": jws["signature"]}
    whole = {"payload": jws["payload"], "signatures": [one] * times}
    return json.dumps(whole).encode()


CASES.each(
    {
        "unprotected_header": _with(header={"x": 1}),
        "unprotected_header_that_is_empty": _with(header={}),
        "unprotected_header_null": _with(header=None),
        "unprotected_kid": _with(header={"kid": "https://localhost/acme/account/1"}),
        "general_serialisation": _general,
        "general_serialisation_of_two_signatures": lambda jws: _general(jws, 2),
        "general_serialisation_of_no_signature": lambda jws: _general(jws, 0),
        "flattened_and_general": _with(signatures=[]),
        "compact_serialisation": lambda jws: ".".join(jws.values()).encode(),
        "compact_serialisation_as_json": (
            lambda jws: json.dumps(".".join(jws.values())).encode()
        ),
        "detached_payload": _without("payload"),
        "no_signature": _without("signature"),
        "no_protected": _without("protected"),
        "no_members": lambda jws: b"{}",
        "payload_null": _with(payload=None),
        "payload_an_object": _with(payload=ORDER),
        "protected_an_object": _with(protected={"alg": "ES256"}),
        "protected_number": _with(protected=1),
        "signature_list": _with(signature=["AA"]),
        "in_an_array": lambda jws: json.dumps([jws]).encode(),
        "twice_the_signature": lambda jws: (
            json.dumps(jws)[:-1].encode() + b', "signature": "AAAA"}'
        ),
        "twice_the_payload_the_right_one_last": lambda jws: (
            b'{"payload": "AAAA", ' + json.dumps(jws)[1:].encode()
        ),
        "twice_the_payload_once_escaped": lambda jws: (
            b'{"p\\u0061yload": "AAAA", ' + json.dumps(jws)[1:].encode()
        ),
        "body_empty": lambda jws: b"",
        "body_blank": lambda jws: b"  \r\n",
        "body_null": lambda jws: b"null",
        "body_true": lambda jws: b"true",
        "body_number": lambda jws: b"1e400",
        "body_string": lambda jws: json.dumps(json.dumps(jws)).encode(),
        "body_cut_short": lambda jws: json.dumps(jws)[:-1].encode(),
        "body_followed_by_more": lambda jws: json.dumps(jws).encode() + b"x",
        "body_twice": lambda jws: json.dumps(jws).encode() * 2,
        "body_with_a_bom": lambda jws: b"\xef\xbb\xbf" + json.dumps(jws).encode(),
        "body_in_utf_16": lambda jws: json.dumps(jws).encode("utf-16"),
        "body_in_utf_32": lambda jws: json.dumps(jws).encode("utf-32"),
        "body_not_utf_8": lambda jws: json.dumps(jws)[:-1].encode() + b',"x":"\xff"}',
        "body_with_a_lone_surrogate": lambda jws: (
            json.dumps(jws)[:-1].encode() + b',"x":"\\ud800"}'
        ),
        "body_with_a_surrogate_in_utf_8": lambda jws: (
            json.dumps(jws)[:-1].encode() + b',"x":"\xed\xa0\x80"}'
        ),
        "body_with_nan": lambda jws: json.dumps(jws)[:-1].encode() + b', "x": NaN}',
        "body_with_a_comment": lambda jws: b"/* */" + json.dumps(jws).encode(),
        "body_with_a_trailing_comma": lambda jws: json.dumps(jws)[:-1].encode() + b",}",
        "body_of_nuls": lambda jws: bytes(100),
        "body_of_der": lambda jws: b"\x30\x82\x01\x00" + bytes(256),
        "body_of_a_form": lambda jws: b"protected=a&payload=b&signature=c",
        "body_of_xml": lambda jws: b'<?xml version="1.0"?><jws/>',
        "body_of_arrays_in_arrays": lambda jws: b"[" * 20000 + b"]" * 20000,
        "body_of_objects_in_objects": lambda jws: b'{"a":' * 9000 + b"1" + b"}" * 9000,
        "body_of_open_arrays": lambda jws: b"[" * 30000,
        "member_nested_deeply": lambda jws: (
            json.dumps(jws)[:-1].encode() + b',"x":' + b"[" * 9000 + b"]" * 9000 + b"}"
        ),
        "escaped_nul_in_a_member": _with(signature="AA\0A"),
    },
    "6.2",
    400,
    "malformed",
    lambda account, jws: new_order(account, jws=jws),
)


def _change(name: str, change: Any) -> Any:
    return lambda jws: json.dumps(jws | {name: change(jws[name])}).encode()


def _padded(text: str) -> str:
    return text + "=" * (-len(text) % 4 or 4)


for _member in ("protected", "payload", "signature"):
    CASES.each(
        {
            f"{_member}_padded": _change(_member, _padded),
            f"{_member}_with_a_line_end": _change(_member, lambda text: f"{text}\n"),
            f"{_member}_with_blanks": _change(
                _member, lambda text: f"{text[:8]} {text[8:]}"
            ),
            f"{_member}_in_other_characters": _change(
                _member, lambda text: f"{text[:8]}é{text[9:]}"
            ),
            f"{_member}_one_character_too_long": _change(
                _member, lambda text: text + "A" * ((1 - len(text)) % 4 or 4)
            ),
            f"{_member}_dotted": _change(
                _member, lambda text: f"{text[:8]}.{text[8:]}"
            ),
        },
        "6.1",
        400,
        "malformed",
        lambda account, jws: new_order(account, jws=jws),
    )


@CASES.of("6.1, RFC 4648, 3.5", 400, "malformed")
def signature_with_bits_left_over(account: Account) -> Answer:
    # Of 64 octets; another spelling of the same would be another request.
    def change(jws: JWS) -> bytes:
        last = {"A": "B", "Q": "R", "g": "h", "w": "x"}[jws["signature"][-1]]
        signature = jws["signature"][:-1] + last
        return json.dumps(jws | {"signature": signature}).encode()

    return new_order(account, jws=change)


@CASES.of("6.1", 400, "malformed")
def signature_in_the_standard_alphabet(account: Account) -> Answer:
    def change(jws: JWS) -> bytes:
        signature = "+/" + jws["signature"][2:]
        return json.dumps(jws | {"signature": signature}).encode()

    return new_order(account, jws=change)


def _signature(change: Any) -> Any:
    return _change("signature", lambda text: b64(change(unb64(text))))


def _der(raw: bytes) -> bytes:
    halves = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
    return encode_dss_signature(*halves)


def _longer(raw: bytes) -> bytes:
    return b"\0" + raw[:32] + b"\0" + raw[32:]


CASES.each(
    {
        "signature_empty": _signature(lambda raw: b""),
        "signature_of_one_bit_else": _signature(
            lambda raw: raw[:-1] + bytes([raw[-1] ^ 1])
        ),
        "signature_cut_short": _signature(lambda raw: raw[:-1]),
        "signature_half": _signature(lambda raw: raw[:32]),
        "signature_one_octet_longer": _signature(lambda raw: raw + b"\0"),
        "signature_with_halves_of_33_octets": _signature(_longer),
        "signature_in_der": _signature(_der),
        "signature_twice": _signature(lambda raw: raw * 2),
        "signature_swapped": _signature(lambda raw: raw[32:] + raw[:32]),
        "signature_of_zeros": _signature(lambda raw: bytes(64)),
        "signature_of_ones": _signature(lambda raw: b"\xff" * 64),
        "signature_of_the_group_order": _signature(
            lambda raw: _N.to_bytes(32, "big") * 2
        ),
        "signature_with_r_zero": _signature(lambda raw: bytes(32) + raw[32:]),
        "signature_with_s_of_the_group_order": _signature(
            lambda raw: raw[:32] + _N.to_bytes(32, "big")
        ),
        "signature_of_much": _signature(lambda raw: raw * 200),
        "payload_changed_after_signing": _with(
            payload=b64(json.dumps({"identifiers": []}).encode())
        ),
        "payload_emptied_after_signing": _with(payload=""),
        "protected_changed_after_signing": _change(
            "protected",
            lambda text: b64(unb64(text).replace(b'"alg": ', b'"alg":')),
        ),
    },
    "6.2",
    400,
    "malformed",
    lambda account, jws: new_order(account, jws=jws),
)


_CHANGES = {
    "empty": lambda raw: b"",
    "short": lambda raw: raw[:-1],
    "long": lambda raw: raw + b"\0",
    "reversed": lambda raw: raw[::-1],
}


@pytest.mark.parametrize("alg", ["ES384", "ES512", "RS256", "PS256", "EdDSA"])
@pytest.mark.parametrize(
    "change",
    [
        lambda raw: b"",
        lambda raw: raw[:-1],
        lambda raw: raw + b"\0",
        lambda raw: raw[::-1],
    ],
    ids=["empty", "short", "long", "reversed"],
)
def test_bad_signatures_of_every_algorithm(
    account: Account, alg: str, change: Any
) -> None:
    key = Signer(alg)
    answer = account.post(
        account.wire.url("newAccount"),
        {"termsOfServiceAgreed": True},
        header={"jwk": key.jwk, "kid": None, "alg": alg},
        signer=key,
        jws=_signature(change),
    )
    assert (answer.status, answer.type) == (400, "malformed"), answer


# Further members of the JWS are passed over (RFC 7515, section 7.2.1).
CASES.each(
    {
        "member_that_nobody_knows": _with(x={"y": [1, 2.5, None]}),
        "members_in_another_order": (
            lambda jws: json.dumps(dict(reversed(jws.items())), indent=2).encode()
        ),
        "members_escaped": lambda jws: (
            json.dumps(jws).replace('"payload"', '"p\\u0061yload"').encode()
        ),
    },
    "RFC 7515, 7.2.1",
    201,
    None,
    lambda account, jws: new_order(account, jws=jws),
)


# What media type a request has (section 6.2).
CASES.each(
    {
        "content_type_absent": {},
        "content_type_json": {"Content-Type": "application/json"},
        "content_type_text": {"Content-Type": "text/plain"},
        "content_type_jose": {"Content-Type": "application/jose"},
        "content_type_of_a_form": {"Content-Type": "application/x-www-form-urlencoded"},
        "content_type_longer": {"Content-Type": "application/jose+json2"},
        "content_type_empty": {"Content-Type": ""},
        "content_type_two": {"Content-Type": f"{JOSE}, text/plain"},
    },
    "6.2",
    415,
    "malformed",
    lambda account, headers: new_order(account, headers=headers),
)


@CASES.of("RFC 9110, 8.3.1", 201)
def content_type_in_capitals(account: Account) -> Answer:
    return new_order(account, headers={"Content-Type": "Application/JOSE+JSON"})


@CASES.of("RFC 9110, 15.5.14", 413, "malformed")
def body_too_large(account: Account) -> Answer:
    return new_order(account, jws=_with(x="A" * 2_000_000))


@CASES.of("RFC 9110, 15.5.14", 413, "malformed")
def payload_too_large(account: Account) -> Answer:
    many = [{"type": "dns", "value": f"n{n}.test"} for n in range(50_000)]
    return new_order(account, {"identifiers": many})


@pytest.mark.parametrize("case", CASES, ids=CASES.ids)
def test_torture(case: Case, account: Account) -> None:
    case.check(account)
