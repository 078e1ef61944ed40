"""What a certificate is called."""

import ipaddress

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from chains import END, START, certify, family, key_of
from tlsmith.core.formats.naming import first_name


def with_names(*names: x509.GeneralName, subject: x509.Name) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key_of("p256").public_key())
        .serial_number(1)
        .not_valid_before(START)
        .not_valid_after(END)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), False)
    return builder.sign(key_of("p256"), hashes.SHA256())  # type: ignore[arg-type]


def name(kind: x509.ObjectIdentifier, value: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(kind, value)])


CN, O = x509.NameOID.COMMON_NAME, x509.NameOID.ORGANIZATION_NAME  # noqa: E741


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([x509.DNSName("a.test"), x509.DNSName("b.test")], "a.test"),
        ([x509.IPAddress(ipaddress.ip_address("::1"))], "::1"),
        ([x509.RFC822Name("a@b.test")], "a@b.test"),
        ([x509.UniformResourceIdentifier("spiffe://a/b")], "spiffe://a/b"),
        ([x509.RegisteredID(CN), x509.DNSName("c.test")], "c.test"),
        ([x509.RegisteredID(CN)], "common"),
        ([], "common"),
    ],
)
def test_the_first_name_that_people_read_is_taken(
    names: list[x509.GeneralName], expected: str
) -> None:
    assert first_name(with_names(*names, subject=name(CN, "common"))) == expected


def test_without_a_common_name_the_organization_is_taken() -> None:
    assert first_name(with_names(subject=name(O, "Acme"))) == "Acme"


def test_without_any_name_there_is_a_word() -> None:
    assert first_name(with_names(subject=x509.Name([]))) == "certificate"


def test_names_that_cannot_be_read_are_passed_by() -> None:
    spoilt = family().leaf.der.replace(b"\x82\x08app.test", b"\x82\x09app.test")
    spoilt_certificate = x509.load_der_x509_certificate(spoilt)
    assert first_name(spoilt_certificate) == "app.test"  # the common name
    assert first_name(certify("Root", key_of("p256"), ca=True).certificate) == "Root"
