"""External account bindings: RFC 8555 section 7.3.4, line by line."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws as joserfc_jws
from joserfc.jwk import OctKey

from acme_signing import KID, NONCE, URL, client, mac
from tlsmith.acme.binding import MAC_ALGORITHMS, verify_binding
from tlsmith.acme.jwk import AccountKey
from tlsmith.errors import ACMEProblem

SECRET = bytes(range(32))
KEYS = {"key-1": SECRET, "key-2": b"another"}


def verified(binding: bytes, key: AccountKey | None = None) -> str:
    key = key or client().account_key
    return verify_binding(binding, key, URL, KEYS.get)


def refusal(binding: bytes, type: str = "malformed", status: int = 400) -> str:
    with pytest.raises(ACMEProblem) as caught:
        verified(binding)
    assert (caught.value.type, caught.value.status) == (type, status)
    assert SECRET.hex() not in caught.value.message
    return caught.value.message


@pytest.mark.parametrize(("alg", "digest"), MAC_ALGORITHMS.items())
def test_a_binding_names_its_key(alg: str, digest: str) -> None:
    binding = mac(SECRET, client().jwk, alg=alg, digest=digest)
    assert verified(binding) == "key-1"


@pytest.mark.parametrize("alg", MAC_ALGORITHMS)
def test_what_another_implementation_binds_is_taken(alg: str) -> None:
    made = joserfc_jws.serialize_json(
        {"protected": {"alg": alg, "kid": "key-1", "url": URL}},
        json.dumps(client().jwk).encode(),
        OctKey.import_key(SECRET * 2),
        registry=joserfc_jws.JWSRegistry(algorithms=[alg], strict_check_header=False),
    )
    key = client().account_key
    binding = json.dumps(made).encode()
    assert verify_binding(binding, key, URL, lambda _: SECRET * 2) == "key-1"


def test_the_key_is_the_same_however_it_is_written() -> None:
    """RFC 7638 section 3.2.2: other members do not make another key."""
    written = {"kid": "x", **dict(reversed(client().jwk.items())), "use": "sig"}
    assert verified(mac(SECRET, written)) == "key-1"


@pytest.mark.parametrize("alg", ["RS256", "EdDSA", "ES512"])
def test_every_kind_of_key_can_be_bound(alg: str) -> None:
    key = client(alg)
    assert verified(mac(SECRET, key.jwk), key.account_key) == "key-1"


@pytest.mark.parametrize("alg", ["none", "HS1", "ES256", "RS256", "hs256", ""])
def test_the_algorithm_is_a_mac(alg: str) -> None:
    assert "algorithm" in refusal(mac(SECRET, client().jwk, alg=alg))


@pytest.mark.parametrize(
    ("members", "named"),
    [
        ({"kid": None}, "kid"),
        ({"kid": ""}, "kid"),
        ({"kid": None, "jwk": client().jwk}, "kid"),
        ({"jwk": client().jwk}, "jwk"),
        ({"nonce": NONCE}, "nonce"),
        ({"url": None}, "url"),
        ({"url": "https://ca.test/acme/new-order/"}, "url"),
        ({"url": KID}, "url"),
        ({"crit": ["x"]}, "crit"),
    ],
)
def test_the_header_is_as_the_rfc_asks(members: dict[str, Any], named: str) -> None:
    assert named in refusal(mac(SECRET, client().jwk, **members))


@pytest.mark.parametrize(
    "payload", [client("ES384").jwk, client("RS256").jwk, client("EdDSA").jwk]
)
def test_another_key_is_not_bound(payload: dict[str, str]) -> None:
    assert "another key" in refusal(mac(SECRET, payload))


@pytest.mark.parametrize("payload", [{}, [], "x", None, {"kty": "EC"}])
def test_the_payload_is_a_key(payload: object) -> None:
    assert refusal(mac(SECRET, payload))


def test_a_key_identifier_is_known() -> None:
    binding = mac(SECRET, client().jwk, kid="key-3")
    message = refusal(binding, "unauthorized", 403)
    # Used up and taken back, its key is not kept: it is told as if it never was.
    for words in ("'key-3'", "used already", "taken back"):
        assert words in message


@pytest.mark.parametrize(
    "binding",
    [
        mac(b"", client().jwk),
        mac(SECRET[:-1], client().jwk),
        mac(SECRET, client().jwk, kid="key-2"),
        mac(SECRET, client().jwk, alg="HS512"),
        mac(SECRET, client().jwk).replace(b'"signature": "', b'"signature": "AAAA'),
        json.dumps({**json.loads(mac(SECRET, client().jwk)), "signature": ""}).encode(),
    ],
)
def test_the_mac_is_by_the_key_that_is_named(binding: bytes) -> None:
    assert "MAC" in refusal(binding, "unauthorized", 403)


@pytest.mark.parametrize("binding", [b"{}", b"null", b"", b"[" * 100_000, b'"x"'])
def test_what_is_no_jws_is_malformed(binding: bytes) -> None:
    refusal(binding)


@given(
    st.binary()
    | st.dictionaries(
        st.sampled_from(["protected", "payload", "signature"]), st.text()
    ).map(lambda members: json.dumps(members).encode())
)
def test_nothing_but_a_problem_comes_of_anything(binding: bytes) -> None:
    with pytest.raises(ACMEProblem):
        verified(binding)
