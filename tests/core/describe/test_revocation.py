from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from chains import family
from core.describe.forge import (
    AKI,
    CA_NAME,
    ECDSA_SHA256,
    algorithm,
    ca,
    codes,
    explicit,
    extension,
    facts,
    look,
    message,
    sign,
)
from core.describe.samples import pem_of
from strategies import NOW, key_of_kind
from tlsmith.core import der
from tlsmith.core.describe import revocation

DAY = timedelta(days=1)
NUMBER = extension("2.5.29.20", der.integer(7))
OURS = extension(AKI, der.sequence(der.context(0, b"ca")))


def entry(serial: int, *extensions: bytes, more: bytes = b"") -> bytes:
    inside = [der.sequence(*extensions)] if extensions else []
    return der.sequence(der.integer(serial), der.time(NOW), *inside, more)


def made(*entries: bytes, **fields: Any) -> bytes:
    next_update = fields.get("next_update", NOW + 5 * DAY)
    extensions = fields.get("extensions", (NUMBER, OURS))
    tbs = der.sequence(
        fields.get("version", der.integer(1)),
        fields.get("signature", algorithm(ECDSA_SHA256)),
        CA_NAME,
        der.time(fields.get("this_update", NOW - DAY)),
        der.time(next_update) if next_update else b"",
        der.sequence(*entries) if entries else b"",
        explicit(0, der.sequence(*extensions)) if extensions else b"",
    )
    return sign(tbs, fields.get("key"), fields.get("outer"))


def reason(code: int) -> bytes:
    return extension("2.5.29.21", der.encode(0x0A, bytes([code])))


def test_a_list_is_read() -> None:
    report = look(made(entry(5), entry(255, reason(1)), entry(256, reason(1))))
    found = report.facts()["objects"][0]
    assert found["type"] == "certificate-revocation-list"
    assert (found["version"], found["issuer"], found["crl_number"]) == (2, "CN=ca", "7")
    assert found["this_update"] == "2026-11-22T12:00:00Z"
    assert found["remaining"] == "expires in 5 days"
    assert found["revoked_count"] == 3
    assert found["revoked_reasons"] == {"unspecified": 1, "key_compromise": 2}
    assert found["revoked"][1] == {
        "serial_number": "ff",
        "revocation_date": "2026-11-23T12:00:00Z",
        "reason": "key_compromise",
    }
    assert found["revoked_complete"] is True
    assert found["signature"] == "issuer not here"
    assert not report.findings


def test_a_list_is_read_as_the_library_reads_it() -> None:
    root = family().root
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(root.certificate.subject)
        .last_update(NOW)
        .next_update(NOW + DAY)
    )
    for serial, why in ((1, "superseded"), (2, "remove_from_crl"), (3, None)):
        one = x509.RevokedCertificateBuilder().serial_number(serial)
        one = one.revocation_date(NOW)
        if why:
            flag = x509.CRLReason(getattr(x509.ReasonFlags, why))
            one = one.add_extension(flag, critical=False)
        builder = builder.add_revoked_certificate(one.build())
    data = builder.sign(root.key, hashes.SHA256()).public_bytes(Encoding.DER)
    assert [one["reason"] for one in facts(data)["revoked"]] == [
        "superseded",
        "remove_from_crl",
        "unspecified",
    ]


def test_an_issuer_that_is_here_checks_the_list() -> None:
    text = pem_of(made(), "X509 CRL") + pem_of(ca(), "CERTIFICATE")
    found = facts(text)
    assert (found["signature"], found["signed_by"]) == ("good", "CN=ca")
    assert facts(made(), anchors=[ca()])["signature"] == "good"
    forged = pem_of(made(key=key_of_kind("p256")), "X509 CRL")
    report = look(forged + pem_of(ca(), "CERTIFICATE"))
    assert "wrong-signature" in codes(report)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (made(next_update=NOW - DAY / 2), "expired"),
        (made(this_update=NOW + DAY), "not-yet-valid"),
        (made(next_update=None), "no-next-update"),
        (made(extensions=(OURS,)), "no-crl-number"),
        (made(extensions=(NUMBER,)), "no-authority-key-identifier"),
        (made(extensions=()), "no-crl-number"),
        (made(version=der.integer(2)), "unknown-version"),
        (made(outer=algorithm("1.2.840.10045.4.3.3")), "algorithm-mismatch"),
        (
            made(
                signature=algorithm("1.2.840.10045.4.1"),
                outer=algorithm("1.2.840.10045.4.1"),
            ),
            "weak-signature",
        ),
        (made(entry(1, more=der.integer(5))), "unexpected-element"),
        (made(der.integer(5)), "unexpected-type"),
        (made() + b"xy", "trailing-data"),
        (made()[:-3], "truncated"),
        (pem_of(b"\5\0", "X509 CRL"), "not-a-sequence"),
        (pem_of(der.sequence(der.integer(1)), "X509 CRL"), "unexpected-type"),
    ],
)
def test_a_list_that_is_wrong_is_told_of(data: bytes, code: str) -> None:
    assert code in codes(look(data))


def test_a_list_of_version_1_is_read() -> None:
    assert facts(made(version=b"", extensions=()))["version"] == 1


def test_when_the_next_list_was_due_is_said() -> None:
    report = look(made(next_update=NOW - DAY / 2))
    assert "2026-11-23T00:00:00Z" in message(report, "expired")


def test_other_extensions_of_an_entry_are_kept() -> None:
    date = der.encode(der.GENERALIZED_TIME, b"20261101000000Z")
    one = entry(1, reason(4), extension("2.5.29.24", date))
    found = facts(made(one))["revoked"][0]
    assert found["reason"] == "superseded"
    assert found["invalidity_date"] == "2026-11-01T00:00:00Z"


def test_unknown_extensions_of_a_list_are_listed_only() -> None:
    found = facts(made(extensions=(NUMBER, OURS, extension("1.2.3.4", b"x"))))
    assert found["extensions"][2]["name"] == "1.2.3.4"
    assert "1.2.3.4" not in found


def test_all_entries_are_counted_and_not_all_are_listed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(revocation, "MOST_ENTRIES", 2)
    found = facts(made(*(entry(index + 1) for index in range(5))))
    assert found["revoked_count"] == 5
    assert len(found["revoked"]) == 2
    assert found["revoked_complete"] is False
