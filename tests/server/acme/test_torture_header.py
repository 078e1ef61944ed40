"""The protected header: algorithms, whose key, and what it must not say (6.2, 6.4)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization

from acme_account import Account
from acme_jose import MAC, Signer, b64
from acme_wire import Answer
from server.acme.cases import ORDER, Case, Cases, new_order

CASES = Cases()


class _Nobody:
    """Signs nothing, as the algorithm "none" wants."""

    alg = "none"

    def sign(self, data: bytes) -> bytes:
        return b""


def _public_pem(account: Account) -> bytes:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    public = account.key.key.public_key()
    return bytes(public.public_bytes(serialization.Encoding.PEM, form))


CASES.each(
    {f"alg_{alg}": alg for alg in ("none", "None", "NONE", "nOnE")},
    "6.2",
    400,
    "badSignatureAlgorithm",
    lambda account, alg: new_order(account, header={"alg": alg}, signer=_Nobody()),
)
CASES.each(
    {f"mac_{alg}_of_the_public_key": alg for alg in ("HS256", "HS384", "HS512")},
    "6.2",
    400,
    "badSignatureAlgorithm",
    lambda account, alg: new_order(
        account, header={"alg": alg}, signer=MAC(_public_pem(account), alg)
    ),
)
CASES.each(
    {
        "alg_unknown": "XX999",
        "alg_of_another_curve_that_is_not_offered": "ES256K",
        "alg_in_small_letters": "es256",
        "alg_with_a_blank": "ES256 ",
        "alg_with_a_nul": "ES256\0",
        "alg_empty": "",
        "alg_of_encryption": "RSA1_5",
        "alg_of_much": "A" * 4000,
    },
    "6.2",
    400,
    "badSignatureAlgorithm",
    lambda account, alg: new_order(account, header={"alg": alg}),
)


# What is right but for one member of the header.
CASES.each(
    {
        "alg_absent": {"alg": None},
        "alg_number": {"alg": 256},
        "alg_list": {"alg": ["ES256"]},
        "alg_of_another_curve": {"alg": "ES384"},
        "alg_of_another_kind": {"alg": "RS256"},
        "alg_of_yet_another_kind": {"alg": "EdDSA"},
        "alg_of_yet_another_padding": {"alg": "PS256"},
        "url_absent": {"url": None},
        "url_number": {"url": 1},
        "url_list": {"url": ["https://localhost/"]},
        "kid_number": {"kid": 1},
        "kid_object": {"kid": {}},
        "neither_jwk_nor_kid": {"kid": None},
        "jwk_is_a_string": {"kid": None, "jwk": "key"},
        "jwk_is_a_list": {"kid": None, "jwk": []},
        "crit_of_exp": {"crit": ["exp"], "exp": 1},
        "crit_of_nothing": {"crit": []},
        "crit_of_b64": {"crit": ["b64"], "b64": True},
        "b64_false": {"b64": False},
    },
    "6.2",
    400,
    "malformed",
    lambda account, header: new_order(account, header=header),
)


@CASES.of("6.2", 400, "malformed")
def both_jwk_and_kid(account: Account) -> Answer:
    return new_order(account, header={"jwk": account.key.jwk})


@CASES.of("6.2", 400, "malformed")
def both_jwk_and_kid_for_a_new_account(account: Account) -> Answer:
    url = account.wire.url("newAccount")
    return account.post(url, {}, jwk=True, header={"kid": account.url})


@CASES.of("6.2", 400, "malformed")
def kid_beside_an_empty_jwk(account: Account) -> Answer:
    return new_order(account, header={"jwk": {}})


@CASES.of("6.2", 400, "malformed")
def jwk_beside_an_empty_kid(account: Account) -> Answer:
    url = account.wire.url("newAccount")
    return account.post(url, {}, jwk=True, header={"kid": ""})


@CASES.of("6.2", 400, "malformed")
def kid_for_a_new_account(account: Account) -> Answer:
    return account.post(account.wire.url("newAccount"), {})


@CASES.of("6.2", 400, "malformed")
def jwk_for_a_new_order(account: Account) -> Answer:
    return new_order(account, jwk=True)


@CASES.of("6.2", 400, "malformed")
def jwk_for_the_account(account: Account) -> Answer:
    return account.post(account.url, {}, jwk=True)


@CASES.of("6.2", 400, "malformed")
def jwk_for_the_list_of_orders(account: Account) -> Answer:
    return account.post(account.get(account.url)["orders"], jwk=True)


@CASES.of("6.2", 400, "malformed")
def jwk_for_an_order(account: Account) -> Answer:
    return account.post(account.order("jwk.test").url, jwk=True)


@CASES.of("6.2", 400, "malformed")
def jwk_for_an_authorization(account: Account) -> Answer:
    return account.post(account.order("jwk.test").start["authorizations"][0], jwk=True)


@CASES.of("6.2", 400, "malformed")
def jwk_for_a_challenge(account: Account) -> Answer:
    order = account.order("jwk.test")
    challenge = account.challenge(order.start["authorizations"][0])
    return account.post(challenge["url"], {}, jwk=True)


@CASES.of("6.2", 400, "malformed")
def jwk_for_finalize(account: Account) -> Answer:
    order = account.order("jwk.test")
    return account.post(order.start["finalize"], {"csr": "AA"}, jwk=True)


@CASES.of("6.2", 400, "malformed")
def jwk_for_a_certificate(account: Account) -> Answer:
    url = account.issued("jwk.test").settled()["certificate"]
    return account.post(url, jwk=True)


@CASES.of("6.2", 400, "malformed")
def jwk_for_a_key_change(account: Account) -> Answer:
    return account.post(account.wire.url("keyChange"), {}, jwk=True)


@CASES.of("6.2", 400, "accountDoesNotExist")
def kid_that_nobody_has(account: Account) -> Answer:
    return new_order(account, header={"kid": f"{account.url[:-8]}00000000"})


CASES.each(
    {
        "kid_without_the_host": lambda url: url.split("/", 3)[3],
        "kid_of_an_id_alone": lambda url: url.rpartition("/")[2],
        "kid_of_another_host": lambda url: url.replace("localhost", "other.test"),
        "kid_of_http": lambda url: url.replace("https:", "http:"),
        "kid_with_a_query": lambda url: f"{url}?x=1",
        "kid_with_a_fragment": lambda url: f"{url}#x",
        "kid_with_a_slash": lambda url: f"{url}/",
        "kid_in_capitals": lambda url: url[:-8] + url[-8:].upper() + "A",
        "kid_with_dots": lambda url: url.replace("/account/", "/account/../account/"),
        "kid_with_a_nul": lambda url: f"{url}\0",
        "kid_of_the_directory": lambda url: url.partition("/account")[0],
        "kid_of_quotes": lambda url: f"{url}' OR '1'='1",
        "kid_of_much": lambda url: url + "0" * 5000,
        "kid_in_another_script": lambda url: f"{url}é",
    },
    "6.2",
    400,
    "accountDoesNotExist",
    lambda account, change: new_order(account, header={"kid": change(account.url)}),
)


CASES.each(
    {
        "url_of_another_resource": lambda url: url.replace("new-order", "new-authz"),
        "url_of_another_host": lambda url: url.replace("localhost", "other.test"),
        "url_of_http": lambda url: url.replace("https:", "http:"),
        "url_with_a_query": lambda url: f"{url}?x=1",
        "url_with_a_fragment": lambda url: f"{url}#x",
        "url_with_a_slash": lambda url: f"{url}/",
        "url_in_capitals": lambda url: url.upper(),
        "url_path_alone": lambda url: "/" + url.split("/", 3)[3],
        "url_with_a_user": lambda url: url.replace("localhost", "a@localhost"),
        "url_empty": lambda url: "",
        "url_with_a_blank": lambda url: f"{url} ",
        "url_escaped": lambda url: url.replace("new-order", "%6eew-order"),
    },
    "6.4",
    401,
    "unauthorized",
    lambda account, change: new_order(
        account, header={"url": change(account.wire.url("newOrder"))}
    ),
)


@CASES.of("6.4", 401, "unauthorized")
def asked_with_a_query_that_is_not_signed(account: Account) -> Answer:
    return new_order(account, send_to=account.wire.url("newOrder") + "?x=1")


@CASES.of("6.4", 401, "unauthorized")
def replayed_at_another_resource(account: Account) -> Answer:
    return new_order(account, send_to=account.wire.below("new-authz"))


CASES.each(
    {
        "header_not_json": lambda header: b"{",
        "header_empty": lambda header: b"",
        "header_a_list": lambda header: json.dumps([header]).encode(),
        "header_a_string": lambda header: json.dumps(json.dumps(header)).encode(),
        "header_null": lambda header: b"null",
        "header_with_a_bom": lambda header: (
            b"\xef\xbb\xbf" + json.dumps(header).encode()
        ),
        "header_in_utf_16": lambda header: json.dumps(header).encode("utf-16"),
        "header_not_utf_8": lambda header: (
            json.dumps(header | {"x": "@"}).encode().replace(b"@", b"\xff")
        ),
        "header_twice_the_nonce": lambda header: (
            json.dumps(header)[:-1].encode() + b', "nonce": "AAAA"}'
        ),
        "header_twice_the_alg": lambda header: (
            b'{"alg": "ES256", ' + json.dumps(header)[1:].encode()
        ),
        "header_twice_the_url_once_escaped": lambda header: (
            json.dumps(header)[:-1].encode() + b', "\\u0075rl": "https://x.test/"}'
        ),
        "header_twice_the_kid": lambda header: (
            json.dumps(header)[:-1].encode() + b', "kid": "x"}'
        ),
        "header_nested_deeply": lambda header: (
            json.dumps(header)[:-1].encode()
            + b', "x": '
            + b"[" * 9000
            + b"]" * 9000
            + b"}"
        ),
        "header_followed_by_more": lambda header: json.dumps(header).encode() + b"{}",
        "header_with_nan": lambda header: (
            json.dumps(header)[:-1].encode() + b',"x":NaN}'
        ),
        "header_with_crit_null": lambda header: (
            json.dumps(header)[:-1].encode() + b', "crit": null}'
        ),
        "header_of_single_quotes": lambda header: repr(header).encode(),
        "header_with_a_nul": lambda header: json.dumps(header).encode() + b"\0",
    },
    "6.2",
    400,
    "malformed",
    lambda account, encode: new_order(account, encode=encode),
)

# What a server that does not know it must pass over (RFC 7515, section 4).
CASES.each(
    {
        "header_with_typ": {"typ": "JOSE+JSON"},
        "header_with_cty": {"cty": "json"},
        "header_with_what_nobody_knows": {"x-unknown": {"deep": [1, 2.5, None, "é"]}},
    },
    "RFC 7515, 4",
    201,
    None,
    lambda account, header: new_order(account, header=header),
)


@CASES.of("RFC 7515, 4", 201)
def header_in_another_order(account: Account) -> Answer:
    def encode(header: dict[str, Any]) -> bytes:
        return json.dumps(dict(reversed(header.items())), indent=2).encode()

    return new_order(account, encode=encode)


@CASES.of("6.2", 400, "malformed")
def signed_with_the_key_of_another(account: Account) -> Answer:
    return new_order(account, signer=Signer())


@CASES.of("6.2", 400, "malformed")
def kid_of_another_account(account: Account) -> Answer:
    other = Account.registered(account.wire, account.site)
    return new_order(account, header={"kid": other.url})


@pytest.mark.parametrize("case", CASES, ids=CASES.ids)
def test_torture(case: Case, account: Account) -> None:
    case.check(account)


def test_an_algorithm_that_is_refused_is_told_with_those_that_are_not(
    account: Account,
) -> None:
    answer = new_order(account, header={"alg": "none"}, signer=_Nobody())
    # Section 6.2: the problem has an array of supported algorithms.
    assert {"ES256", "EdDSA", "RS256"} <= set(answer.json["algorithms"])
    assert not {alg for alg in answer.json["algorithms"] if alg.startswith("HS")}
    assert "none" not in answer.json["algorithms"]


@pytest.mark.parametrize("alg", ["ES256", "ES384", "ES512", "RS256", "PS256", "EdDSA"])
def test_every_algorithm_gets_a_certificate(account: Account, alg: str) -> None:
    wire, site = account.wire, account.site
    assert Account.registered(wire, site, Signer(alg)).issued(f"{alg}.test").der


def test_what_is_refused_makes_no_order(account: Account) -> None:
    before = account.get(account.get(account.url)["orders"])["orders"]
    for case in CASES:
        if case.status >= 400 and case.name.startswith(("alg", "url", "header")):
            case.send(account)
    assert account.get(account.get(account.url)["orders"])["orders"] == before == []
    assert new_order(account, ORDER).status == 201


def test_a_thumbprint_is_no_key(account: Account) -> None:
    # A JWK of the thumbprint, as if it were symmetric.
    jwk = {"kty": "oct", "k": b64(account.key.thumbprint.encode())}
    answer = account.post(
        account.wire.url("newAccount"), {}, jwk=True, header={"jwk": jwk}
    )
    assert (answer.status, answer.type) == (400, "badPublicKey")
