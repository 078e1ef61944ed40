"""PKCS#12 by hand; OpenSSL 3.5 judges it in test_other_tools."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chains import family
from tlsmith.core import der
from tlsmith.core.formats import encode_pkcs12, encode_private_key, load_private_key
from tlsmith.core.formats.pkcs12_mldsa import (
    Bag,
    decode_pkcs12_by_hand,
    encode_pkcs12_by_hand,
    key_bags,
)
from tlsmith.core.keys import public_key_info
from tlsmith.errors import InputError

ONE = family("ml-dsa-44")
INFO = encode_private_key(ONE.leaf.key, der=True)
DATA = encode_pkcs12_by_hand(INFO, ONE.ders, passphrase=b"secret", name="Grüße")
PBMAC1 = der.object_identifier("1.2.840.113549.1.5.14")
ENCRYPTED_DATA = der.object_identifier("1.2.840.113549.1.7.6")


def keys(bags: list[Bag], passphrase: bytes | None) -> list[bytes]:
    found = (load_private_key(one.content, passphrase) for one in bags if one.is_key)
    return [public_key_info(key.public_key()) for key in found]


def test_what_goes_in_comes_out() -> None:
    bags = decode_pkcs12_by_hand(DATA, b"secret")
    assert [one.content for one in bags if not one.is_key] == ONE.ders
    assert [one.name for one in bags] == ["Grüße", None, None, "Grüße"]
    assert keys(bags, b"secret") == [ONE.leaf.info]
    assert len(key_bags(DATA)) == 1


def test_a_key_may_go_alone() -> None:
    data = encode_pkcs12_by_hand(INFO, [], passphrase=b"x", name="x")
    bags = decode_pkcs12_by_hand(data, b"x")
    assert keys(bags, b"x") == [ONE.leaf.info]


def test_a_wrong_passphrase_opens_nothing() -> None:
    with pytest.raises(InputError):
        decode_pkcs12_by_hand(DATA, b"wrong")


def test_what_was_changed_is_not_believed() -> None:
    """A byte of a certificate's cipher text, which the key alone would not notice."""
    place = DATA.index(ENCRYPTED_DATA) + 400
    changed = DATA[:place] + bytes([DATA[place] ^ 1]) + DATA[place + 1 :]
    with pytest.raises(InputError):
        decode_pkcs12_by_hand(changed, b"secret")


def library_writes(**more: bool) -> bytes:
    one = family()
    return encode_pkcs12(one.leaf.key, one.ders, passphrase=b"secret", name="x", **more)


def test_an_older_hash_is_left_to_the_library_to_check() -> None:
    with pytest.raises(InputError):
        decode_pkcs12_by_hand(library_writes(), b"secret")
    bags = decode_pkcs12_by_hand(library_writes(), b"secret", is_checked=True)
    assert [one.content for one in bags if not one.is_key] == family().ders
    assert keys(bags, b"secret") == [family().leaf.info]
    with pytest.raises(InputError):
        decode_pkcs12_by_hand(library_writes(), b"wrong", is_checked=True)


def test_the_older_encryption_is_left_to_the_library() -> None:
    with pytest.raises(InputError):
        decode_pkcs12_by_hand(library_writes(legacy=True), b"secret", is_checked=True)


def test_without_a_hash_and_with_bags_of_no_interest_it_is_read() -> None:
    plain = der.sequence(
        der.object_identifier("1.2.840.113549.1.12.10.1.1"),
        der.context(0, INFO, constructed=True),
    )
    secret = der.sequence(
        der.object_identifier("1.2.840.113549.1.12.10.1.5"),
        der.context(0, der.octet_string(b"?"), constructed=True),
        der.encode(
            der.SET,
            der.sequence(der.object_identifier("1.2.3"), der.encode(der.SET)),
        ),
    )
    data = pfx(der.sequence(content_info(der.sequence(plain, secret))))
    opened = decode_pkcs12_by_hand(data, b"", is_checked=True)
    assert opened == [Bag(True, INFO, None)]
    assert key_bags(data) == [INFO]


def content_info(content: bytes, kind: str = "1.2.840.113549.1.7.1") -> bytes:
    octets = der.context(0, der.octet_string(content), constructed=True)
    return der.sequence(der.object_identifier(kind), octets)


def pfx(safe: bytes, *mac: bytes) -> bytes:
    return der.sequence(der.integer(3), content_info(safe), *mac)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"0\x00",
        DATA[:-5],
        pfx(der.sequence(content_info(b"", "1.2.840.113549.1.7.3"))),
        pfx(der.sequence(), der.sequence(der.sequence(der.sequence(PBMAC1)))),
        DATA.replace(
            der.object_identifier("1.2.840.113549.2.9"), b"\x06\x08" + b"*" * 8
        ),
    ],
    ids=["empty", "bare", "cut", "enveloped", "no parameters", "another hash"],
)
def test_what_is_damaged_or_something_else_is_an_error(data: bytes) -> None:
    with pytest.raises(InputError, match="damaged, or encrypted in a way"):
        decode_pkcs12_by_hand(data, b"secret", is_checked=True)


def test_a_hash_without_parameters_is_an_error() -> None:
    digest = der.sequence(der.sequence(PBMAC1), der.octet_string(b"x"))
    with pytest.raises(InputError):
        decode_pkcs12_by_hand(pfx(der.sequence(), der.sequence(digest)), b"x")


@settings(max_examples=200)
@given(st.integers(0, len(DATA) - 1), st.binary(max_size=3))
def test_changed_anywhere_it_is_refused_or_the_same(place: int, data: bytes) -> None:
    changed = DATA[:place] + data + DATA[place + len(data) :]
    assert isinstance(key_bags(changed), list)
