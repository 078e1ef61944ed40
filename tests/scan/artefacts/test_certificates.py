"""Certificates: what is wrong with them, and that those that are fine are silent."""

from __future__ import annotations

import base64

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from scan_artefacts import (
    Wanted,
    certificate,
    certificate_pem,
    found_in,
    kinds_in,
    new_key,
    root_pem,
    some_key,
)
from tlsmith.scan.artefacts.certificates import certificate_of

ISSUER = new_key()
SHORT = rsa.generate_private_key(65537, 1024)  # noqa: S505 - to be found
CODE = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING])
SERVER = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
MAIL = x509.SubjectAlternativeName([x509.RFC822Name("a@example.com")])
CASES = {
    "certificate-self-signed": Wanted(more=(SERVER,)),
    "certificate-expired": Wanted(age=200, days=100, issuer=ISSUER),
    "certificate-long-lived": Wanted(days=399, issuer=ISSUER),
    "certificate-weak-key": Wanted(key=SHORT, issuer=ISSUER),
}


@pytest.mark.parametrize("rule", CASES)
def test_what_is_wrong_is_found(rule: str) -> None:
    assert kinds_in(certificate_pem(CASES[rule])) == [rule]


@pytest.mark.parametrize("rule", CASES)
def test_in_der_and_in_a_secret_as_well(rule: str) -> None:
    data = certificate(CASES[rule])
    assert kinds_in(data.public_bytes(Encoding.DER)) == [rule]
    wrapped = base64.b64encode(data.public_bytes(Encoding.PEM)).decode()
    assert kinds_in(f"data:\n  tls.crt: {wrapped}\n") == [rule]


FINE = {
    "one that signs code": Wanted("a", days=900, more=(CODE,)),
    "one that signs gems": Wanted("a/DC=example", days=900, more=(MAIL,)),
    "a leaf for 398 days": Wanted(days=398, issuer=ISSUER),
    "a root for 20 years": Wanted("Some CA", is_ca=True, days=7300),
    "an intermediate": Wanted("Some CA 2", is_ca=True, days=3650, issuer=ISSUER),
    "a root in small letters": Wanted("etcd-ca", is_ca=True),
    "a root in one word": Wanted("rootca", is_ca=True),
    "a root named like a host": Wanted("ca.example.com", is_ca=True, key_usage=True),
}


@pytest.mark.parametrize("name", FINE)
def test_what_is_fine_is_silent(name: str) -> None:
    assert kinds_in(certificate_pem(FINE[name])) == []
    assert kinds_in(certificate(FINE[name]).public_bytes(Encoding.DER)) == []


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted("web.example.com", is_ca=True),
        Wanted("localhost", is_ca=True),
        Wanted("my-server", is_ca=True),
        Wanted("192.0.2.7", is_ca=True),
        Wanted("My Server", is_ca=True, alternative="web.example.com"),
    ],
)
def test_a_server_that_is_its_own_ca_is_self_signed(wanted: Wanted) -> None:
    """As `openssl req -x509` makes them."""
    (found,) = found_in(certificate_pem(wanted))
    assert found.rule == "artefact-certificate-self-signed"
    assert "a CA's" in found.reason


def test_a_finding_tells_all_that_is_known() -> None:
    (found,) = found_in(certificate_pem(Wanted(age=2000, days=1000)))
    for words in (
        "for CN=web.example.com",
        "self-signed",
        "EC secp256r1",
        "expired on ",
    ):
        assert words in found.reason
    assert found.severity == "low"
    assert found.category == "trust"


def test_sha1_is_weak_but_on_a_root() -> None:
    """What the library no longer signs, made by changing what is signed with."""
    # rsa with SHA-256 and with SHA-1 have names of one length
    strong, weak = (
        bytes.fromhex("2a864886f70d01010b"),
        bytes.fromhex("2a864886f70d010105"),
    )
    key = rsa.generate_private_key(65537, 2048)
    leaf = certificate(Wanted(key=key, issuer=key)).public_bytes(Encoding.DER)
    root = certificate(Wanted("Some CA", is_ca=True, key=key))
    assert kinds_in(leaf.replace(strong, weak)) == ["certificate-weak-signature"]
    assert kinds_in(root.public_bytes(Encoding.DER).replace(strong, weak)) == []


def test_a_certificate_without_a_name_is_told_by_its_alternative_one() -> None:
    made = certificate(Wanted(issuer=ISSUER, days=900, alternative="a.example.com"))
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(made.issuer)
        .public_key(some_key().public_key())
        .serial_number(7)
        .not_valid_before(made.not_valid_before_utc)
        .not_valid_after(made.not_valid_after_utc)
        .add_extension(made.extensions[0].value, False)
    )
    signed = builder.sign(ISSUER, hashes.SHA256())
    (found,) = found_in(signed.public_bytes(Encoding.PEM))
    assert "for a.example.com" in found.reason


def test_what_is_no_certificate_is_none() -> None:
    data = certificate(Wanted()).public_bytes(Encoding.DER)
    assert certificate_of(data) is not None
    assert certificate_of(data[:-1]) is None
    assert certificate_of(data + b"\0") is None
    assert certificate_of(b"") is None
    assert kinds_in(root_pem(some_key()).replace("A", "B")) == []
