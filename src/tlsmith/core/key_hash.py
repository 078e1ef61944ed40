"""One hash for a public key, however it is written."""

from __future__ import annotations

import hashlib

from tlsmith.core import der
from tlsmith.core.keys import is_point_on_p256
from tlsmith.errors import InputError

RSA = der.object_identifier("1.2.840.113549.1.1.1")
EC = der.object_identifier("1.2.840.10045.2.1")
ED25519 = der.object_identifier("1.3.101.112")


def key_hash(info: bytes) -> bytes:
    """Return the SHA-256 of the number that makes a DER SubjectPublicKeyInfo one key.

    It is an RSA key's modulus, since whoever knows one private exponent knows all; a
    point's first coordinate, since its negative's private key is no secret either; and
    of other keys their bytes. Leading zeros are left out: the hash that badkeys' lists
    of compromised keys are of.

    Raises:
        InputError: it is no SubjectPublicKeyInfo.
    """
    if is_point_on_p256(info):
        number = info[27:59]  # most keys, and nothing to parse
    else:
        algorithm, bits = split_key_info(info)
        number = _number(algorithm, bits)
    return hashlib.sha256(number.lstrip(b"\0")).digest()


def split_key_info(info: bytes) -> tuple[bytes, bytes]:
    """Return the DER OID of a key's algorithm, and the key's bits.

    Raises:
        InputError: it is no SubjectPublicKeyInfo.
    """
    parts = list(der.children(der.only(info, der.SEQUENCE).content))
    if [part.tag for part in parts] != [der.SEQUENCE, der.BIT_STRING]:
        raise InputError("not a SubjectPublicKeyInfo")
    return der.read(parts[0].content)[0].whole, parts[1].content[1:]


def rsa_numbers(bits: bytes) -> tuple[int, int]:
    """Return the modulus and the exponent of an RSAPublicKey (RFC 8017 A.1.1).

    Raises:
        InputError: it is none.
    """
    parts = list(der.children(der.only(bits, der.SEQUENCE).content))
    if len(parts) != 2:
        raise InputError("not an RSAPublicKey")
    return der.read_integer(parts[0]), der.read_integer(parts[1])


def _number(algorithm: bytes, bits: bytes) -> bytes:
    if algorithm == RSA:
        modulus, _ = rsa_numbers(bits)
        return modulus.to_bytes(modulus.bit_length() // 8 + 1, "big", signed=True)
    if algorithm == EC and bits[:1] in (b"\2", b"\3"):
        return bits[1:]
    if algorithm == EC:
        return bits[1 : 1 + len(bits) // 2]
    return bits
