"""Entries of CRLs, against another library; counted, read and taken out."""

from __future__ import annotations

from datetime import datetime

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from core.crl.issuers import SPAN, an_issuer, entries, week
from strategies import mangled
from tlsmith.core import der
from tlsmith.core.crl import (
    REASON_CODES,
    REASONS,
    RevokedEntry,
    count_entries,
    encode_entry,
    joined_entries,
    read_entries,
    reason_code,
    sign_crl,
    without_entries,
)
from tlsmith.core.crl.entry import has_removals
from tlsmith.errors import InputError

lists = st.lists(
    entries(removals=True), max_size=6, unique_by=lambda entry: entry.serial_number
)
SAMPLE = [
    RevokedEntry(number, SPAN[0], reason, date)
    for number, reason in enumerate((None, *REASONS), 1)
    for date in (None, SPAN[1])
]


def joined(some: list[RevokedEntry]) -> bytes:
    return b"".join(map(encode_entry, some))


def test_the_reasons_are_those_of_rfc_5280() -> None:
    flags = {flag.value: flag for flag in x509.ReasonFlags}
    assert set(flags) == set(REASONS)
    for name in REASONS[1:]:
        value = x509.CRLReason(flags[name]).public_bytes()
        assert value[-1] == REASON_CODES[name] == reason_code(name)


def test_another_reason_is_refused_with_those_there_are() -> None:
    with pytest.raises(InputError, match="'keycompromise'") as caught:
        encode_entry(RevokedEntry(1, SPAN[0], "keycompromise"))
    assert "keyCompromise" in str(caught.value.hint)


@pytest.mark.parametrize("number", [0, -5])
def test_a_serial_number_of_no_certificate_is_refused(number: int) -> None:
    with pytest.raises(InputError, match="not positive"):
        encode_entry(RevokedEntry(number, SPAN[0]))


@given(lists)
def test_reading_undoes_writing(some: list[RevokedEntry]) -> None:
    said = [
        entry._replace(reason=None) if entry.reason == "unspecified" else entry
        for entry in some
    ]
    assert list(read_entries(joined(some))) == said
    assert count_entries(joined(some)) == len(some)
    assert has_removals(joined(some)) == any(
        entry.reason == "removeFromCRL" for entry in some
    )


@given(lists, st.data())
def test_those_taken_out_are_gone_and_no_other(
    some: list[RevokedEntry], data: st.DataObject
) -> None:
    numbers = [entry.serial_number for entry in some]
    out = data.draw(st.sets(st.sampled_from(numbers))) if numbers else set()
    kept = [entry for entry in some if entry.serial_number not in out]
    assert without_entries(joined(some), out | {2**200}) == joined(kept)


@given(mangled(joined(SAMPLE)))
def test_reading_what_is_broken_fails_in_one_way(data: bytes) -> None:
    for read in (
        lambda: list(read_entries(data)),
        lambda: count_entries(data),
        lambda: without_entries(data, {3}),
        lambda: has_removals(data),
    ):
        try:
            read()
        except InputError:
            continue


def test_what_is_no_entry_is_refused() -> None:
    serial, date = der.integer(1), der.time(SPAN[0])
    for wrong in (
        der.sequence(serial),
        der.sequence(serial, date, der.sequence(), der.sequence()),
        der.encode(der.SET, serial, date),
        der.sequence(date, serial),
    ):
        with pytest.raises(InputError):
            list(read_entries(wrong))


@pytest.mark.parametrize("code", ["07", "0b", "0001", ""])
def test_a_reason_there_is_not_is_refused(code: str) -> None:
    good = encode_entry(RevokedEntry(1, SPAN[0], "keyCompromise"))
    value = der.encode(der.ENUMERATED, bytes.fromhex(code))
    extension = der.sequence(
        der.object_identifier("2.5.29.21"), der.octet_string(value)
    )
    wrong = der.sequence(der.integer(1), der.time(SPAN[0]), der.sequence(extension))
    assert list(read_entries(good))
    with pytest.raises(InputError, match="a reason for a revocation that is none"):
        list(read_entries(wrong))


@given(lists)
def test_another_library_reads_them_as_we_do(some: list[RevokedEntry]) -> None:
    delta = week(number=2, base_number=1)
    crl = sign_crl(an_issuer(), delta, map(encode_entry, some))
    ours = read_entries(joined_entries(crl))
    for entry, theirs in zip(ours, x509.load_der_x509_crl(crl), strict=True):
        assert entry.serial_number == theirs.serial_number
        assert entry.revocation_date == theirs.revocation_date_utc
        assert entry.reason == reason_of(theirs)
        assert entry.invalidity_date == invalidity_of(theirs)


def reason_of(entry: x509.RevokedCertificate) -> str | None:
    try:
        found = entry.extensions.get_extension_for_class(x509.CRLReason)
    except x509.ExtensionNotFound:
        return None
    return str(found.value.reason.value)


def invalidity_of(entry: x509.RevokedCertificate) -> datetime | None:
    try:
        found = entry.extensions.get_extension_for_class(x509.InvalidityDate)
    except x509.ExtensionNotFound:
        return None
    return found.value.invalidity_date_utc
