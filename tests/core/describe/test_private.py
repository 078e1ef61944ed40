from __future__ import annotations

import re

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, x25519
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from chains import EVERY_KIND, key_of
from core.describe.forge import codes, facts, look, message, oid, spki
from core.describe.samples import (
    OPENSSH,
    PKCS8,
    SECRET,
    TRADITIONAL,
    dsa_key,
    encrypted,
    pem_of,
    private,
)
from core.describe.test_encryption import pbes2, pbkdf2
from strategies import key_of_kind
from tlsmith.core import der
from tlsmith.core.describe.keys import fingerprints

P256, RSA = key_of_kind("p256"), key_of_kind("rsa2048")


@pytest.mark.parametrize("kind", [k for k in EVERY_KIND if k != "rsa4096"])
def test_a_key_of_every_kind_is_named_by_its_public_half(kind: str) -> None:
    key = key_of(kind)
    report = look(private(key, PKCS8))
    found = report.facts()["objects"][0]
    assert found["type"] == "private-key"
    assert found["format"] == "PKCS#8"
    assert found["encrypted"] is False
    assert found["public_key"]["sha256"] == fingerprints(spki(key))["sha256"]
    assert found["text"] == found["public_key"]["text"]
    assert not report.findings


@pytest.mark.parametrize(
    ("key", "name", "words"),
    [
        (RSA, "PKCS#1 (RSA)", "RSA, 2048 bits"),
        (P256, "SEC 1 (EC)", "EC, curve P-256"),
        (dsa_key(), "traditional (DSA)", "DSA, 2048 bits"),
    ],
)
def test_the_traditional_forms_are_read(key: object, name: str, words: str) -> None:
    report = look(private(key, TRADITIONAL))
    found = report.facts()["objects"][0]
    assert (found["format"], found["text"]) == (name, words)
    assert found["public_key"]["sha256"]
    assert not report.findings


def test_the_numbers_of_a_key_are_nowhere() -> None:
    numbers = RSA.private_numbers()
    secrets = [numbers.d, numbers.p, numbers.q, P256.private_numbers().private_value]
    for key in (RSA, P256):
        for data in (private(key, PKCS8), private(key, TRADITIONAL)):
            for size in (len(data), len(data) - 1, len(data) // 2):
                shown = str(look(data[:size]).facts())
                for secret in secrets:
                    assert f"{secret:x}"[4:40] not in shown
                    assert str(secret)[4:40] not in shown


def test_an_encrypted_key_tells_how_it_is_encrypted() -> None:
    report = look(encrypted(P256))
    found = report.facts()["objects"][0]
    assert found["encrypted"] is True
    assert found["decrypted"] is False
    assert re.fullmatch(r"PBES2 with AES-256-CBC, PBKDF2 .*", found["encryption"])
    assert codes(report) == ["encrypted"]
    assert "public_key" not in found


@pytest.mark.parametrize("pem", [False, True])
def test_the_passphrase_opens_a_key(pem: bool) -> None:
    data = encrypted(P256, pem=pem)
    report = look(data, passphrases=[b"wrong", SECRET])
    found = report.facts()["objects"][0]
    assert found["decrypted"] is True
    assert found["public_key"]["sha256"] == fingerprints(spki(P256))["sha256"]
    assert not report.findings


def test_a_wrong_passphrase_is_told_of() -> None:
    report = look(encrypted(P256), passphrases=[b"wrong"])
    assert codes(report) == ["wrong-passphrase"]
    assert report.facts()["objects"][0]["decrypted"] is False


def test_traditional_pem_is_decrypted_too() -> None:
    data = encrypted(RSA, TRADITIONAL, pem=True)
    report = look(data)
    found = report.facts()["objects"][0]
    assert found["format"] == "traditional PEM, encrypted"
    assert "MD5: weak" in found["encryption"]
    assert codes(report) == ["encrypted"]
    assert facts(data, passphrases=[SECRET])["text"] == "RSA, 2048 bits"
    assert codes(look(data, passphrases=[b"x"])) == ["wrong-passphrase"]


def test_an_encryption_that_would_take_hours_is_not_tried() -> None:
    data = der.sequence(pbes2(pbkdf2(1 << 30)), der.octet_string(bytes(32)))
    report = look(data, passphrases=[b"x"])
    assert codes(report) == ["costly-encryption"]
    assert report.facts()["objects"][0]["decrypted"] is False


def test_an_old_encryption_is_told_of() -> None:
    old = der.sequence(
        oid("1.2.840.113549.1.12.1.3"),
        der.sequence(der.octet_string(b"saltsalt"), der.integer(2048)),
    )
    report = look(der.sequence(old, der.octet_string(bytes(32))))
    assert codes(report) == ["old-encryption", "encrypted"]


@pytest.mark.parametrize("cut", [8, 60])
def test_an_encrypted_key_that_is_cut_short_is_told_of(cut: int) -> None:
    data = pem_of(encrypted(P256)[:cut], "ENCRYPTED PRIVATE KEY")
    assert "truncated" in codes(look(data, passphrases=[SECRET]))


def test_what_is_no_encrypted_key_is_told_of() -> None:
    report = look(pem_of(b"\x05\0", "ENCRYPTED PRIVATE KEY"))
    assert codes(report) == ["not-a-sequence"]
    assert report.facts()["objects"][0]["encrypted"] is True


@pytest.mark.parametrize(
    ("label", "key"),
    [("PRIVATE KEY", b"\x05\0"), ("RSA PRIVATE KEY", b""), ("EC PRIVATE KEY", b"x")],
)
def test_what_is_no_key_is_told_of(label: str, key: bytes) -> None:
    assert "not-a-sequence" in codes(look(pem_of(key, label)))


def test_numbers_that_do_not_belong_together_are_told_of() -> None:
    data = bytearray(private(RSA, TRADITIONAL))
    data[400] ^= 1
    report = look(bytes(data))
    assert codes(report) == ["bad-private-key"]
    assert report.facts()["objects"][0]["text"] == "RSA, 2048 bits"


def test_a_key_that_is_cut_short_is_told_of() -> None:
    report = look(private(P256, PKCS8)[:-5])
    assert codes(report) == ["truncated"]
    assert message(report, "truncated").startswith("the outer SEQUENCE says")
    assert report.facts()["objects"][0]["text"] == "EC, curve P-256"


def test_a_key_of_an_unknown_kind_is_named_by_its_identifier() -> None:
    data = der.sequence(
        der.integer(0), der.sequence(oid("1.2.3")), der.octet_string(b"secret")
    )
    report = look(data)
    assert "unknown-key-algorithm" in codes(report)
    assert {*codes(report)} & {"unsupported-key", "bad-private-key"}
    assert report.facts()["objects"][0]["algorithm"] == "1.2.3"


def test_an_ec_key_without_its_curve_is_read_as_far_as_it_goes() -> None:
    data = der.sequence(der.integer(1), der.octet_string(b"\1" * 32))
    report = look(data)
    assert codes(report) == ["bad-private-key"]
    assert report.facts()["objects"][0]["algorithm"] == "EC"
    odd = der.sequence(
        der.integer(1),
        der.octet_string(b"\1" * 32),
        der.context(0, der.integer(1), constructed=True),
    )
    assert "unexpected-type" in codes(look(odd))


def test_a_key_that_cannot_sign_is_read() -> None:
    key = x25519.X25519PrivateKey.generate()
    assert facts(private(key, PKCS8))["text"] == "X25519"
    curve = ec.generate_private_key(ec.SECP256K1())
    report = look(private(curve, PKCS8))
    assert codes(report) == ["unusual-curve"]


def test_a_key_of_a_size_nobody_has_is_not_checked_for_primes() -> None:
    numbers = [der.integer(one) for one in (0, (1 << 9000) | 1, 3, 5, 7, 11, 1, 1, 1)]
    report = look(der.sequence(*numbers))
    assert report.facts()["objects"][0]["size"] == 9001


def test_an_openssh_key_is_told_of() -> None:
    report = look(private(key_of_kind("ed25519"), OPENSSH))
    found = report.facts()["objects"][0]
    assert (found["format"], found["text"]) == ("OpenSSH", "Ed25519")
    assert codes(report) == ["openssh-format"]
    assert "ssh-keygen -p -m PKCS8" in message(report, "openssh-format")


def test_a_key_with_its_public_half_inside_is_read() -> None:
    key = key_of_kind("ed25519")
    plain = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    assert facts(plain)["text"] == "Ed25519"
