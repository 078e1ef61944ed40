"""step-ca's tables, as its versions wrote them through the years."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography import x509

from authority.adoption.worlds import NOW
from chains import END, family, revocation_list
from tlsmith.authority.adoption.adopted import Records
from tlsmith.authority.adoption.step_records import records_of
from tlsmith.errors import InputError

LEAF = family().leaf
SERIAL = str(LEAF.certificate.serial_number).encode()
FACTS = {
    "Serial": SERIAL.decode(),
    "ProvisionerID": "admin",
    "ReasonCode": 1,
    "Reason": "it was on a laptop",
    "RevokedAt": "2026-03-01T12:30:15.123456789Z",
}


def _records(
    issued: dict[bytes, bytes] | None = None,
    revoked: dict[bytes, bytes] | None = None,
    crl: dict[bytes, bytes] | None = None,
) -> Records:
    tables = {
        b"x509_certs": {SERIAL: LEAF.der} if issued is None else issued,
        b"revoked_x509_certs": revoked or {},
        b"x509_crl": crl or {},
    }
    return records_of(tables, NOW)


def _entry(**how: Any) -> dict[bytes, bytes]:
    facts = {name: value for name, value in (FACTS | how).items() if value is not None}
    return {SERIAL: json.dumps(facts).encode()}


def test_good_and_expired_go_by_the_certificate() -> None:
    (one,) = _records().issued
    assert (one.status, one.der, one.not_after) == ("good", LEAF.der, END)
    tables = {b"x509_certs": {SERIAL: LEAF.der}, b"revoked_x509_certs": {}}
    (late,) = records_of(
        tables | {b"x509_crl": {}}, datetime(2040, 1, 1, tzinfo=UTC)
    ).issued
    assert late.status == "expired"


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ({}, "keyCompromise"),
        ({"ReasonCode": 0}, "unspecified"),
        ({"ReasonCode": 6}, "certificateHold"),
        ({"ReasonCode": 99}, "unspecified"),
        ({"ReasonCode": None, "Reason": 4}, "superseded"),  # the first versions
        ({"ReasonCode": None, "Reason": None}, "unspecified"),
    ],
)
def test_reasons_of_every_version(how: dict[str, Any], reason: str) -> None:
    (one,) = _records(revoked=_entry(**how)).issued
    assert (one.status, one.reason, one.der) == ("revoked", reason, LEAF.der)


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-01T12:30:15.123456789Z",
        "2026-03-01T12:30:15Z",
        "2026-03-01T13:30:15.1+01:00",
    ],
)
def test_times_as_go_writes_them(text: str) -> None:
    (one,) = _records(revoked=_entry(RevokedAt=text)).issued
    assert one.revocation_date == datetime(2026, 3, 1, 12, 30, 15, tzinfo=UTC)


def test_a_revoked_one_without_its_certificate_stays_revoked() -> None:
    (one,) = _records(issued={}, revoked=_entry()).issued
    assert (one.status, one.der, one.not_after) == ("revoked", None, None)
    assert one.serial_number == LEAF.certificate.serial_number


@pytest.mark.parametrize(
    "entry",
    [b"", b"{}", b"[]", b'{"RevokedAt": 5}', b'{"RevokedAt": "soon"}', b"\xff"],
)
def test_a_damaged_revocation_is_refused(entry: bytes) -> None:
    with pytest.raises(InputError, match="is damaged") as caught:
        _records(revoked={SERIAL: entry})
    assert caught.value.code == "database-damaged"


def test_a_serial_number_that_is_none_is_refused() -> None:
    with pytest.raises(InputError, match="'0xAB' is damaged"):
        _records(revoked={b"0xAB": json.dumps(FACTS).encode()})


def test_a_damaged_certificate_is_passed_by_and_told() -> None:
    records = _records(issued={SERIAL: LEAF.der, b"77": b"no certificate"})
    assert len(records.issued) == 1
    (note,) = records.notes
    assert "'77'" in note


def test_the_crl_that_newer_versions_keep_is_taken() -> None:
    data = revocation_list(family().intermediate)
    facts = {"Number": 12, "ExpiresAt": "", "Duration": 0}
    facts["DER"] = base64.b64encode(data).decode()
    records = _records(crl={b"crl": json.dumps(facts).encode()})
    assert records.crl_number == 12
    assert records.crl is not None
    assert x509.load_der_x509_crl(records.crl) == x509.load_der_x509_crl(data)


@pytest.mark.parametrize("entry", [b"", b"{}", b'{"Number": 1, "DER": "*"}'])
def test_a_damaged_crl_is_refused(entry: bytes) -> None:
    with pytest.raises(InputError, match="CRL is damaged"):
        _records(crl={b"crl": entry})
