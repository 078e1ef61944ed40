from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from chains import revocation_list
from core.describe.forge import codes, explicit, facts, look, oid
from core.describe.samples import PEOPLE, p7, pem_of
from tlsmith.core import der

SIGNED, ENCRYPTED = "1.2.840.113549.1.7.2", "1.2.840.113549.1.7.6"
EMPTY_SET = der.encode(der.SET)


def test_the_certificates_inside_are_described() -> None:
    report = look(p7())
    found = report.facts()["objects"]
    assert [one["type"] for one in found] == ["pkcs7", "certificate", "certificate"]
    assert found[0]["content_type"] == "signed data"
    assert found[0]["signers"] == 0
    assert [one["found"]["inside"] for one in found[1:]] == [0, 0]


def test_lists_inside_are_described_too() -> None:
    crl = revocation_list(PEOPLE.root)
    content = der.sequence(
        der.integer(1), EMPTY_SET, der.sequence(), explicit(1, crl), EMPTY_SET
    )
    found = look(der.sequence(oid(SIGNED), explicit(0, content))).facts()["objects"]
    assert [one["type"] for one in found] == ["pkcs7", "certificate-revocation-list"]


def test_a_signed_message_is_noted() -> None:
    people = PEOPLE.leaf
    built = (
        pkcs7.PKCS7SignatureBuilder()
        .set_data(b"text")
        .add_signer(people.certificate, people.key, hashes.SHA256())
    )
    data = built.sign(Encoding.DER, [pkcs7.PKCS7Options.DetachedSignature])
    report = look(data)
    assert report.facts()["objects"][0]["signers"] == 1
    assert "signed-message" in codes(report)


def test_ber_is_no_fault_in_pkcs7() -> None:
    data = p7()
    assert data[:2] == b"\x30\x82"
    ber = b"\x30\x80" + data[4:] + b"\0\0"
    report = look(ber)
    assert "indefinite-length" in codes(report, "note")
    assert report.objects[1].certificate is not None


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (der.sequence(oid(ENCRYPTED), explicit(0, der.sequence())), "no-certificates"),
        (der.sequence(oid(SIGNED)), None),
        (der.sequence(oid(SIGNED), explicit(0, der.integer(1))), "unexpected-type"),
        (der.sequence(oid(SIGNED), explicit(0, der.sequence())), "missing-field"),
        (
            der.sequence(
                oid(SIGNED),
                explicit(
                    0,
                    der.sequence(
                        der.integer(1),
                        EMPTY_SET,
                        der.sequence(),
                        explicit(0, der.integer(5)),
                        EMPTY_SET,
                    ),
                ),
            ),
            "no-certificates",
        ),
        (pem_of(b"\5\0", "PKCS7"), "not-a-sequence"),
        (p7() + b"x", "trailing-data"),
        (p7()[:-9], "truncated"),
    ],
)
def test_a_message_that_is_odd_is_told_of(data: bytes, code: str | None) -> None:
    found = codes(look(data))
    assert code in found if code else not found


def test_what_a_message_holds_is_named() -> None:
    data = der.sequence(oid(ENCRYPTED), explicit(0, der.sequence()))
    assert facts(data)["content_type"] == "encrypted data"
