from __future__ import annotations

import base64
import hashlib

import pytest

from chains import EVERY_KIND, key_of
from core.describe.forge import algorithm, codes, node, oid, spki
from core.describe.samples import dsa_key
from tlsmith.core import der
from tlsmith.core.describe.dissect import Dissection
from tlsmith.core.describe.keys import named_curve, read_key_algorithm, read_public_key

RSA, EC, ED25519 = "1.2.840.113549.1.1.1", "1.2.840.10045.2.1", "1.3.101.112"
P256 = "1.2.840.10045.3.1.7"
NULL = der.encode(der.NULL)
POINT = der.bit_string(b"\4" + bytes(64))


def read(data: bytes) -> tuple[dict[str, object], list[str]]:
    dissection, outer = node(data)
    return read_public_key(dissection, outer), codes(dissection.findings)


WORDS = {
    "p256": "EC, curve P-256",
    "p384": "EC, curve P-384",
    "p521": "EC, curve P-521",
    "ed25519": "Ed25519",
    "ed448": "Ed448",
    "rsa2048": "RSA, 2048 bits",
    "rsa3072": "RSA, 3072 bits",
    "rsa4096": "RSA, 4096 bits",
    "ml-dsa-44": "ML-DSA-44",
    "ml-dsa-65": "ML-DSA-65",
    "ml-dsa-87": "ML-DSA-87",
}


@pytest.mark.parametrize("kind", [k for k in EVERY_KIND if k != "rsa4096"])
def test_a_key_of_every_kind_is_put_in_words(kind: str) -> None:
    data = spki(key_of(kind))
    facts, faults = read(data)
    assert facts["text"] == WORDS[kind]
    digest = hashlib.sha256(data).digest()
    assert facts["sha256"] == digest.hex()
    assert facts["pin_sha256"] == base64.b64encode(digest).decode()
    assert not faults


def test_a_dsa_key_is_measured_by_its_prime() -> None:
    assert read(spki(dsa_key()))[0]["text"] == "DSA, 2048 bits"
    dsa = "1.2.840.10040.4.1"
    facts, _ = read(der.sequence(algorithm(dsa), der.bit_string(b"")))
    assert facts["text"] == "DSA"


def rsa(modulus: int, exponent: int = 65537, *, behind: bytes = b"") -> bytes:
    key = der.sequence(der.integer(modulus), der.integer(exponent))
    return der.sequence(algorithm(RSA, NULL), der.bit_string(key + behind))


STRONG = (1 << 2047) | 1


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (rsa((1 << 1023) | 1), "weak-rsa-key"),
        (rsa((1 << 16384) | 1), "oversized-rsa-key"),
        (rsa(1 << 2047), "bad-rsa-key"),
        (rsa(STRONG, 1), "weak-rsa-exponent"),
        (rsa(STRONG, 4), "weak-rsa-exponent"),
        (rsa(STRONG, 3), "weak-rsa-exponent"),
        (rsa(STRONG, behind=b"x"), "bad-rsa-key"),
        (der.sequence(algorithm(RSA, NULL), der.bit_string(b"")), "bad-rsa-key"),
        (
            der.sequence(algorithm(RSA, NULL), der.bit_string(b"\2\1\1")),
            "bad-rsa-key",
        ),
        (
            der.sequence(
                algorithm(RSA, NULL), der.bit_string(der.sequence(der.integer(5)))
            ),
            "bad-rsa-key",
        ),
    ],
)
def test_the_numbers_of_an_rsa_key_are_judged(data: bytes, code: str) -> None:
    assert read(data)[1] == [code]


def test_an_odd_exponent_is_shown() -> None:
    assert read(rsa(STRONG, 3))[0]["text"] == "RSA, 2048 bits, exponent 3"
    huge = read(rsa(STRONG, (1 << 100) | 1))[0]["exponent"]
    assert huge == hex((1 << 100) | 1)


@pytest.mark.parametrize(
    ("parts", "words", "code"),
    [
        ([oid("1.2.3")], "1.2.3", "unknown-key-algorithm"),
        ([oid(EC)], "EC, curve unknown", "no-curve"),
        ([oid(EC), der.sequence()], "EC, curve explicit parameters", "explicit-curve"),
        ([oid(EC), oid("1.2.3")], "EC, curve 1.2.3", "unknown-curve"),
        (
            [oid(EC), oid("1.3.132.0.10")],
            "EC, curve secp256k1",
            "unusual-curve",
        ),
        ([oid(EC), oid("1.2.840.10045.3.1.1")], "EC, curve P-192", "unusual-curve"),
        ([oid(EC), oid(P256), NULL], "EC, curve P-256", "unexpected-element"),
        ([oid(ED25519), NULL], "Ed25519", "bad-parameters"),
        ([oid("2.16.840.1.101.3.4.3.17"), NULL], "ML-DSA-44", "bad-parameters"),
        ([oid("1.3.101.110")], "X25519", None),
        ([oid("2.16.840.1.101.3.4.3.31")], "SLH-DSA-SHAKE-256f", None),
    ],
)
def test_the_algorithm_of_a_key_is_judged(
    parts: list[bytes], words: str, code: str | None
) -> None:
    facts, faults = read(der.sequence(der.sequence(*parts), POINT))
    assert facts["text"] == words
    assert faults == ([code] if code else [])


@pytest.mark.parametrize("parameters", [[], [der.sequence()], [b"\x05\x01\0"]])
def test_the_parameters_of_an_rsa_key_are_null(parameters: list[bytes]) -> None:
    key = der.sequence(der.integer(STRONG), der.integer(65537))
    data = der.sequence(algorithm(RSA, *parameters), der.bit_string(key))
    assert read(data)[1] == ["bad-parameters"]


def test_what_is_missing_is_unknown() -> None:
    dissection = Dissection(b"")
    assert read_public_key(dissection, None)["text"] == "unreadable"
    assert read_key_algorithm(dissection, None) == {"algorithm": "unknown"}
    facts, _ = read(der.sequence())
    assert facts["text"] == "unknown"


def test_a_key_that_is_cut_short_has_no_fingerprint() -> None:
    assert "sha256" not in read(spki(key_of("p256"))[:40])[0]


def test_a_curve_is_named() -> None:
    dissection, outer = node(oid(P256))
    assert named_curve(dissection, outer) == {"curve": "P-256", "size": 256}
