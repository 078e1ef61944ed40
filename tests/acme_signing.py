"""Requests as ACME clients sign them, and as attackers would."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512

from tlsmith.acme.base64url import encode_base64url
from tlsmith.acme.jwk import AccountKey, parse_jwk
from tlsmith.errors import ACMEProblem

T = TypeVar("T")

URL = "https://ca.test/acme/new-order"
KID = "https://ca.test/acme/account/1"
NONCE = "bm9uY2Utbm9uY2Utbm9uY2U"

_CURVES: dict[str, tuple[ec.EllipticCurve, str, Any]] = {
    "ES256": (ec.SECP256R1(), "P-256", SHA256()),
    "ES384": (ec.SECP384R1(), "P-384", SHA384()),
    "ES512": (ec.SECP521R1(), "P-521", SHA512()),
}
_HASHES = {"256": SHA256(), "384": SHA384(), "512": SHA512()}
ALGORITHMS = [
    *("ES256", "ES384", "ES512", "EdDSA", "Ed25519"),
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
]


@dataclass
class Client:
    """A client with a key, which signs what it is told to."""

    alg: str
    key: Any

    @property
    def jwk(self) -> dict[str, str]:
        public = self.key.public_key()
        if self.alg.startswith("Ed"):
            x = encode_base64url(public.public_bytes_raw())
            return {"kty": "OKP", "crv": "Ed25519", "x": x}
        numbers = public.public_numbers()
        if self.alg in _CURVES:
            curve, name, _ = _CURVES[self.alg]
            size = (curve.key_size + 7) // 8
            x, y = (encode_number(each, size) for each in (numbers.x, numbers.y))
            return {"kty": "EC", "crv": name, "x": x, "y": y}
        return {"kty": "RSA", "n": encode_number(numbers.n), "e": "AQAB"}

    @property
    def account_key(self) -> AccountKey:
        return parse_jwk(self.jwk)

    def signature(self, data: bytes) -> bytes:
        if self.alg.startswith("Ed"):
            return bytes(self.key.sign(data))
        if self.alg in _CURVES:
            curve, _, digest = _CURVES[self.alg]
            size = (curve.key_size + 7) // 8
            r, s = decode_dss_signature(self.key.sign(data, ec.ECDSA(digest)))
            return r.to_bytes(size, "big") + s.to_bytes(size, "big")
        digest = _HASHES[self.alg[2:]]
        pad = padding.PKCS1v15()
        if self.alg.startswith("PS"):
            pad = padding.PSS(padding.MGF1(digest), digest.digest_size)  # type: ignore[assignment]
        return bytes(self.key.sign(data, pad, digest))

    def header(self, **members: Any) -> dict[str, Any]:
        """A protected header; members that are None are left out."""
        header = {"alg": self.alg, "nonce": NONCE, "url": URL, "kid": KID, **members}
        return {name: value for name, value in header.items() if value is not None}

    def sign(self, payload: Any = None, **members: Any) -> bytes:
        """A request; a payload of None is that of a POST-as-GET."""
        header = json.dumps(self.header(**members)).encode()
        data = b"" if payload is None else json.dumps(payload).encode()
        return flattened(header, data, self.signature)


def flattened(header: bytes, payload: bytes, signature: Any) -> bytes:
    """A flattened JWS of a header and a payload, whatever they are."""
    protected, content = encode_base64url(header), encode_base64url(payload)
    made = signature(f"{protected}.{content}".encode())
    return json.dumps(
        {
            "protected": protected,
            "payload": content,
            "signature": encode_base64url(made),
        }
    ).encode()


def mac(key: bytes, payload: Any, *, digest: str = "sha256", **members: Any) -> bytes:
    """A JWS with a MAC, as external account bindings are."""
    header = {"alg": "HS256", "kid": "key-1", "url": URL, **members}
    known = {name: value for name, value in header.items() if value is not None}
    return flattened(
        json.dumps(known).encode(),
        json.dumps(payload).encode(),
        lambda data: hmac.digest(key, data, digest),
    )


def encode_number(number: int, size: int | None = None) -> str:
    octets = size or (number.bit_length() + 7) // 8
    return encode_base64url(number.to_bytes(octets, "big"))


def outcome(act: Callable[[], T]) -> T | ACMEProblem:
    """What comes of it: whatever is no problem is raised, and fails the test."""
    try:
        return act()
    except ACMEProblem as problem:
        return problem


@cache
def client(alg: str = "ES256", number: int = 0) -> Client:
    """A client of this algorithm, the same one each time."""
    if alg in _CURVES:
        return Client(alg, ec.generate_private_key(_CURVES[alg][0]))
    if alg.startswith("Ed"):
        return Client(alg, ed25519.Ed25519PrivateKey.generate())
    return Client(alg, _rsa_key(number))


@cache
def _rsa_key(number: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)
