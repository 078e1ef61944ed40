"""The number by which OpenSSL finds a root: as OpenSSL itself has it."""

from __future__ import annotations

import datetime
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.name import _ASN1Type
from hypothesis import given, settings
from hypothesis import strategies as st

from tlsmith.core import der
from tlsmith.core.keys import generate_private_key
from tlsmith.errors import InputError
from tlsmith.truststores.subject_hash import subject_hash
from truststores.worlds import need, root

_KEY = generate_private_key()
_NAME, _COUNTRY = x509.NameOID.COMMON_NAME, x509.NameOID.COUNTRY_NAME
_UNIT, _MAIL = x509.NameOID.ORGANIZATIONAL_UNIT_NAME, x509.NameOID.EMAIL_ADDRESS
_START = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


def _certificate(subject: bytes | x509.Name) -> bytes:
    """Return a certificate with this subject, DER of its Name if need be."""
    name = subject if isinstance(subject, x509.Name) else x509.Name([])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(x509.Name([x509.NameAttribute(_NAME, "issuer")]))
        .public_key(_KEY.public_key())
        .serial_number(5)
        .not_valid_before(_START)
        .not_valid_after(_START + datetime.timedelta(days=9))
        .sign(_KEY, hashes.SHA256())
        .public_bytes(Encoding.DER)
    )
    return made if isinstance(subject, x509.Name) else _with_subject(made, subject)


def _with_subject(certificate: bytes, subject: bytes) -> bytes:
    """Put another subject in: the signature then is wrong, which no hash looks at."""
    body, *rest = der.children(der.only(certificate, der.SEQUENCE).content)
    fields = [field.whole for field in der.children(body.content)]
    fields[5] = subject
    return der.sequence(der.sequence(*fields), *(part.whole for part in rest))


def _openssl(certificate: bytes) -> str:
    command = ["openssl", "x509", "-inform", "DER", "-noout", "-subject_hash"]
    done = subprocess.run(command, input=certificate, capture_output=True, check=True)
    return done.stdout.decode().strip()


def _one(*attributes: x509.NameAttribute) -> x509.Name:
    return x509.Name([x509.RelativeDistinguishedName(attributes)])


def _raw(tag: int, content: bytes) -> bytes:
    """Return a Name of one common name, of any type."""
    attribute = der.sequence(der.object_identifier("2.5.4.3"), der.encode(tag, content))
    return der.sequence(der.encode(der.SET, attribute))


_SUBJECTS: dict[str, bytes | x509.Name] = {
    "plain": _one(x509.NameAttribute(_NAME, "Root under test")),
    "capitals": _one(x509.NameAttribute(_NAME, "ROOT Under Test")),
    "spaces": _one(x509.NameAttribute(_NAME, "  Root   under \t test  ")),
    "spaces alone": _one(x509.NameAttribute(_NAME, "   ")),
    "not ASCII": _one(x509.NameAttribute(_NAME, "ÄÖÜ ẞ Ω 根 🔒")),
    "empty": x509.Name([]),
    "several": x509.Name(
        [
            x509.NameAttribute(_COUNTRY, "DE"),
            x509.NameAttribute(_UNIT, "One"),
            x509.NameAttribute(_UNIT, "Two"),
            x509.NameAttribute(_NAME, "Root"),
        ]
    ),
    "several in one": _one(
        x509.NameAttribute(_NAME, "Root"), x509.NameAttribute(_COUNTRY, "DE")
    ),
    "several in one, the longer first": _one(
        x509.NameAttribute(_UNIT, "a very long unit"), x509.NameAttribute(_UNIT, "b")
    ),
    "IA5": _one(x509.NameAttribute(_MAIL, "Root@Example.TEST")),
    "BMP": _one(x509.NameAttribute(_NAME, "Wurzel Ä", _type=_ASN1Type.BMPString)),
    "T61": _raw(0x14, b"Wurzel \xc4"),
    "Universal": _raw(0x1C, "Wurzel Ä 🔒".encode("utf-32-be")),
    "Numeric, which is left alone": _raw(0x12, b"1  2 3 "),
    "long": _one(x509.NameAttribute(_UNIT, "x" * 60), x509.NameAttribute(_NAME, "y")),
}


@pytest.mark.parametrize("kind", _SUBJECTS)
def test_it_is_what_openssl_says(kind: str) -> None:
    need("openssl")
    certificate = _certificate(_SUBJECTS[kind])
    assert subject_hash(certificate) == _openssl(certificate)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.text(min_size=1, max_size=40), min_size=1, max_size=3))
def test_whatever_the_name(words: list[str]) -> None:
    need("openssl")
    parts = [
        der.encode(
            der.SET,
            der.sequence(
                der.object_identifier("2.5.4.3"),
                der.encode(der.UTF8_STRING, word.encode()),
            ),
        )
        for word in words
    ]
    certificate = _certificate(der.sequence(*parts))
    assert subject_hash(certificate) == _openssl(certificate)


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"\x30\x00",
        b"\x30\x02\x30\x00",
        root().der[:40],
        _certificate(_raw(0x0C, b"\xff\xfe")),
    ],
    ids=["nothing", "empty", "no fields", "cut short", "no UTF-8"],
)
def test_what_is_no_certificate_is_refused(broken: bytes) -> None:
    with pytest.raises(InputError):
        subject_hash(broken)
