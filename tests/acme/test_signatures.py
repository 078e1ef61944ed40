"""Verifying, against what the library signs and the RFCs have printed."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from acme_signing import ALGORITHMS, client
from tlsmith.acme.signatures import ALGORITHMS as KNOWN
from tlsmith.acme.signatures import is_valid

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def valid(alg: str, signature: bytes, data: bytes = b"data") -> bool:
    return is_valid(KNOWN[alg], client(alg).key.public_key(), signature, data)


def test_the_algorithms_are_those_of_the_issue_and_no_mac() -> None:
    assert set(KNOWN) == set(ALGORITHMS)


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_a_signature_verifies_and_none_other_does(alg: str) -> None:
    signature = client(alg).signature(b"data")
    assert valid(alg, signature)
    assert not valid(alg, signature, b"other data")
    changed = signature[:-1] + bytes([signature[-1] ^ 1])
    assert not valid(alg, changed)
    for wrong in (b"", b"\0", signature[:-1], signature + b"\0", b"\0" + signature):
        assert not valid(alg, wrong)


@pytest.mark.parametrize(
    ("r", "s"), [(0, 0), (0, 1), (1, 0), (ORDER, 1), (1, ORDER), (2**256 - 1,) * 2]
)
def test_halves_of_an_ecdsa_signature_stay_in_range(r: int, s: int) -> None:
    assert not valid("ES256", r.to_bytes(32, "big") + s.to_bytes(32, "big"))


def test_an_ecdsa_signature_in_der_is_none() -> None:
    """RFC 7518 section 3.4: two numbers, and nothing around them."""
    raw = client("ES256").signature(b"data")
    der = encode_dss_signature(
        int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
    )
    client("ES256").key.public_key().verify(der, b"data", ECDSA(SHA256()))
    assert not valid("ES256", der)


@pytest.mark.parametrize(("alg", "other"), [("RS256", "PS256"), ("RS256", "RS512")])
def test_paddings_and_hashes_are_not_mixed_up(alg: str, other: str) -> None:
    signature = client(alg).signature(b"data")
    key = client(alg).key.public_key()
    assert not is_valid(KNOWN[other], key, signature, b"data")
