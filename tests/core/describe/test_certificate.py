from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from core.describe.forge import (
    CA_NAME,
    ECDSA_SHA256,
    LEAF_EXTENSIONS,
    algorithm,
    ca,
    codes,
    explicit,
    leaf,
    tbs,
    with_extension,
)
from strategies import NOW
from tlsmith.core import der
from tlsmith.core.describe.certificate import (
    certificate_facts,
    read_certificate,
    serial_text,
)

DAY = timedelta(days=1)


def faults(data: bytes, **more: Any) -> list[str]:
    return codes(read_certificate(data, **more).dissection.findings)


def test_a_certificate_is_read_as_the_library_reads_it() -> None:
    data = leaf()
    ours, theirs = read_certificate(data), x509.load_der_x509_certificate(data)
    assert not faults(data)
    assert ours.version == 3
    assert ours.serial_number == theirs.serial_number
    assert ours.subject.text == theirs.subject.rfc4514_string()
    assert ours.issuer.text == theirs.issuer.rfc4514_string()
    assert ours.not_before == theirs.not_valid_before_utc
    assert ours.not_after == theirs.not_valid_after_utc
    assert ours.signature is not None
    assert ours.signature.value == theirs.signature
    assert ours.signature.signed == theirs.tbs_certificate_bytes
    assert [one["oid"] for one in ours.extension_list] == [
        one.oid.dotted_string for one in theirs.extensions
    ]
    facts = certificate_facts(ours)
    assert facts["fingerprints"] == {
        "sha256": theirs.fingerprint(hashes.SHA256()).hex(),
        "sha1": hashlib.sha1(data, usedforsecurity=False).hexdigest(),
    }
    assert facts["names"] == ["app.test"]
    assert facts["extended_key_usage"] == ["serverAuth"]
    assert facts["is_ca"] is False


@pytest.mark.parametrize(
    ("serial", "text"),
    [(0, "00"), (1, "01"), (255, "ff"), (256, "0100"), (-1, "-01"), (None, None)],
)
def test_a_serial_number_is_written_as_others_do(
    serial: int | None, text: str | None
) -> None:
    assert serial_text(serial) == text


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"version": explicit(0, der.integer(0))}, "default-written-out"),
        ({"version": explicit(0, der.integer(1))}, "extensions-in-old-version"),
        ({"version": explicit(0, der.integer(3))}, "unknown-version"),
        ({"version": explicit(0)}, "missing-field"),
        ({"version": b""}, "extensions-in-old-version"),
        ({"validity": der.sequence(der.time(NOW))}, "missing-field"),
        ({"validity": der.integer(1)}, "unexpected-type"),
        ({"spki": der.sequence()}, "missing-field"),
        ({"serial": der.encode(der.INTEGER, b"\0\1")}, "non-minimal-integer"),
        ({"extensions": explicit(3)}, "missing-field"),
        ({"extensions": explicit(3, der.sequence())}, "empty-extensions"),
        ({"extensions": explicit(4)}, "unexpected-element"),
        ({"extensions": der.context(1, b"\x08x")}, "bad-bit-string"),
    ],
)
def test_a_field_that_is_wrong_is_told_of(
    fields: dict[str, bytes], expected: str
) -> None:
    assert expected in faults(leaf(**fields))


def test_what_follows_a_certificate_is_told_of() -> None:
    data = leaf() + b"xy"
    certificate = read_certificate(data)
    message = certificate.dissection.findings[0].message
    assert message == "2 bytes after the end of the certificate"
    assert certificate.der == leaf()[:0] + data[:-2]
    assert faults(data, trusted=True) == []


@pytest.mark.parametrize("data", [b"", b"0", der.integer(5), b"\x05\x00"])
def test_what_is_no_certificate_is_told_of(data: bytes) -> None:
    certificate = read_certificate(data)
    assert certificate.der == b""
    assert codes(certificate.dissection.findings)[-1] == "not-a-sequence"
    assert "fingerprints" not in certificate_facts(certificate)


def test_every_part_of_what_is_cut_short_is_read() -> None:
    whole = leaf()
    seen = []
    for size in range(len(whole)):
        certificate = read_certificate(whole[:size])
        assert certificate.der == b""
        seen.append(certificate.subject.text)
    assert "CN=leaf" in seen
    assert read_certificate(whole[:-1]).signature is None
    assert read_certificate(whole[:-1]).names


def test_a_body_that_is_of_another_type_leaves_nothing() -> None:
    certificate = read_certificate(
        der.sequence(der.integer(5), algorithm(ECDSA_SHA256), der.bit_string(b"x"))
    )
    assert certificate.signature is None
    assert codes(certificate.dissection.findings) == ["unexpected-type"]


def test_a_signature_that_is_missing_is_told_of() -> None:
    certificate = read_certificate(der.sequence(tbs(), algorithm(ECDSA_SHA256)))
    assert certificate.signature is None
    assert codes(certificate.dissection.findings) == ["missing-field"]


def test_before_version_3_a_self_issued_certificate_is_a_cas() -> None:
    old = {"version": b"", "extensions": b""}
    assert read_certificate(ca(**old)).is_ca
    assert not read_certificate(leaf(**old)).is_ca
    assert read_certificate(ca()).is_ca
    assert not read_certificate(leaf()).is_ca


def test_an_extension_that_cannot_be_read_is_none() -> None:
    for dotted in ("2.5.29.17", "2.5.29.15", "2.5.29.37", "2.5.29.19"):
        certificate = read_certificate(with_extension(dotted, b"\x05\0"))
        assert certificate.names == [] or dotted != "2.5.29.17"
        assert certificate.key_usage is None or dotted != "2.5.29.15"
        assert certificate.purposes is None or dotted != "2.5.29.37"
        assert not certificate.is_ca
    assert read_certificate(leaf(extensions=b"")).value("key_usage") is None


def test_two_names_are_the_same_only_byte_for_byte() -> None:
    assert read_certificate(leaf(subject=CA_NAME)).is_self_issued
    assert not read_certificate(leaf()).is_self_issued


def test_unique_identifiers_are_passed_over() -> None:
    unique = der.context(1, b"\0x") + der.context(2, b"\0y")
    inside = unique + explicit(3, der.sequence(*LEAF_EXTENSIONS.values()))
    assert not faults(leaf(extensions=inside))
