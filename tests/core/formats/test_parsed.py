"""What the library cannot read becomes one clear error."""

from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import x25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from chains import EVERY_KIND, family, key_of, request, revocation_list
from tlsmith.core import der
from tlsmith.core.formats.parsed import (
    check_crl,
    check_request,
    held_certificate,
    held_key,
    load_public_key,
)
from tlsmith.core.keys import public_key_info
from tlsmith.errors import InputError

READERS: list[Callable[[bytes], Any]] = [
    lambda data: held_certificate(data, "x"),
    lambda data: check_request(data, "x"),
    lambda data: check_crl(data, "x"),
    lambda data: load_public_key(data, "spki", "x"),
]


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_good_ones_come_back(kind: str) -> None:
    one = family(kind)
    assert held_certificate(one.leaf.der, "x", "name").alias == "name"
    assert held_key(one.leaf.key, "x").info == one.leaf.info
    csr = request(one.leaf.key)
    assert check_request(csr, "x") == csr
    assert load_public_key(one.leaf.info, "spki", "x") == one.leaf.info


def test_a_revocation_list_comes_back() -> None:
    data = revocation_list(family().root)
    assert check_crl(data, "x") == data


def test_public_keys_are_read_in_every_form() -> None:
    key = key_of("rsa2048").public_key()
    pkcs1 = key.public_bytes(Encoding.DER, PublicFormat.PKCS1)
    line = key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    info = public_key_info(key)
    assert load_public_key(pkcs1, "pkcs1", "x") == info
    assert load_public_key(line, "openssh", "x") == info


def test_a_key_that_only_agrees_on_secrets_has_a_public_half() -> None:
    key: Any = x25519.X25519PrivateKey.generate()
    assert held_key(key, "x").info


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("data", [b"", b"0\x00", b"hello", bytes(40)])
def test_others_are_damaged(reader: Callable[[bytes], Any], data: bytes) -> None:
    with pytest.raises(InputError, match="in x cannot be read"):
        reader(data)


@given(st.data())
def test_a_spoilt_certificate_is_read_or_refused(data: st.DataObject) -> None:
    spoilt = bytearray(family().leaf.der)
    for place in data.draw(st.lists(st.integers(0, len(spoilt) - 1), max_size=3)):
        spoilt[place] = data.draw(st.integers(0, 255))
    try:
        held = held_certificate(bytes(spoilt), "x")
    except InputError:
        return
    held.parsed.issuer.public_bytes()


def test_a_version_nobody_knows_is_refused() -> None:
    version = der.context(0, der.integer(2), constructed=True)
    wrong = der.context(0, der.integer(66), constructed=True)
    with pytest.raises(InputError):
        held_certificate(family().leaf.der.replace(version, wrong, 1), "x")
