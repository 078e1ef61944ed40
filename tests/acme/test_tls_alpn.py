"""Certificates shown for tls-alpn-01, built by the library and broken by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from acme_signing import client, outcome
from tlsmith.acme.challenges import alpn_digest
from tlsmith.acme.identifiers import Identifier
from tlsmith.acme.tls_alpn import (
    ACME_IDENTIFIER,
    acme_identifier,
    check_alpn_certificate,
)
from tlsmith.errors import ACMEProblem

AUTHORIZATION = "token.thumbprint"
NAME = Identifier("dns", "a.test")
DIGEST = b"\x04\x20" + alpn_digest(AUTHORIZATION)
AT = datetime(2026, 1, 1, tzinfo=UTC)


def shown(
    names: list[x509.GeneralName] | None,
    digest: bytes | None = DIGEST,
    *,
    critical: bool = True,
    days: int = 1,
) -> bytes:
    """A self-signed certificate, as clients make them."""
    key = client().key
    subject = x509.Name([])
    builder = (
        x509.CertificateBuilder(subject, subject, key.public_key(), 1)
        .not_valid_before(AT)
        .not_valid_after(AT + timedelta(days=days))
    )
    if names is not None:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), True)
    if digest is not None:
        oid = x509.ObjectIdentifier(ACME_IDENTIFIER)
        extension = x509.UnrecognizedExtension(oid, digest)
        builder = builder.add_extension(extension, critical)
    return builder.sign(key, SHA256()).public_bytes(Encoding.DER)


def dns(*names: str) -> list[x509.GeneralName]:
    return [x509.DNSName(name) for name in names]


def ip(*addresses: str) -> list[x509.GeneralName]:
    return [x509.IPAddress(ip_address(address)) for address in addresses]


def refusal(certificate: bytes, identifier: Identifier = NAME) -> str:
    with pytest.raises(ACMEProblem) as caught:
        check_alpn_certificate(certificate, identifier, AUTHORIZATION)
    assert (caught.value.type, caught.value.status) == ("incorrectResponse", 403)
    return caught.value.message


def test_the_extension_holds_the_digest() -> None:
    """RFC 8737 section 3."""
    assert acme_identifier(AUTHORIZATION) == DIGEST


@pytest.mark.parametrize(
    ("names", "identifier"),
    [
        (dns("a.test"), NAME),
        (dns("A.Test"), NAME),
        (ip("127.0.0.1"), Identifier("ip", "127.0.0.1")),
        (ip("2001:db8::1"), Identifier("ip", "2001:db8::1")),
    ],
)
def test_a_certificate_for_the_identifier_alone_is_right(
    names: list[x509.GeneralName], identifier: Identifier
) -> None:
    """RFC 8737 section 3, RFC 8738 section 6."""
    check_alpn_certificate(shown(names), identifier, AUTHORIZATION)


@pytest.mark.parametrize(
    ("names", "identifier", "why"),
    [
        (None, NAME, "no subjectAltName"),
        (dns("b.test"), NAME, "another name"),
        (dns("*.test"), NAME, "another name"),
        (dns("a.test."), NAME, "another name"),
        (dns("a.test", "b.test"), NAME, "2 names"),
        (dns("a.test", "a.test"), NAME, "2 names"),
        ([*dns("a.test"), x509.RFC822Name("x@a.test")], NAME, "2 names"),
        ([*dns("a.test"), *ip("127.0.0.1")], NAME, "2 names"),
        ([*dns("a.test"), x509.DirectoryName(x509.Name([]))], NAME, "2 names"),
        ([x509.RFC822Name("a.test")], NAME, "another name"),
        (ip("127.0.0.1"), NAME, "another name"),
        (dns("127.0.0.1"), Identifier("ip", "127.0.0.1"), "another name"),
        (ip("127.0.0.2"), Identifier("ip", "127.0.0.1"), "another name"),
        (ip("::1"), Identifier("ip", "127.0.0.1"), "another name"),
        ([], NAME, "0 names"),
    ],
)
def test_other_names_are_refused(
    names: list[x509.GeneralName] | None, identifier: Identifier, why: str
) -> None:
    assert why in refusal(shown(names), identifier)


@pytest.mark.parametrize(
    ("digest", "why"),
    [
        (None, "no acmeIdentifier"),
        (b"\x04\x20" + alpn_digest("token.other"), "another key authorization"),
        (alpn_digest(AUTHORIZATION), "another key authorization"),
        (DIGEST[:-1], "another key authorization"),
        (DIGEST + b"\0", "another key authorization"),
        (b"\x04\x81\x20" + DIGEST[2:], "another key authorization"),
        (b"", "another key authorization"),
    ],
)
def test_another_digest_is_refused(digest: bytes | None, why: str) -> None:
    assert why in refusal(shown(dns("a.test"), digest))


def test_the_extension_is_critical() -> None:
    """RFC 8737 section 3: so that nobody else takes the certificate for one."""
    assert "not critical" in refusal(shown(dns("a.test"), critical=False))


def test_the_extension_comes_once() -> None:
    made = shown(dns("a.test"))
    at = made.index(bytes.fromhex("06082b0601050507011f"))
    whole = made[at - 2 : at + 2 + made[at - 1]]
    assert "certificate" in refusal(made.replace(whole, whole * 2))


@pytest.mark.parametrize("certificate", [b"", b"\x30\x00", b"-----BEGIN", b"\xff" * 99])
def test_what_is_no_certificate_is_refused(certificate: bytes) -> None:
    assert "not a certificate" in refusal(certificate)


def test_names_that_cannot_be_read_are_refused() -> None:
    made = shown(dns("a.test"))
    at = made.index(b"\x82\x06a.test")
    assert refusal(made[:at] + b"\x82\x07" + made[at + 2 :])


@given(st.integers(0), st.integers(0, 255))
def test_nothing_but_a_problem_comes_of_a_broken_one(place: int, value: int) -> None:
    made: Any = bytearray(shown(dns("a.test")))
    made[place % len(made)] = value
    found = outcome(lambda: check_alpn_certificate(bytes(made), NAME, AUTHORIZATION))
    assert found is None or found.type == "incorrectResponse"
