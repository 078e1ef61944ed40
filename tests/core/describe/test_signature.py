from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, x25519

from chains import EVERY_KIND, certify, key_of
from core.describe.forge import algorithm, codes, node, oid, spki
from core.describe.samples import dsa_key
from strategies import key_of_kind
from tlsmith.core import der
from tlsmith.core.describe.certificate import read_certificate
from tlsmith.core.describe.dissect import Dissection
from tlsmith.core.describe.signature import (
    Algorithm,
    Signature,
    check,
    hash_name,
    is_broken_key,
    read_algorithm,
)

RSA_SHA256, PSS = "1.2.840.113549.1.1.11", "1.2.840.113549.1.1.10"
SHA384 = "2.16.840.1.101.3.4.2.2"
NULL = der.encode(der.NULL)
DATA = b"signed"


def read(*parts: bytes) -> tuple[Algorithm, list[str]]:
    dissection, outer = node(der.sequence(*parts))
    return read_algorithm(dissection, outer), codes(dissection.findings)


@pytest.mark.parametrize("kind", [k for k in EVERY_KIND if k != "rsa4096"])
def test_the_signature_of_a_key_of_every_kind_is_checked(kind: str) -> None:
    pair = certify("x", key_of(kind), ca=True)
    signature = read_certificate(pair.der).signature
    assert signature is not None
    assert check(signature, pair.info) == "good"
    other = Signature(signature.algorithm, signature.value, b"other")
    assert check(other, pair.info) == "wrong"
    foreign = "p384" if kind == "p256" else "p256"
    assert check(signature, spki(key_of(foreign))) != "good"


def made(name: str, digest: str | None, value: bytes, salt: int | None = None) -> Any:
    return Signature(Algorithm("1.2.3", name, digest, salt), value, DATA)


def test_pss_is_checked_with_its_salt() -> None:
    key: Any = key_of_kind("rsa2048")
    value = key.sign(
        DATA, padding.PSS(padding.MGF1(hashes.SHA384()), 48), hashes.SHA384()
    )
    assert check(made("RSA-PSS with SHA-384", "sha384", value, 48), spki(key)) == "good"
    assert check(made("RSA-PSS with SHA-384", "sha384", value, 5), spki(key)) == "wrong"
    assert check(made("RSA with SHA-384", "sha384", value), spki(key)) == "wrong"


def test_dsa_is_checked() -> None:
    value = dsa_key().sign(DATA, hashes.SHA256())
    assert check(made("DSA with SHA-256", "sha256", value), spki(dsa_key())) == "good"


@pytest.mark.parametrize(
    ("name", "digest", "kind"),
    [
        ("ECDSA with SHA-256", "sha256", "rsa2048"),
        ("RSA with SHA-256", "sha256", "p256"),
        ("DSA with SHA-256", "sha256", "p256"),
        ("RSA with MD2", "md2", "rsa2048"),
        ("Ed25519", None, "p256"),
        ("SM2 with SM3", "sm3", "p256"),
        ("odd with SHA-256", "sha256", "p256"),
    ],
)
def test_an_algorithm_that_does_not_fit_the_key_is_not_checked(
    name: str, digest: str | None, kind: str
) -> None:
    verdict = check(made(name, digest, b""), spki(key_of_kind(kind)))
    assert verdict == f"{name} does not fit the key, or is not supported"


def test_a_key_that_cannot_sign_is_not_checked() -> None:
    info = spki(x25519.X25519PrivateKey.generate())
    assert "does not fit" in check(made("X25519", None, b""), info)
    assert check(made("X25519", None, b""), b"") == "the key cannot be used"


def test_a_signature_the_library_has_no_means_for_is_told_of() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    verdict = check(made("ECDSA with SHA3-256", "sha3_256", b""), spki(key))
    assert verdict == "wrong" or "cannot be checked" in verdict


@pytest.mark.parametrize(
    ("parts", "name", "digest", "faults"),
    [
        ([oid(RSA_SHA256), NULL], "RSA with SHA-256", "sha256", []),
        ([oid(RSA_SHA256)], "RSA with SHA-256", "sha256", ["bad-parameters"]),
        ([oid("1.3.101.112")], "Ed25519", None, []),
        ([oid("1.3.101.112"), NULL], "Ed25519", None, ["bad-parameters"]),
        ([oid("2.16.840.1.101.3.4.3.20")], "SLH-DSA-SHA2-128s", None, []),
        ([oid("1.2.3"), NULL], "1.2.3", None, []),
        ([oid("1.2.3"), NULL, NULL], "1.2.3", None, ["unexpected-element"]),
    ],
)
def test_an_algorithm_is_named(
    parts: list[bytes], name: str, digest: str | None, faults: list[str]
) -> None:
    found, told = read(*parts)
    assert (found.name, found.digest, told) == (name, digest, faults)


def explicit(number: int, content: bytes) -> bytes:
    return der.context(number, content, constructed=True)


@pytest.mark.parametrize(
    ("parts", "name", "salt"),
    [
        ([], "RSA-PSS with SHA-1", 20),
        ([NULL], "RSA-PSS with SHA-1", 20),
        ([der.sequence()], "RSA-PSS with SHA-1", 20),
        (
            [
                der.sequence(
                    explicit(0, algorithm(SHA384)), explicit(2, der.integer(48))
                )
            ],
            "RSA-PSS with SHA-384",
            48,
        ),
        ([der.sequence(explicit(0, algorithm("1.2.3")))], "RSA-PSS with 1.2.3", 20),
        ([der.sequence(explicit(0, der.integer(1)))], "RSA-PSS with SHA-1", 20),
        ([der.sequence(explicit(2, b"\2\0"))], "RSA-PSS with SHA-1", 0),
    ],
)
def test_the_parameters_of_pss_are_read(
    parts: list[bytes], name: str, salt: int
) -> None:
    found, _ = read(oid(PSS), *parts)
    assert (found.name, found.salt) == (name, salt)


def test_no_algorithm_is_unknown() -> None:
    assert read_algorithm(Dissection(b""), None).name == "unknown"


@pytest.mark.parametrize(
    ("digest", "name"),
    [("sha1", "SHA-1"), ("sha3_256", "SHA3-256"), ("md5", "MD5"), ("1.2", "1.2")],
)
def test_a_hash_has_a_name(digest: str, name: str) -> None:
    assert hash_name(digest) == name


def test_a_point_off_its_curve_is_broken() -> None:
    curve = algorithm("1.2.840.10045.2.1", oid("1.2.840.10045.3.1.7"))
    off = der.sequence(curve, der.bit_string(b"\4" + b"\1" * 64))
    assert is_broken_key(off)
    assert not is_broken_key(spki(key_of_kind("p256")))
    foreign = der.sequence(algorithm("1.2.3"), der.bit_string(b"x"))
    assert not is_broken_key(foreign)
