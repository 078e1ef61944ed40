"""Key pairs: which kinds there are, making them, and judging those of others."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, get_args

from tlsmith.core import der
from tlsmith.errors import InputError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import (
        CertificateIssuerPrivateKeyTypes,
        CertificatePublicKeyTypes,
    )
    from cryptography.hazmat.primitives.hashes import Hash

    PrivateKey = CertificateIssuerPrivateKeyTypes
    PublicKey = CertificatePublicKeyTypes

KeyKind = Literal[
    "p256",
    "p384",
    "p521",
    "ed25519",
    "rsa2048",
    "rsa3072",
    "rsa4096",
    "ml-dsa-44",
    "ml-dsa-65",
    "ml-dsa-87",
]
KINDS: tuple[KeyKind, ...] = get_args(KeyKind)
DEFAULT_KIND: KeyKind = "p256"

_SHORTEST_RSA, _LONGEST_RSA = 2048, 16384
_CURVES = {"secp256r1": "p256", "secp384r1": "p384", "secp521r1": "p521"}


def generate_private_key(kind: str = DEFAULT_KIND) -> PrivateKey:
    """Return a new private key of one of `KINDS`.

    Raises:
        InputError: the kind is not one of them.
    """
    if kind in ("p256", "p384", "p521"):
        from cryptography.hazmat.primitives.asymmetric import ec

        if kind == "p256":
            return ec.generate_private_key(ec.SECP256R1())
        return ec.generate_private_key(
            ec.SECP384R1() if kind == "p384" else ec.SECP521R1()
        )
    if kind == "ed25519":
        from cryptography.hazmat.primitives.asymmetric import ed25519

        return ed25519.Ed25519PrivateKey.generate()
    if kind in ("rsa2048", "rsa3072", "rsa4096"):
        from cryptography.hazmat.primitives.asymmetric import rsa

        return rsa.generate_private_key(65537, int(kind[3:]))
    if kind in ("ml-dsa-44", "ml-dsa-65", "ml-dsa-87"):
        return _generate_ml_dsa(kind)
    raise InputError(
        f"no kind of key is called {kind!r}", hint=f"choose from {', '.join(KINDS)}"
    )


def _generate_ml_dsa(kind: str) -> PrivateKey:
    from cryptography.hazmat.primitives.asymmetric import mldsa

    if kind == "ml-dsa-44":
        return mldsa.MLDSA44PrivateKey.generate()
    if kind == "ml-dsa-65":
        return mldsa.MLDSA65PrivateKey.generate()
    return mldsa.MLDSA87PrivateKey.generate()


def kind_of(key: Any, info: bytes = b"") -> str:
    """Return the kind of a private or public key, such as "p256" or "rsa3072".

    Kinds we do not make are named as well: "rsa1024", "secp256k1", "ed448", "dsa".

    Args:
        info: the DER SubjectPublicKeyInfo of a public key, where that is at hand.
    """
    if is_point_on_p256(info):
        return "p256"
    name = type(key).__name__.lower()
    if name.startswith("rsa"):
        return f"rsa{key.key_size}"
    if name.startswith("ec"):
        curve: str = key.curve.name
        return _CURVES.get(curve, curve)
    if name.startswith("mldsa"):
        return f"ml-dsa-{name[5:7]}"
    for known in ("ed25519", "ed448", "x25519", "x448", "dsa", "dh"):
        if name.startswith(known):
            return known
    return name


def check_public_key(key: Any, info: bytes = b"") -> None:
    """Refuse a key too weak, or of a kind that clients do not read, to certify.

    Args:
        info: its DER SubjectPublicKeyInfo, where that is at hand.

    Raises:
        InputError: naming what is wrong with it.
    """
    kind = kind_of(key, info)
    if kind.startswith("rsa"):
        numbers = key.public_numbers()
        _check_rsa(numbers.n.bit_length(), numbers.e, numbers.n)
    elif kind not in KINDS:
        raise InputError(
            f"a key of kind {kind} is not one that TLS clients accept",
            code="unsupported-key",
            hint=f"use one of {', '.join(KINDS)}",
        )


def _check_rsa(bits: int, exponent: int, modulus: int) -> None:
    if bits < _SHORTEST_RSA:
        raise InputError(
            f"an RSA key of {bits} bits is too short to be safe",
            code="weak-key",
            hint=f"use at least {_SHORTEST_RSA} bits, or an elliptic curve key",
        )
    if bits > _LONGEST_RSA or bits % 8:
        raise InputError(
            f"an RSA key of {bits} bits is one that clients refuse",
            code="unsupported-key",
            hint="use 2048, 3072 or 4096 bits",
        )
    if exponent < 65537 or exponent % 2 == 0:
        raise InputError(
            f"the RSA public exponent {exponent} is too small or even",
            code="weak-key",
            hint="make a new key: 65537 is the usual exponent",
        )
    if modulus % 2 == 0:
        raise InputError("the RSA modulus is even: not a real key", code="weak-key")


def public_key_info(key: PublicKey) -> bytes:
    """Return the DER SubjectPublicKeyInfo of a public key (RFC 5280 4.1.2.7)."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def key_identifier(info: bytes) -> bytes:
    """Return the SHA-1 of the key's bits: method 1 of RFC 5280 4.2.1.2.

    An identifier, not a safeguard: SHA-1 is what every other tool computes here.
    """
    digest = _sha1().copy()
    digest.update(public_key_bits(info))
    return digest.finalize()


@cache
def _sha1() -> Hash:
    """Return a hash of nothing yet: a copy takes a third of a new one's time.

    Of `hashlib`, which is quicker, the import takes longer than a certificate.
    """
    from cryptography.hazmat.primitives import hashes

    return hashes.Hash(hashes.SHA1())  # noqa: S303 -- see `key_identifier`


def is_point_on_p256(info: bytes) -> bool:
    """Tell whether a DER SubjectPublicKeyInfo is an uncompressed point on P-256.

    Issuing asks that of every key: most are, and such an info has one form alone, of
    which nothing need be parsed. Whether the point is on the curve is not looked at.
    """
    return len(info) == _P256_SIZE and info.startswith(_P256_INFO)


def public_key_bits(info: bytes) -> bytes:
    """Return the bits of a public key, without their algorithm.

    Raises:
        InputError: it is no SubjectPublicKeyInfo.
    """
    if is_point_on_p256(info):
        return info[-65:]
    parts = list(der.children(der.only(info, der.SEQUENCE).content))
    if [part.tag for part in parts] != [der.SEQUENCE, der.BIT_STRING]:
        raise InputError("not a SubjectPublicKeyInfo")
    return parts[1].content[1:]


def fingerprint(data: bytes) -> str:
    """Return the SHA-256 of a DER certificate or key, hexadecimal."""
    from cryptography.hazmat.primitives import hashes

    digest = hashes.Hash(hashes.SHA256())
    digest.update(data)
    return digest.finalize().hex()


def signer_of(key: Any) -> tuple[bytes, Callable[[bytes], bytes]]:
    """Return the DER AlgorithmIdentifier a key signs with, and the act of signing.

    ECDSA takes the hash that fits the curve, RSA is PKCS #1 v1.5 with SHA-256, which
    every client reads (RFC 5758, 4055, 8410, 9881).
    """
    kind = kind_of(key)
    if kind in _ECDSA:
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec

        oid, name = _ECDSA[kind]
        ecdsa = ec.ECDSA(getattr(hashes, name)())
        return _algorithm(oid), lambda data: key.sign(data, ecdsa)
    if kind.startswith("rsa"):
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import padding

        scheme, digest = padding.PKCS1v15(), hashes.SHA256()
        identifier = _algorithm("1.2.840.113549.1.1.11", der.encode(der.NULL))
        return identifier, lambda data: key.sign(data, scheme, digest)
    if kind in _PURE:
        return _algorithm(_PURE[kind]), key.sign
    raise InputError(f"a key of kind {kind} cannot sign certificates")


_ECDSA = {
    "p256": ("1.2.840.10045.4.3.2", "SHA256"),
    "p384": ("1.2.840.10045.4.3.3", "SHA384"),
    "p521": ("1.2.840.10045.4.3.4", "SHA512"),
}
# All of the SubjectPublicKeyInfo of an uncompressed point on P-256, but the point.
_P256_INFO = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")
_P256_SIZE = len(_P256_INFO) + 64
_PURE = {
    "ed25519": "1.3.101.112",
    "ml-dsa-44": "2.16.840.1.101.3.4.3.17",
    "ml-dsa-65": "2.16.840.1.101.3.4.3.18",
    "ml-dsa-87": "2.16.840.1.101.3.4.3.19",
}


def _algorithm(oid: str, *parameters: bytes) -> bytes:
    return der.sequence(der.object_identifier(oid), *parameters)
