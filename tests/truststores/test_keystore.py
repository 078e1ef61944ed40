"""Reading keystores without Java."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlsmith.truststores.keystore import (
    content_digest,
    hides_certificates,
    open_pkcs12,
    trusted_entries,
)
from truststores.worlds import encode_jks

ENTRIES = st.dictionaries(st.text("abcdefé:.-1", max_size=9), st.binary(max_size=40))


@given(ENTRIES)
def test_what_is_written_is_read(entries: dict[str, bytes]) -> None:
    assert trusted_entries(encode_jks(entries)) == entries


@given(ENTRIES)
def test_order_makes_no_difference_to_what_it_says(entries: dict[str, bytes]) -> None:
    other = dict(reversed(entries.items()))
    assert content_digest(encode_jks(entries)) == content_digest(encode_jks(other))


def test_another_certificate_does() -> None:
    one, other = encode_jks({"a": b"1"}), encode_jks({"a": b"2"})
    assert content_digest(one) != content_digest(other)
    assert content_digest(one) != content_digest(encode_jks({"b": b"1"}))


@given(ENTRIES, st.integers(0, 200))
def test_a_file_cut_short_is_no_keystore(entries: dict[str, bytes], at: int) -> None:
    data = encode_jks(entries)
    assert trusted_entries(data[:at][:-1]) is None
    assert trusted_entries(data + b"more") is None


@given(st.binary(max_size=100))
def test_other_files_count_as_their_bytes(data: bytes) -> None:
    assert trusted_entries(data) is None
    assert not content_digest(data).startswith("jks")


def test_one_with_a_key_is_not_read() -> None:
    data = bytearray(encode_jks({"a": b"1"}))
    data[15] = 1  # the kind of its first entry: a key
    assert trusted_entries(bytes(data)) is None


def test_an_alias_that_is_not_text_is_not_read() -> None:
    data = encode_jks({"a": b"1"}).replace(b"\x00\x01a", b"\x00\x01\xff")
    assert trusted_entries(data) is None


def test_what_is_no_pkcs12_does_not_open() -> None:
    assert not hides_certificates(b"in clear")
    with pytest.raises(ValueError, match="PKCS12"):
        open_pkcs12(b"nothing of the kind", b"changeit")
