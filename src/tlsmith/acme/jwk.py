"""Account keys: JWK in, public key and thumbprint out (RFC 7517, 7518, 7638, 8037)."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    SECP384R1,
    SECP521R1,
    EllipticCurvePublicNumbers,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers

from tlsmith.acme.base64url import decode_base64url, encode_base64url
from tlsmith.acme.problems import bad_public_key, malformed
from tlsmith.core.blocklist import NO_KEYS, Blocklist
from tlsmith.core.keys import kind_of
from tlsmith.core.weak_keys import judge_key

# Name in a JWK: our name, the curve, octets of a coordinate (RFC 7518 section 6.2.1).
_CURVES: dict[str, tuple[str, Any, int]] = {
    "P-256": ("p256", SECP256R1(), 32),
    "P-384": ("p384", SECP384R1(), 48),
    "P-521": ("p521", SECP521R1(), 66),
}
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_SHORTEST_RSA, _LONGEST_RSA = 2048, 8192
# An exponent may have 256 bits (see `judge_key`).
_LONGEST_EXPONENT = 32
# Accounts that are at work; each key takes about a kilobyte.
_CACHED = 4096


class AccountKey(NamedTuple):
    """An account's public key.

    Args:
        thumbprint: RFC 7638, SHA-256, base64url.
        jwk: its required members alone, in the order of RFC 7638, as JSON.
        kind: "p256", "p384", "p521", "ed25519" or "rsa".
    """

    public_key: Any
    thumbprint: str
    jwk: str
    kind: str


def parse_jwk(jwk: dict[str, Any], *, blocklist: Blocklist = NO_KEYS) -> AccountKey:
    """Return the key that a client presents, if it may be an account's.

    Args:
        blocklist: further keys that are known to be broken.

    Raises:
        ACMEProblem: malformed where it is no JWK, badPublicKey where it is one that
            must not be used.
    """
    key = read_jwk(jwk)
    refuse_unsafe(key, blocklist)
    return key


def refuse_unsafe(key: AccountKey, blocklist: Blocklist = NO_KEYS) -> None:
    """Refuse a key that must not be an account's.

    Raises:
        ACMEProblem: badPublicKey.
    """
    reasons = judge_key(key.public_key, blocklist=blocklist)
    if reasons:
        raise bad_public_key(f"the key is not safe: {'; '.join(reasons)}")


@lru_cache(maxsize=_CACHED)
def load_account_key(text: str) -> AccountKey:
    """Return the key of an account, which `parse_jwk` has judged before.

    Args:
        text: `AccountKey.jwk`.
    """
    return read_jwk(msgspec.json.decode(text))


def read_jwk(jwk: dict[str, Any]) -> AccountKey:
    """Return the key that a JWK holds, without judging whether it is safe.

    Raises:
        ACMEProblem: malformed, or badPublicKey where it is of no kind for accounts.
    """
    private = sorted(_PRIVATE & jwk.keys())
    if private:
        raise bad_public_key(
            f"the JWK has private members ({', '.join(private)}): its key is no secret "
            "any more, make a new one"
        )
    if jwk.get("use", "sig") != "sig":
        raise bad_public_key("the JWK is for another use than signatures")
    kind = _text(jwk, "kty")
    reader = _READERS.get(kind)
    if reader is None:
        raise bad_public_key(
            f"keys of type {kind[:40]!r} are not supported: use EC, RSA or OKP"
        )
    return reader(jwk)


def _read_ec(jwk: dict[str, Any]) -> AccountKey:
    crv = _text(jwk, "crv")
    if crv not in _CURVES:
        raise bad_public_key(
            f"the curve {crv[:40]!r} is not supported: use P-256, P-384 or P-521"
        )
    kind, curve, size = _CURVES[crv]
    x, y = _octets(jwk, "x"), _octets(jwk, "y")
    if len(x) != size or len(y) != size:
        raise bad_public_key(f"a coordinate on {crv} has {size} octets")
    numbers = EllipticCurvePublicNumbers(
        int.from_bytes(x, "big"), int.from_bytes(y, "big"), curve
    )
    try:
        key = numbers.public_key()
    except ValueError:
        raise bad_public_key(f"the point is not on {crv}") from None
    return _account_key(key, kind, crv=crv, kty="EC", x=jwk["x"], y=jwk["y"])


def _read_rsa(jwk: dict[str, Any]) -> AccountKey:
    n, e = _octets(jwk, "n"), _octets(jwk, "e")
    if n[:1] in (b"", b"\0") or e[:1] in (b"", b"\0"):
        raise bad_public_key(
            "n or e begins with zeros, which its thumbprint would depend on"
        )
    modulus, exponent = int.from_bytes(n, "big"), int.from_bytes(e, "big")
    bits = modulus.bit_length()
    if not _SHORTEST_RSA <= bits <= _LONGEST_RSA:
        raise bad_public_key(
            f"an RSA key of {bits} bits: from {_SHORTEST_RSA} to {_LONGEST_RSA} are "
            "allowed"
        )
    if len(e) > _LONGEST_EXPONENT:
        raise bad_public_key("an RSA exponent of more than 256 bits")
    try:
        key = RSAPublicNumbers(exponent, modulus).public_key()
    except ValueError:
        raise bad_public_key("not an RSA key: an even or small exponent") from None
    return _account_key(key, "rsa", e=jwk["e"], kty="RSA", n=jwk["n"])


def _read_okp(jwk: dict[str, Any]) -> AccountKey:
    crv = _text(jwk, "crv")
    if crv != "Ed25519":
        raise bad_public_key(f"the curve {crv[:40]!r} is not supported: use Ed25519")
    x = _octets(jwk, "x")
    if len(x) != 32:
        raise bad_public_key("a key of Ed25519 has 32 octets")
    key = Ed25519PublicKey.from_public_bytes(x)
    return _account_key(key, "ed25519", crv=crv, kty="OKP", x=jwk["x"])


_EC_KINDS = {kind: (crv, size) for crv, (kind, _, size) in _CURVES.items()}
_READERS = {"EC": _read_ec, "RSA": _read_rsa, "OKP": _read_okp}


def thumbprint_of(public_key: Any, info: bytes) -> str | None:
    """Return the thumbprint (RFC 7638) of a key, None for one no account can have.

    Args:
        info: its DER SubjectPublicKeyInfo, which ends in the point of an EC key.
    """
    kind = kind_of(public_key)
    if kind in _EC_KINDS:
        crv, size = _EC_KINDS[kind]
        x, y = info[-2 * size : -size], info[-size:]
        return _thumbprint(
            crv=crv, kty="EC", x=encode_base64url(x), y=encode_base64url(y)
        )
    if kind.startswith("rsa"):
        rsa = public_key.public_numbers()
        return _thumbprint(e=_integer(rsa.e), kty="RSA", n=_integer(rsa.n))
    if kind == "ed25519":
        return _thumbprint(crv="Ed25519", kty="OKP", x=encode_base64url(info[-32:]))
    return None


def _thumbprint(**members: str) -> str:
    return encode_base64url(hashlib.sha256(msgspec.json.encode(members)).digest())


def _integer(number: int) -> str:
    return encode_base64url(number.to_bytes((number.bit_length() + 7) // 8, "big"))


def _account_key(key: Any, kind: str, **members: str) -> AccountKey:
    """Return the key; its members come in the order of RFC 7638."""
    text = msgspec.json.encode(members).decode("ascii")
    return AccountKey(key, _thumbprint(**members), text, kind)


def _text(jwk: dict[str, Any], name: str) -> str:
    value = jwk.get(name)
    if not isinstance(value, str):
        raise malformed(f"jwk: {name} is missing, or not a string")
    return value


def _octets(jwk: dict[str, Any], name: str) -> bytes:
    try:
        return decode_base64url(_text(jwk, name))
    except ValueError as error:
        raise malformed(f"jwk: {name}: {error}") from None
