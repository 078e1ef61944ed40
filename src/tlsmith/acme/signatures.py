"""The algorithms requests are signed with (RFC 7518 section 3.1, RFC 8037)."""

from __future__ import annotations

from typing import Any, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512


class Algorithm(NamedTuple):
    """How to verify.

    Args:
        kinds: of the keys that sign so; none stands for every RSA key.
        size: of each half of an ECDSA signature, 0 for others.
        parameters: that verifying takes after signature and data.
    """

    kinds: frozenset[str]
    size: int
    parameters: tuple[Any, ...]


def _ecdsa(kind: str, size: int, digest: Any) -> Algorithm:
    return Algorithm(frozenset({kind}), size, (ECDSA(digest),))


def _pkcs1(digest: Any) -> Algorithm:
    return Algorithm(frozenset({"rsa"}), 0, (PKCS1v15(), digest))


def _pss(digest: Any) -> Algorithm:
    # The salt is as long as the hash (RFC 7518 section 3.5).
    padding = PSS(MGF1(digest), digest.digest_size)
    return Algorithm(frozenset({"rsa"}), 0, (padding, digest))


ALGORITHMS = {
    "ES256": _ecdsa("p256", 32, SHA256()),
    "ES384": _ecdsa("p384", 48, SHA384()),
    "ES512": _ecdsa("p521", 66, SHA512()),
    "EdDSA": Algorithm(frozenset({"ed25519"}), 0, ()),
    # The same, since RFC 9864.
    "Ed25519": Algorithm(frozenset({"ed25519"}), 0, ()),
    "RS256": _pkcs1(SHA256()),
    "RS384": _pkcs1(SHA384()),
    "RS512": _pkcs1(SHA512()),
    "PS256": _pss(SHA256()),
    "PS384": _pss(SHA384()),
    "PS512": _pss(SHA512()),
}


def is_valid(algorithm: Algorithm, key: Any, signature: bytes, data: bytes) -> bool:
    """Tell whether `key` made this signature of `data`.

    ECDSA signatures are two numbers of fixed size, one after the other (RFC 7518 3.4).
    """
    size = algorithm.size
    if size:
        if len(signature) != 2 * size:
            return False
        r = int.from_bytes(signature[:size], "big")
        s = int.from_bytes(signature[size:], "big")
        signature = encode_dss_signature(r, s)
    try:
        key.verify(signature, data, *algorithm.parameters)
    except InvalidSignature:
        return False
    return True
