"""A file cannot make us derive keys for years."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chains import family, key_of
from tlsmith.core import der
from tlsmith.core.formats import encode_pkcs12, encode_private_key
from tlsmith.core.formats.rounds import MOST_ROUNDS, check_rounds
from tlsmith.errors import InputError


def salted(rounds: int) -> bytes:
    return der.sequence(der.octet_string(b"salt"), der.integer(rounds))


@pytest.mark.parametrize("rounds", [1, 2048, 600_000, MOST_ROUNDS])
def test_rounds_people_use_pass(rounds: int) -> None:
    check_rounds(der.sequence(salted(rounds)))


@pytest.mark.parametrize("rounds", [MOST_ROUNDS + 1, 2**31 - 1, 2**2000])
def test_more_than_anyone_would_wait_for_is_refused(rounds: int) -> None:
    with pytest.raises(InputError) as caught:
        check_rounds(der.sequence(salted(rounds)))
    assert caught.value.code == "too-many-rounds"


def test_rounds_inside_octets_are_found_as_in_pkcs12() -> None:
    with pytest.raises(InputError):
        check_rounds(der.sequence(der.octet_string(der.sequence(salted(2**30)))))


def test_what_we_write_passes() -> None:
    one = family()
    check_rounds(encode_private_key(key_of("p256"), b"x", der=True))
    check_rounds(encode_pkcs12(one.leaf.key, one.ders, passphrase=b"x", name="x"))


def test_nesting_has_an_end() -> None:
    data = salted(2**30)
    for _ in range(200):
        data = der.sequence(data)
    check_rounds(data)


@given(st.binary(max_size=200))
def test_anything_passes_or_is_refused(data: bytes) -> None:
    with contextlib.suppress(InputError):
        check_rounds(data)
