"""New keys for accounts: the checks of RFC 8555 section 7.3.5, one by one."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acme_signing import KID, NONCE, URL, Client, client
from tlsmith.acme.jwk import AccountKey
from tlsmith.acme.jws import parse_jws
from tlsmith.acme.rollover import verify_key_change
from tlsmith.core.blocklist import Blocklist
from tlsmith.core.keys import public_key_info
from tlsmith.errors import ACMEProblem

OLD = client("ES256")
NEW = client("EdDSA")


def inner(signer: Client = NEW, payload: Any = None, **members: Any) -> dict[str, Any]:
    if payload is None:
        payload = {"account": KID, "oldKey": OLD.jwk}
    header = {"kid": None, "nonce": None, "jwk": signer.jwk, **members}
    made: dict[str, Any] = json.loads(signer.sign(payload, **header))
    return made


def changed(payload: Any, **options: Any) -> AccountKey:
    request = parse_jws(OLD.sign(payload))
    return verify_key_change(request, KID, OLD.account_key, **options)


def refusal(payload: Any, type: str = "malformed") -> str:
    with pytest.raises(ACMEProblem) as caught:
        changed(payload)
    assert (caught.value.type, caught.value.status) == (type, 400)
    return caught.value.message


@pytest.mark.parametrize("alg", ["ES256", "ES384", "ES512", "EdDSA", "RS256", "PS256"])
def test_a_key_of_any_kind_takes_over(alg: str) -> None:
    new = client(alg, 1)
    assert changed(inner(new)).thumbprint == new.account_key.thumbprint


def test_the_old_key_is_the_same_however_it_is_written() -> None:
    payload = {"account": KID, "oldKey": {**OLD.jwk, "kid": "x"}, "newKey": NEW.jwk}
    assert changed(inner(payload=payload)).kind == "ed25519"


@pytest.mark.parametrize(
    ("members", "named"),
    [
        ({"jwk": None}, "jwk"),
        ({"jwk": None, "kid": KID}, "jwk"),
        ({"kid": KID}, "kid"),
        ({"nonce": NONCE}, "nonce"),
        ({"url": None}, "url"),
        ({"url": URL + "/"}, "url"),
        ({"jwk": client("ES384").jwk}, "does not sign with"),
        ({"jwk": client("Ed25519", 1).jwk}, "does not verify"),
    ],
)
def test_the_inner_header_is_as_the_rfc_asks(
    members: dict[str, Any], named: str
) -> None:
    assert named in refusal(inner(**members))


@pytest.mark.parametrize("alg", ["none", "HS256"])
def test_the_inner_algorithm_is_a_signature(alg: str) -> None:
    refusal(inner(alg=alg), "badSignatureAlgorithm")


def test_the_new_key_is_one_that_lasts() -> None:
    private = {**NEW.jwk, "d": "AAAA"}
    refusal(inner(jwk=private), "badPublicKey")
    digest = hashlib.sha256(public_key_info(NEW.account_key.public_key)).digest()
    with pytest.raises(ACMEProblem, match="compromised"):
        changed(inner(), blocklist=Blocklist(key_infos=frozenset({digest})))


@pytest.mark.parametrize(
    ("payload", "named"),
    [
        ({"account": KID + "2", "oldKey": OLD.jwk}, "account"),
        ({"account": "", "oldKey": OLD.jwk}, "account"),
        ({"oldKey": OLD.jwk}, "account"),
        ({"account": KID}, "oldKey"),
        ({"account": KID, "oldKey": NEW.jwk}, "oldKey"),
        ({"account": KID, "oldKey": {}}, "kty"),
        ({"account": KID, "newKey": OLD.jwk}, "oldKey"),
        ([], "payload"),
        ("", "payload"),
    ],
)
def test_the_change_is_of_this_account_and_key(payload: Any, named: str) -> None:
    assert named in refusal(inner(payload=payload))


def test_a_request_that_was_changed_does_not_verify() -> None:
    other = {"account": KID, "oldKey": NEW.jwk}
    made = {**inner(), "payload": inner(payload=other)["payload"]}
    assert "does not verify" in refusal(made)


@pytest.mark.parametrize(
    "payload", [None, {}, [], {"newKey": NEW.jwk}, {**inner(), "header": {}}]
)
def test_the_payload_is_a_jws(payload: Any) -> None:
    refusal(payload)


@given(
    st.dictionaries(
        st.sampled_from(["protected", "payload", "signature", "header"]),
        st.text() | st.none() | st.integers(),
    )
)
def test_nothing_but_a_problem_comes_of_anything(payload: dict[str, Any]) -> None:
    refusal(payload)
