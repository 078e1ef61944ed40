"""Reading CRLs, against another parser, on our own, others' and broken ones."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from core.crl.issuers import SPAN, an_issuer, entries, week
from strategies import key_of_kind, mangled
from tlsmith.core import der, oid
from tlsmith.core.crl import (
    RevokedEntry,
    crl_number,
    encode_entry,
    joined_entries,
    sign_crl,
    view_crl,
)
from tlsmith.errors import InputError

SAMPLE = sign_crl(
    an_issuer("ed25519"),
    week(number=9, base_number=4, distribution_point=("http://a.test/1",)),
    [encode_entry(RevokedEntry(number, SPAN[0])) for number in (5, 6, 7000)],
)
MOMENT = der.time(SPAN[0])
NAME, ALGORITHM = an_issuer().view.subject, an_issuer().signing_key.algorithm


@given(st.lists(entries(), max_size=5), st.booleans())
def test_it_says_what_another_parser_reads(
    listed: list[RevokedEntry], is_delta: bool
) -> None:
    wanted = week(number=2**70, base_number=3 if is_delta else None)
    encoded = list(map(encode_entry, listed))
    crl = sign_crl(an_issuer(), wanted, encoded)
    view, theirs = view_crl(crl), x509.load_der_x509_crl(crl)
    assert view.issuer == theirs.issuer.public_bytes()
    assert view.this_update == theirs.last_update_utc == wanted.this_update
    assert view.next_update == theirs.next_update_utc == wanted.next_update
    assert view.number == crl_number(crl) == wanted.number
    assert view.base_number == wanted.base_number
    assert view.entries == joined_entries(crl) == b"".join(encoded)
    assert view.entry_count == len(theirs) == len(listed)
    assert view.der == crl
    oids = {der.object_identifier(one.oid.dotted_string) for one in theirs.extensions}
    assert set(view.extensions) == oids


def test_entries_that_are_kept_and_added_to_make_the_next_list() -> None:
    first = sign_crl(
        an_issuer(),
        week(),
        [encode_entry(RevokedEntry(number, SPAN[0])) for number in (1, 2)],
    )
    more = encode_entry(RevokedEntry(3, SPAN[1], "superseded"))
    second = sign_crl(an_issuer(), week(number=2), joined_entries(first) + more)
    read = x509.load_der_x509_crl(second)
    assert [one.serial_number for one in read] == [1, 2, 3]


def test_a_list_of_another_library_without_a_number_is_read() -> None:
    key = key_of_kind("p256")
    builder = x509.CertificateRevocationListBuilder(
        x509.Name([]), datetime(2026, 1, 1), datetime(2026, 1, 2)
    )
    crl = builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)
    view = view_crl(crl)
    assert (view.number, view.base_number, view.extensions) == (None, None, {})
    assert view.next_update == view.this_update + timedelta(1)
    assert view.entries == b""


def made(*fields: bytes, whole: bytes | None = None) -> bytes:
    tbs = der.sequence(*fields) if whole is None else whole
    return der.sequence(tbs, ALGORITHM, der.bit_string(b"x"))


def test_one_of_version_1_has_no_extensions_and_maybe_no_end() -> None:
    entry = encode_entry(RevokedEntry(1, SPAN[0]))
    view = view_crl(made(ALGORITHM, NAME, MOMENT, der.sequence(entry)))
    assert (view.number, view.next_update, view.entries) == (None, None, entry)


NUMBER = der.sequence(
    der.object_identifier(oid.CRL_NUMBER), der.octet_string(der.integer(1))
)
TWICE = der.context(0, der.sequence(NUMBER, NUMBER), constructed=True)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "not one SEQUENCE"),
        (der.integer(1), "not one SEQUENCE"),
        (SAMPLE + b"\5\0", "not one SEQUENCE"),
        (SAMPLE[:-1], "cut short"),
        (an_issuer().certificate, "more fields"),
        (der.sequence(der.sequence(), ALGORITHM), "three parts"),
        (made(), "not those of RFC 5280"),
        (made(der.integer(0), ALGORITHM, NAME, MOMENT), "not version"),
        (made(der.integer(1), ALGORITHM, NAME), "not those of RFC 5280"),
        (made(ALGORITHM, NAME, MOMENT, der.integer(1)), "not those of RFC 5280"),
        (made(*[der.encode(der.NULL)] * 9), "more fields"),
        (made(ALGORITHM, NAME, MOMENT, TWICE), "the same extension twice"),
        (made(ALGORITHM, NAME, der.encode(der.UTC_TIME, b"x")), "not a time"),
    ],
)
def test_what_is_no_list_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(InputError, match=f"not a CRL: .*{why}"):
        view_crl(data)


@given(mangled(SAMPLE) | st.binary(max_size=60))
def test_reading_what_is_broken_fails_in_one_way(data: bytes) -> None:
    try:
        view = view_crl(data)
        assert joined_entries(data) == view.entries
        assert view.entries in data
        assert view.entry_count <= len(view.entries)
        assert view.number is None or isinstance(view.base_number, int | None)
    except InputError:
        return
