from __future__ import annotations

from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AttributeOID

from chains import EVERY_KIND, key_of, request
from core.describe.forge import (
    LEAF_NAME,
    SAN,
    algorithm,
    codes,
    dns_names,
    explicit,
    extension,
    facts,
    look,
    oid,
    sign,
    spki,
)
from core.describe.samples import pem_of
from strategies import key_of_kind
from tlsmith.core import der

P256 = key_of_kind("p256")
NAMES = der.sequence(extension(SAN, dns_names("a.test", "b.test")))


def attribute(dotted: str, *values: bytes) -> bytes:
    return der.sequence(oid(dotted), der.encode(der.SET, *values))


def made(*attributes: bytes, **fields: Any) -> bytes:
    info = der.sequence(
        fields.get("version", der.integer(0)),
        LEAF_NAME,
        fields.get("spki", spki(P256)),
        fields.get("attributes", explicit(0, *attributes)),
    )
    return sign(info, fields.get("key", P256), fields.get("outer"))


REQUESTED = attribute("1.2.840.113549.1.9.14", NAMES)


def test_a_request_is_read() -> None:
    report = look(made(REQUESTED))
    found = report.facts()["objects"][0]
    assert found["type"] == "certificate-signing-request"
    assert (found["version"], found["subject"]) == (1, "CN=leaf")
    assert found["names"] == ["a.test", "b.test"]
    assert found["signature"] == "good"
    assert found["signature_algorithm"] == "ECDSA with SHA-256"
    assert found["extensions"][0]["name"] == "subject_alt_name"
    assert found["attributes"] == []
    assert not report.findings


@pytest.mark.parametrize("kind", [k for k in EVERY_KIND if k != "rsa4096"])
def test_a_request_of_a_key_of_every_kind_is_checked(kind: str) -> None:
    assert facts(request(key_of(kind)))["signature"] == "good"


def test_a_challenge_password_is_told_of_and_not_shown() -> None:
    subject = x509.Name([])
    built = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(subject)
        .add_attribute(AttributeOID.CHALLENGE_PASSWORD, b"hunter22")
        .add_attribute(AttributeOID.UNSTRUCTURED_NAME, b"plain")
        .sign(P256, hashes.SHA256())
    )
    report = look(built.public_bytes(Encoding.DER))
    found = report.facts()
    assert "hunter22" not in str(found)
    assert found["objects"][0]["attributes"] == [
        {"name": "unstructured_name", "value": "plain"},
        {"name": "challenge_password", "value": "not shown"},
    ]
    assert codes(report) == ["challenge-password", "no-subject-alt-name"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (made(), "no-subject-alt-name"),
        (made(REQUESTED, key=key_of_kind("p384")), "wrong-signature"),
        (made(REQUESTED, version=der.integer(1)), "unknown-version"),
        (made(REQUESTED, outer=algorithm("1.2.840.10045.4.1")), "weak-signature"),
        (made(attributes=b""), "no-subject-alt-name"),
        (made(der.sequence(oid("1.2.3"))), "missing-field"),
        (
            made(attribute("1.2.840.113549.1.9.14", der.integer(1))),
            "unexpected-type",
        ),
        (
            made(
                attribute(
                    "1.2.840.113549.1.9.14",
                    der.sequence(extension(SAN, dns_names("*.com"))),
                )
            ),
            "wildcard-of-top-level",
        ),
        (
            made(
                attribute(
                    "1.2.840.113549.1.9.14", der.sequence(extension(SAN, b"\5\0"))
                )
            ),
            "unexpected-type",
        ),
        (made(REQUESTED) + b"x", "trailing-data"),
        (made(REQUESTED)[:-5], "truncated"),
        (made(REQUESTED)[:30], "truncated"),
        (pem_of(b"\5\0", "CERTIFICATE REQUEST"), "not-a-sequence"),
        (
            pem_of(der.sequence(der.integer(1)), "CERTIFICATE REQUEST"),
            "unexpected-type",
        ),
    ],
)
def test_a_request_that_is_wrong_is_told_of(data: bytes, code: str) -> None:
    assert code in codes(look(data))


def test_other_attributes_and_names_are_shown() -> None:
    mail = der.sequence(extension(SAN, der.sequence(der.context(1, b"a@b.test"))))
    data = made(
        attribute("1.2.3", der.encode(der.UTF8_STRING, b"x"), der.sequence()),
        attribute("1.3.6.1.4.1.311.2.1.14", mail),
        attribute("1.2.840.113549.1.9.14", der.sequence(extension("1.2.3.4", b"x"))),
    )
    found = facts(data)
    assert found["attributes"] == [{"name": "1.2.3", "value": "x, "}]
    assert found["names"] == ["a@b.test"]


def test_a_key_that_is_cut_off_leaves_the_rest() -> None:
    whole = made(REQUESTED)
    found = facts(whole[:60])
    assert found["subject"] == "CN=leaf"
    assert "signature" not in found
