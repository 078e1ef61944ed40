from __future__ import annotations

import pytest

from core.describe.forge import algorithm, node, oid
from tlsmith.core import der
from tlsmith.core.describe.dissect import Dissection
from tlsmith.core.describe.encryption import (
    Encryption,
    read_derivation,
    read_encryption,
)

PBES2, PBKDF2 = "1.2.840.113549.1.5.13", "1.2.840.113549.1.5.12"
SCRYPT = "1.3.6.1.4.1.11591.4.11"
AES, HMAC_SHA256 = "2.16.840.1.101.3.4.1.42", "1.2.840.113549.2.9"
OLD = "1.2.840.113549.1.12.1.3"
SALT = der.octet_string(b"salt")


def pbkdf2(count: int, *more: bytes) -> bytes:
    return algorithm(PBKDF2, der.sequence(SALT, der.integer(count), *more))


def scrypt(cost: int, block: int = 8, parallel: int = 1) -> bytes:
    numbers = map(der.integer, (cost, block, parallel))
    return algorithm(SCRYPT, der.sequence(SALT, *numbers))


def pbes2(derivation: bytes) -> bytes:
    return algorithm(PBES2, der.sequence(derivation, algorithm(AES)))


def read(data: bytes) -> Encryption:
    dissection, outer = node(data)
    return read_encryption(dissection, outer)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (
            pbes2(pbkdf2(2048)),
            Encryption("PBES2 with AES-256-CBC, PBKDF2 with SHA-1, 2048 iterations"),
        ),
        (
            pbes2(pbkdf2(5, der.integer(32), algorithm(HMAC_SHA256))),
            Encryption("PBES2 with AES-256-CBC, PBKDF2 with SHA-256, 5 iterations"),
        ),
        (
            pbes2(scrypt(16384)),
            Encryption("PBES2 with AES-256-CBC, scrypt with N 16384, r 8, p 1"),
        ),
        (pbes2(algorithm("1.2.3")), Encryption("PBES2 with AES-256-CBC, 1.2.3")),
        (algorithm(PBES2), Encryption(f"{PBES2}, 0 iterations")),
        (algorithm(PBES2, der.sequence()), Encryption("PBES2 with ?, unreadable")),
        (
            algorithm(OLD, der.sequence(SALT, der.integer(2048))),
            Encryption("PKCS#12 with 3DES, 2048 iterations", old=True),
        ),
        (algorithm("1.2.3"), Encryption("1.2.3, 0 iterations")),
    ],
)
def test_how_something_is_encrypted_is_put_in_words(
    data: bytes, expected: Encryption
) -> None:
    assert read(data) == expected


@pytest.mark.parametrize(
    ("data", "too_costly"),
    [
        (pbes2(pbkdf2(10_000_000)), False),
        (pbes2(pbkdf2(10_000_001)), True),
        (pbes2(scrypt(1 << 18)), False),
        (pbes2(scrypt(1 << 20)), True),
        (pbes2(scrypt(1 << 15, 8, 1000)), True),
        (algorithm(OLD, der.sequence(SALT, der.integer(1 << 31))), True),
    ],
)
def test_what_would_hold_us_for_hours_is_too_costly(
    data: bytes, too_costly: bool
) -> None:
    assert read(data).too_costly == too_costly


def test_what_is_missing_is_unreadable() -> None:
    assert read_encryption(Dissection(b""), None).text == "unreadable"
    assert read_derivation(Dissection(b""), None) == ("unreadable", False)
    dissection, outer = node(der.sequence(oid(PBKDF2)))
    assert read_derivation(dissection, outer) == (PBKDF2, False)
