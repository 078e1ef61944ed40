"""Keys that no account may have: JWKs that are wrong in one way each."""

from __future__ import annotations

import functools
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, rsa

from acme_jose import Signer, b64, number, rsa_key, unb64


@functools.cache
def ec_jwk() -> dict[str, str]:
    """Return a right JWK on P-256."""
    return Signer().jwk


@functools.cache
def rsa_jwk() -> dict[str, str]:
    """Return a right RSA JWK."""
    return Signer("RS256").jwk


def without(jwk: dict[str, str], *names: str) -> dict[str, str]:
    return {name: value for name, value in jwk.items() if name not in names}


def not_supported() -> dict[str, dict[str, Any]]:
    """Return JWKs of keys that must not be used, by what is wrong with them."""
    ec_one, rsa_one = ec_jwk(), rsa_jwk()
    zeros = b64(bytes(32))
    okp = {"kty": "OKP", "crv": "Ed25519"}
    n = int.from_bytes(unb64(rsa_one["n"]), "big")
    koblitz = ec.generate_private_key(ec.SECP256K1()).public_key().public_numbers()
    return {
        "private_ec": ec_one | {"d": zeros},
        "private_rsa": rsa_one | {"d": "AQAB", "p": "AQAB", "q": "AQAB"},
        "private_okp": Signer("EdDSA").jwk | {"d": zeros},
        "symmetric": {"kty": "oct", "k": zeros},
        "point_not_on_the_curve": ec_one | {"y": ec_one["x"]},
        "point_at_infinity": ec_one | {"x": zeros, "y": zeros},
        "point_beyond_the_field": ec_one | {"x": b64(b"\xff" * 32)},
        "point_of_another_curve": ec_one | {"crv": "P-384"},
        "coordinate_one_octet_short": ec_one | {"x": b64(unb64(ec_one["x"])[1:])},
        "coordinate_one_octet_long": ec_one | {"x": b64(b"\0" + unb64(ec_one["x"]))},
        "coordinate_empty": ec_one | {"x": ""},
        "curve_unknown": ec_one | {"crv": "P-192"},
        "curve_secp256k1": ec_one
        | {"crv": "secp256k1", "x": number(koblitz.x, 32), "y": number(koblitz.y, 32)},
        "curve_of_encryption": {"kty": "OKP", "crv": "X25519", "x": zeros},
        "curve_ed448": {"kty": "OKP", "crv": "Ed448", "x": b64(bytes(57))},
        "ed25519_one_octet_short": okp | {"x": b64(bytes(31))},
        "kty_unknown": ec_one | {"kty": "XX"},
        "kty_in_small_letters": ec_one | {"kty": "ec"},
        "rsa_of_1024_bits": Signer("RS256", rsa_key(1024)).jwk,
        "rsa_of_2047_bits": rsa_one | {"n": number(n >> 1 | 1)},
        "rsa_of_16384_bits": rsa_one | {"n": number(1 << 16383 | 1)},
        "rsa_of_80000_bits": rsa_one | {"n": b64(b"\xff" * 10_000)},
        "rsa_even": rsa_one | {"n": number(n & ~1)},
        "rsa_of_a_small_factor": rsa_one | {"n": number(_times_three(n))},
        "rsa_exponent_1": rsa_one | {"e": "AQ"},
        "rsa_exponent_even": rsa_one | {"e": "AQAA"},
        "rsa_exponent_0": rsa_one | {"e": "AA"},
        "rsa_exponent_huge": rsa_one | {"e": rsa_one["n"]},
        "rsa_exponent_3": Signer("RS256", exponent_3()).jwk,
        "rsa_with_zeros_before": rsa_one | {"n": b64(b"\0" + unb64(rsa_one["n"]))},
        "for_encryption": ec_one | {"use": "enc"},
    }


def not_keys() -> dict[str, Any]:
    """Return what is no JWK, by what is wrong with it."""
    ec_one, rsa_one = ec_jwk(), rsa_jwk()
    return {
        "no_kty": without(ec_one, "kty"),
        "no_crv": without(ec_one, "crv"),
        "no_x": without(ec_one, "x"),
        "no_y": without(ec_one, "y"),
        "no_n": without(rsa_one, "n"),
        "no_e": without(rsa_one, "e"),
        "kty_number": ec_one | {"kty": 1},
        "kty_null": ec_one | {"kty": None},
        "crv_list": ec_one | {"crv": ["P-256"]},
        "x_number": ec_one | {"x": 1},
        "x_padded": ec_one | {"x": ec_one["x"] + "="},
        "x_in_the_standard_alphabet": ec_one | {"x": "+/" + ec_one["x"][2:]},
        "n_with_a_line_end": rsa_one | {"n": rsa_one["n"] + "\n"},
        "n_in_decimal_as_number": rsa_one | {"n": 3233},
        "a_set": {"keys": [ec_one]},
        "a_string": "key",
        "a_list": [ec_one],
    }


def _times_three(n: int) -> int:
    """Return an odd multiple of three that has as many bits."""
    return (n // 3 | 1) * 3


@functools.cache
def exponent_3() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(3, 2048)
