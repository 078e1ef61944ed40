"""How keys sign of which the public half alone is at hand."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from strategies import key_of_kind
from tlsmith.core.keys import signer_of
from tlsmith.errors import InputError
from tlsmith.signers.scheme import encode_ecdsa_signature, scheme_of

KINDS = ("p256", "p384", "p521", "ed25519", "rsa2048", "rsa4096")


@pytest.mark.parametrize("kind", KINDS)
def test_the_algorithm_is_that_of_the_key_itself(kind: str) -> None:
    key = key_of_kind(kind)
    scheme = scheme_of(key.public_key())
    assert (scheme.kind, scheme.algorithm) == (kind, signer_of(key)[0])


def test_other_kinds_are_refused() -> None:
    for key in (ec.generate_private_key(ec.SECP256K1()), key_of_kind("ml-dsa-44")):
        with pytest.raises(InputError, match="is not supported"):
            scheme_of(key.public_key())


@given(st.integers(1, 2**521 - 1), st.integers(1, 2**521 - 1))
def test_a_signature_is_written_as_the_library_does(r: int, s: int) -> None:
    pair = r.to_bytes(66) + s.to_bytes(66)
    assert encode_ecdsa_signature(pair) == encode_dss_signature(r, s)
