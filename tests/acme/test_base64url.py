"""Base64url, against the standard library's."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlsmith.acme.base64url import decode_base64url, encode_base64url


@given(st.binary(max_size=100))
def test_decoding_undoes_encoding(data: bytes) -> None:
    text = encode_base64url(data)
    assert text == base64.urlsafe_b64encode(data).decode().rstrip("=")
    assert decode_base64url(text) == data


@pytest.mark.parametrize(
    "text",
    [
        *("A", "AAAAA"),  # a character that is left over
        *("AA==", "AAA=", "====", "="),  # padding
        *("+A", "/A", "AA+A", "A/AA"),  # the other alphabet
        *("A A", " AAAA", "AAAA\n", "AA\tAA", "AAA\0"),  # blanks
        *("AB", "AAB", "_-9", "Zh"),  # bits left over
        *("ÄAAA", "AA\ud800A", "AAÅ", "ａａａａ", "!!!!"),  # no characters of it
    ],
)
def test_what_is_not_its_one_form_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not base64url"):
        decode_base64url(text)


@given(st.text(max_size=12))
def test_there_is_one_form_only(text: str) -> None:
    try:
        data = decode_base64url(text)
    except ValueError:
        return
    assert encode_base64url(data) == text


@given(st.text("AB_-wQ8=+", max_size=9))
def test_near_misses_are_refused_too(text: str) -> None:
    try:
        data = decode_base64url(text)
    except ValueError:
        return
    assert encode_base64url(data) == text
