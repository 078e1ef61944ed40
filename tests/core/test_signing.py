"""Signing keys: those in memory, and those that lie elsewhere."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import x25519

from strategies import key_of_kind
from tlsmith.core.issuer import Issuer, self_issue
from tlsmith.core.keys import KINDS, public_key_info, signer_of
from tlsmith.core.names import parse_names
from tlsmith.core.oid import COMMON_NAME
from tlsmith.core.profiles import certificate_authority, end_entity
from tlsmith.core.signing import signing_key
from tlsmith.core.subject import distinguished_name
from tlsmith.errors import InputError, KeyMismatchError

SPAN = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
ROOT = certificate_authority(distinguished_name((COMMON_NAME, "Far CA")), SPAN)


class FarKey:
    """A key behind a wall, which counts what it is asked to sign."""

    def __init__(self, kind: str) -> None:
        key = key_of_kind(kind)
        self.public_key_info = public_key_info(key.public_key())
        self.algorithm, self._sign = signer_of(key)
        self.asked: list[bytes] = []

    def sign(self, data: bytes) -> bytes:
        self.asked.append(data)
        return self._sign(data)


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_elsewhere_is_as_good_as_one_in_memory(kind: str) -> None:
    far = FarKey(kind)
    root = Issuer(self_issue(ROOT, far).der, far)
    parameters = end_entity(parse_names(["a.test"]), "p256", SPAN)
    issued = root.issue(parameters, key_of_kind("p256").public_key())
    above = x509.load_der_x509_certificate(root.certificate)
    below = x509.load_der_x509_certificate(issued.der)
    below.verify_directly_issued_by(above)
    signed = [above.tbs_certificate_bytes, below.tbs_certificate_bytes]
    assert far.asked == signed
    near = Issuer(root.certificate, key_of_kind(kind))
    assert near.signing_key.algorithm == far.algorithm


def test_a_signing_key_is_taken_as_it_is() -> None:
    far = FarKey("p256")
    assert signing_key(far) is far


def test_a_key_elsewhere_that_is_anothers_is_refused() -> None:
    root = self_issue(ROOT, FarKey("p256"))
    with pytest.raises(KeyMismatchError):
        Issuer(root.der, FarKey("p384"))


def test_a_key_that_cannot_sign_is_none() -> None:
    with pytest.raises(InputError, match="x25519 cannot sign"):
        signing_key(x25519.X25519PrivateKey.generate())  # type: ignore[arg-type]
