"""Keys of ACME accounts and what they sign (RFC 7515), right or wrong as asked."""

from __future__ import annotations

import base64
import functools
import hashlib
import hmac
import json
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

_HASHES = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}
_CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}
_MADE: dict[str, type[ec.EllipticCurve]] = {
    "P-256": ec.SECP256R1,
    "P-384": ec.SECP384R1,
    "P-521": ec.SECP521R1,
}


def b64(data: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    """Return what base64url without padding says."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def number(value: int, size: int | None = None) -> str:
    """Return a number as a JWK has it."""
    return b64(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))


class Signer:
    """A private key with which an account signs.

    Args:
        key: of another kind than the algorithm is for, where a test wants that.
    """

    def __init__(self, alg: str = "ES256", key: Any = None) -> None:
        self.alg = alg
        self.key: Any = key or _make(alg)

    @functools.cached_property
    def jwk(self) -> dict[str, str]:
        """The public key."""
        public = self.key.public_key()
        if isinstance(public, rsa.RSAPublicKey):
            numbers = public.public_numbers()
            return {"kty": "RSA", "n": number(numbers.n), "e": number(numbers.e)}
        if isinstance(public, ed25519.Ed25519PublicKey):
            return {"kty": "OKP", "crv": "Ed25519", "x": b64(public.public_bytes_raw())}
        point = public.public_numbers()
        curve = next(
            name for name, kind in _MADE.items() if isinstance(public.curve, kind)
        )
        size = (public.key_size + 7) // 8
        x, y = number(point.x, size), number(point.y, size)
        return {"kty": "EC", "crv": curve, "x": x, "y": y}

    @property
    def thumbprint(self) -> str:
        """RFC 7638."""
        text = json.dumps(self.jwk, separators=(",", ":"), sort_keys=True)
        return b64(hashlib.sha256(text.encode()).digest())

    def sign(self, data: bytes) -> bytes:
        """Return the signature of the key's algorithm (RFC 7518, section 3)."""
        digest = _HASHES.get(self.alg[2:], hashes.SHA256())
        if isinstance(self.key, rsa.RSAPrivateKey):
            if self.alg.startswith("PS"):
                pss = padding.PSS(padding.MGF1(digest), digest.digest_size)
                return self.key.sign(data, pss, digest)
            return self.key.sign(data, padding.PKCS1v15(), digest)
        if isinstance(self.key, ed25519.Ed25519PrivateKey):
            return self.key.sign(data)
        return raw_ecdsa(self.key.sign(data, ec.ECDSA(digest)), self.key.key_size)


class MAC:
    """A symmetric key: what RFC 8555 forbids for requests and EAB is made with."""

    def __init__(self, secret: bytes, alg: str = "HS256") -> None:
        self.alg = alg
        self.secret = secret
        self.jwk = {"kty": "oct", "k": b64(secret)}

    def sign(self, data: bytes) -> bytes:
        """Return the MAC."""
        return hmac.digest(self.secret, data, f"sha{self.alg[2:]}")


def raw_ecdsa(der: bytes, bits: int) -> bytes:
    """Return r and s beside each other (RFC 7518, section 3.4)."""
    size = (bits + 7) // 8
    return b"".join(one.to_bytes(size, "big") for one in decode_dss_signature(der))


def flattened(protected: dict[str, Any] | bytes, payload: bytes, key: Any) -> dict:
    """Return a JWS in the flattened JSON serialisation (RFC 7515, section 7.2.2)."""
    head = protected if isinstance(protected, bytes) else json.dumps(protected).encode()
    first, second = b64(head), b64(payload)
    signature = b64(key.sign(f"{first}.{second}".encode()))
    return {"protected": first, "payload": second, "signature": signature}


def binding(
    mac: MAC, kid: str, url: str, jwk: Any, header: dict[str, Any] | None = None
) -> dict:
    """Return an external account binding (RFC 8555, section 7.3.4).

    Args:
        header: members of the protected header in place of the right ones; one that is
            None is left out.
    """
    protected = {"alg": mac.alg, "kid": kid, "url": url} | (header or {})
    protected = {name: one for name, one in protected.items() if one is not None}
    return flattened(protected, json.dumps(jwk).encode(), mac)


def _make(alg: str) -> Any:
    if alg in _CURVES:
        return ec.generate_private_key(_MADE[_CURVES[alg]]())
    if alg == "EdDSA":
        return ed25519.Ed25519PrivateKey.generate()
    return rsa_key(2048, alg)


@functools.cache
def rsa_key(bits: int, name: str = "") -> rsa.RSAPrivateKey:
    """Return an RSA key; making one takes long, so there is one of a size and name."""
    return rsa.generate_private_key(65537, bits)
