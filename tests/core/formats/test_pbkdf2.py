"""PBKDF2, against Python's own, and what is written of it."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlsmith.core import der
from tlsmith.core.formats.pbkdf2 import (
    HMAC_SHA256,
    Derivation,
    decode_derivation,
    derive,
    encode_derivation,
)
from tlsmith.errors import InputError


@given(st.binary(min_size=1), st.binary(max_size=32), st.integers(1, 64))
def test_keys_are_those_python_derives(word: bytes, salt: bytes, size: int) -> None:
    expected = hashlib.pbkdf2_hmac("sha256", word, salt, 10, size)
    assert derive(word, salt, 10, size) == expected


@given(
    st.binary(max_size=32),
    st.integers(1, 10**7),
    st.none() | st.integers(1, 64),
)
def test_decoding_undoes_encoding(salt: bytes, rounds: int, size: int | None) -> None:
    element, _ = der.read(encode_derivation(salt, rounds, size))
    assert decode_derivation(element) == Derivation(salt, rounds, size)


def derivation(function: bytes, kind: str = "1.2.840.113549.1.5.12") -> der.Element:
    parameters = der.sequence(der.octet_string(b"salt"), der.integer(5), function)
    return der.read(der.sequence(der.object_identifier(kind), parameters))[0]


def test_other_functions_and_other_schemes_are_none_of_ours() -> None:
    sha1 = der.sequence(der.object_identifier("1.2.840.113549.2.7"))
    sha256 = der.sequence(HMAC_SHA256)
    assert decode_derivation(derivation(b"")) is None  # HMAC-SHA-1, by default
    assert decode_derivation(derivation(sha1)) is None
    assert decode_derivation(derivation(sha256, "1.3.6.1.4.1.11591.4.11")) is None
    assert decode_derivation(derivation(sha256)) == Derivation(b"salt", 5, None)


@pytest.mark.parametrize("size", [0, 65, 2**40])
def test_a_size_for_nothing_we_know_is_refused(size: int) -> None:
    element, _ = der.read(encode_derivation(b"", 1, size))
    with pytest.raises(InputError):
        decode_derivation(element)
