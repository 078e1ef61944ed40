"""How a key signs, where only its public half is at hand."""

from __future__ import annotations

from typing import Any, NamedTuple

from tlsmith.core import der
from tlsmith.core.keys import kind_of
from tlsmith.errors import InputError

_OIDS = {
    "p256": ("1.2.840.10045.4.3.2", "sha256"),
    "p384": ("1.2.840.10045.4.3.3", "sha384"),
    "p521": ("1.2.840.10045.4.3.4", "sha512"),
    "rsa": ("1.2.840.113549.1.1.11", "sha256"),
    "ed25519": ("1.3.101.112", None),
}
_SHA256 = "2.16.840.1.101.3.4.2.1"


class Scheme(NamedTuple):
    """How a key signs: as `core.keys.signer_of` does it for keys of the same kind.

    Args:
        kind: of the key, such as "p256" or "rsa3072".
        algorithm: DER AlgorithmIdentifier.
        hash_name: the digest that is signed; None where the data itself is (RFC 8410).
    """

    kind: str
    algorithm: bytes
    hash_name: str | None

    def digest(self, data: bytes) -> bytes:
        """Return what is to be signed for `data`."""
        if self.hash_name is None:
            return data
        import hashlib

        return hashlib.new(self.hash_name, data).digest()


def scheme_of(public_key: Any) -> Scheme:
    """Return how the key that belongs to `public_key` signs.

    Raises:
        InputError: a kind that signs no certificates here.
    """
    kind = kind_of(public_key)
    family = "rsa" if kind.startswith("rsa") else kind
    if family not in _OIDS:
        raise InputError(
            f"a key of kind {kind} in a token or a cloud service is not supported",
            code="unsupported-key",
            hint="use an elliptic curve key (p256, p384, p521) or RSA",
        )
    oid, hash_name = _OIDS[family]
    parameters = (der.encode(der.NULL),) if family == "rsa" else ()
    algorithm = der.sequence(der.object_identifier(oid), *parameters)
    return Scheme(kind, algorithm, hash_name)


def encode_ecdsa_signature(pair: bytes) -> bytes:
    """Return the Ecdsa-Sig-Value (RFC 3279 2.2.3) of r and s, one behind the other."""
    half = len(pair) // 2
    numbers = (pair[:half], pair[half:])
    return der.sequence(*(der.integer(int.from_bytes(each)) for each in numbers))


def encode_digest_info(digest: bytes) -> bytes:
    """Return the DigestInfo of a SHA-256 (RFC 8017 section 9.2)."""
    algorithm = der.sequence(der.object_identifier(_SHA256), der.encode(der.NULL))
    return der.sequence(algorithm, der.octet_string(digest))
