"""Account keys: RFC vectors, other implementations, and keys that are none."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import import_key

from acme_signing import client, encode_number, outcome
from tlsmith.acme.base64url import encode_base64url
from tlsmith.acme.jwk import load_account_key, parse_jwk, read_jwk, thumbprint_of
from tlsmith.core.blocklist import Blocklist
from tlsmith.core.keys import public_key_info
from tlsmith.errors import ACMEProblem

# RFC 7638 section 3.1.
RFC_7638 = {
    "kty": "RSA",
    "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxu"
    "hDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6"
    "Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1"
    "n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1j"
    "F44-csFCur-kEgU8awapJzKnqDKgw",
    "e": "AQAB",
    "alg": "RS256",
    "kid": "2011-04-29",
}
# RFC 8037 appendix A.3.
RFC_8037 = {
    "kty": "OKP",
    "crv": "Ed25519",
    "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
}
EVERY = ["ES256", "ES384", "ES512", "EdDSA", "RS256"]


def refusal(jwk: dict[str, Any], type: str = "badPublicKey") -> str:
    with pytest.raises(ACMEProblem) as caught:
        parse_jwk(jwk)
    assert (caught.value.type, caught.value.status) == (type, 400)
    return caught.value.message


@pytest.mark.parametrize(
    ("jwk", "thumbprint"),
    [
        (RFC_7638, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"),
        (RFC_8037, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"),
    ],
)
def test_thumbprints_are_those_of_the_rfcs(
    jwk: dict[str, Any], thumbprint: str
) -> None:
    assert read_jwk(jwk).thumbprint == thumbprint


@pytest.mark.parametrize("alg", EVERY)
def test_a_key_is_what_another_implementation_says(alg: str) -> None:
    jwk = client(alg).jwk
    key = parse_jwk({**jwk, "use": "sig", "key_ops": ["verify"], "kid": "x"})
    theirs = import_key(jwk)  # type: ignore[arg-type]
    assert key.thumbprint == theirs.thumbprint()
    assert public_key_info(key.public_key) == theirs.as_der(private=False)
    assert json.loads(key.jwk) == jwk
    assert list(json.loads(key.jwk)) == sorted(jwk)
    assert " " not in key.jwk


@pytest.mark.parametrize("alg", EVERY)
def test_a_key_in_a_request_has_the_thumbprint_of_the_account(alg: str) -> None:
    key = client(alg).account_key
    info = public_key_info(key.public_key)
    assert thumbprint_of(key.public_key, info) == key.thumbprint


def test_a_key_that_no_account_can_have_has_no_thumbprint() -> None:
    key = ed448.Ed448PrivateKey.generate().public_key()
    assert thumbprint_of(key, public_key_info(key)) is None


@pytest.mark.parametrize("alg", EVERY)
def test_a_key_that_was_stored_is_the_same(alg: str) -> None:
    key = client(alg).account_key
    stored = load_account_key(key.jwk)
    assert stored[1:] == key[1:]
    assert public_key_info(stored.public_key) == public_key_info(key.public_key)
    assert load_account_key(key.jwk) is stored


@pytest.mark.parametrize("name", ["d", "p", "q", "dp", "dq", "qi", "oth", "k"])
def test_a_private_key_is_no_secret_any_more(name: str) -> None:
    assert name in refusal({**client().jwk, name: "AA"})


@pytest.mark.parametrize(
    "jwk",
    [
        {"kty": "oct"},
        {"kty": "AKP", "alg": "ML-DSA-44", "pub": "AA"},
        {"kty": "ec"},
        {**client().jwk, "crv": "secp256k1"},
        {**client().jwk, "crv": "P-384"},
        {**client().jwk, "use": "enc"},
        {**RFC_8037, "crv": "Ed448"},
        {**RFC_8037, "crv": "X25519"},
        {**RFC_8037, "x": "AAAA"},
    ],
)
def test_other_kinds_of_key_are_not_for_accounts(jwk: dict[str, Any]) -> None:
    refusal(jwk)


@pytest.mark.parametrize(
    "jwk",
    [
        {},
        {"kty": None},
        {"kty": ["EC"]},
        {"kty": "EC"},
        {"kty": "OKP", "crv": "Ed25519"},
        {"kty": "RSA", "n": RFC_7638["n"]},
        {**client().jwk, "x": 1},
        {**client().jwk, "y": client().jwk["y"] + "="},
        {**RFC_7638, "n": "a+b/"},
        {**RFC_7638, "e": ""},
    ],
)
def test_what_is_no_jwk_is_malformed(jwk: dict[str, Any]) -> None:
    if jwk.get("e") == "":
        refusal(jwk)
    else:
        assert refusal(jwk, "malformed").startswith("jwk: ")


@pytest.mark.parametrize("alg", ["ES256", "ES384", "ES512"])
def test_coordinates_have_the_size_of_the_curve(alg: str) -> None:
    """RFC 7518 section 6.2.1.2: neither shorter nor longer."""
    client_ = client(alg)
    numbers = client_.key.public_key().public_numbers()
    size = (client_.key.curve.key_size + 7) // 8
    longer = encode_number(numbers.x, size + 1)
    assert f"{size} octets" in refusal({**client_.jwk, "x": longer})
    shorter = encode_base64url(numbers.y.to_bytes(size, "big")[:-1])
    assert f"{size} octets" in refusal({**client_.jwk, "y": shorter})


def test_a_coordinate_with_zeros_in_front_keeps_them() -> None:
    key = next(
        key
        for key in (ec.generate_private_key(ec.SECP256R1()) for _ in range(10_000))
        if key.public_key().public_numbers().x < 1 << 248
    )
    numbers = key.public_key().public_numbers()
    jwk = {"kty": "EC", "crv": "P-256"}
    whole = {axis: encode_number(getattr(numbers, axis), 32) for axis in "xy"}
    assert parse_jwk({**jwk, **whole}).thumbprint
    refusal({**jwk, **whole, "x": encode_number(numbers.x)})


@pytest.mark.parametrize("alg", ["ES256", "ES384", "ES512"])
def test_a_point_is_on_its_curve(alg: str) -> None:
    jwk = client(alg).jwk
    assert "not on" in refusal({**jwk, "x": jwk["y"], "y": jwk["x"]})
    zero = encode_base64url(bytes((client(alg).key.curve.key_size + 7) // 8))
    assert "not on" in refusal({**jwk, "x": zero, "y": zero})
    # The field's size, and what is in front of the point counted from there.
    highest = encode_base64url(b"\xff" * ((client(alg).key.curve.key_size + 7) // 8))
    assert "not on" in refusal({**jwk, "x": highest})


def rsa_jwk(n: int, e: int = 65537) -> dict[str, str]:
    return {"kty": "RSA", "n": encode_number(n), "e": encode_number(e)}


def modulus() -> int:
    return int(client("RS256").key.public_key().public_numbers().n)


@pytest.mark.parametrize(
    ("jwk", "reason"),
    [
        (rsa_jwk(modulus() >> 1024), "1024 bits"),
        (rsa_jwk((1 << 8200) + 1), "8201 bits"),
        (rsa_jwk((1 << 300_000) + 1), "300001 bits"),
        (rsa_jwk(modulus(), 1), "exponent"),
        (rsa_jwk(modulus(), 2), "exponent"),
        (rsa_jwk(modulus(), 3), "exponent"),
        (rsa_jwk(modulus(), 65538), "exponent"),
        (rsa_jwk(modulus(), (1 << 256) + 1), "exponent of more"),
        (rsa_jwk(modulus() - 1), "even"),
        (rsa_jwk(65521 * ((modulus() >> 16) | 1)), "not safe"),
        ({**rsa_jwk(modulus()), "n": "AA"}, "zeros"),
        ({**rsa_jwk(modulus()), "e": "AAEAAQ"}, "zeros"),
        (
            {**rsa_jwk(modulus()), "n": encode_number(modulus(), 257)},
            "zeros",
        ),
    ],
)
def test_an_rsa_key_is_one_that_lasts(jwk: dict[str, str], reason: str) -> None:
    assert reason in refusal(jwk)


def test_larger_rsa_keys_are_fine() -> None:
    key = rsa.generate_private_key(65537, 3072).public_key()
    assert parse_jwk(rsa_jwk(key.public_numbers().n)).kind == "rsa"


@pytest.mark.parametrize("jwk", [RFC_7638, RFC_8037])
def test_a_key_that_everybody_has_is_not_for_accounts(jwk: dict[str, Any]) -> None:
    assert "private key is public" in refusal(jwk)


def test_a_key_whose_signatures_anybody_makes_is_refused() -> None:
    """RFC 8032: a point of small order."""
    assert "small order" in refusal({**RFC_8037, "x": encode_base64url(bytes(32))})


def test_a_key_on_the_list_of_compromised_ones_is_refused() -> None:
    info = public_key_info(client().account_key.public_key)
    blocklist = Blocklist(key_infos=frozenset({hashlib.sha256(info).digest()}))
    with pytest.raises(ACMEProblem, match="compromised") as caught:
        parse_jwk(client().jwk, blocklist=blocklist)
    assert caught.value.type == "badPublicKey"


def test_a_key_that_is_not_safe_can_be_read_to_revoke_with_it() -> None:
    """RFC 8555 section 7.6: what else would prove that it is compromised?"""
    assert read_jwk(RFC_7638).kind == "rsa"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=60),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)
names = st.sampled_from(["kty", "crv", "x", "y", "n", "e", "use", "d", "k", "alg"])
texts = st.sampled_from(
    ["EC", "RSA", "OKP", "oct", "P-256", "P-521", "Ed25519", "AQAB", "", "sig"]
) | st.binary(max_size=70).map(encode_base64url)


@given(st.dictionaries(names, texts | json_values, max_size=6))
def test_nothing_but_a_problem_comes_of_any_jwk(jwk: dict[str, Any]) -> None:
    found = outcome(lambda: parse_jwk(jwk))
    if isinstance(found, ACMEProblem):
        assert found.type in ("malformed", "badPublicKey")
    else:
        assert load_account_key(found.jwk).thumbprint == found.thumbprint
