"""ML-DSA keys as OpenSSL writes them: seed and expanded key together."""

import hashlib
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from chains import key_of
from tlsmith.core import der
from tlsmith.core.formats import encode_private_key, load_private_key
from tlsmith.core.formats.pbes2 import encrypt_key
from tlsmith.core.keys import public_key_info
from tlsmith.errors import InputError, PassphraseError

ARC = {"ml-dsa-44": 17, "ml-dsa-65": 18, "ml-dsa-87": 19}
SIZE = {"ml-dsa-44": 2560, "ml-dsa-65": 4032, "ml-dsa-87": 4896}


def expanded(key: Any, kind: str) -> bytes:
    """The parts of an expanded key that tell whose it is; the rest is zero."""
    raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    start = raw[:32] + bytes(32) + hashlib.shake_256(raw).digest(64)
    return start + bytes(SIZE[kind] - len(start))


def both_forms(key: Any, kind: str, seed_tag: int = der.OCTET_STRING) -> bytes:
    body = der.sequence(
        der.encode(seed_tag, key.private_bytes_raw()),
        der.octet_string(expanded(key, kind)),
    )
    return private_key_info(kind, body)


def private_key_info(kind: str, body: bytes) -> bytes:
    algorithm = der.sequence(der.object_identifier(f"2.16.840.1.101.3.4.3.{ARC[kind]}"))
    return der.sequence(der.integer(0), algorithm, der.octet_string(body))


@pytest.mark.parametrize("kind", ARC)
@pytest.mark.parametrize("seed_tag", [der.OCTET_STRING, 0x80])  # the draft had 0x80
def test_a_key_in_both_forms_is_read(kind: str, seed_tag: int) -> None:
    key = key_of(kind)
    read = load_private_key(both_forms(key, kind, seed_tag))
    assert public_key_info(read.public_key()) == public_key_info(key.public_key())


def test_a_key_in_both_forms_is_read_where_it_is_encrypted() -> None:
    key = key_of("ml-dsa-65")
    data = encrypt_key(both_forms(key, "ml-dsa-65"), b"secret")
    read = load_private_key(data, b"secret")
    assert public_key_info(read.public_key()) == public_key_info(key.public_key())
    with pytest.raises(PassphraseError):
        load_private_key(data, b"wrong")


def test_halves_of_different_keys_are_refused() -> None:
    data = bytearray(both_forms(key_of("ml-dsa-44"), "ml-dsa-44"))
    data[150] ^= 1  # in the hash of the public key
    with pytest.raises(InputError, match="do not belong together"):
        load_private_key(bytes(data))
    with pytest.raises(InputError, match="do not belong together"):
        load_private_key(encrypt_key(bytes(data), b"secret"), b"secret")


def test_a_key_without_its_seed_is_said_to_lack_it() -> None:
    body = der.octet_string(expanded(key_of("ml-dsa-44"), "ml-dsa-44"))
    with pytest.raises(InputError, match="ML-DSA-44 key has no seed") as caught:
        load_private_key(private_key_info("ml-dsa-44", body))
    assert caught.value.code == "unsupported-key"


@pytest.mark.parametrize(
    "body", [b"", der.sequence(), der.sequence(der.integer(1)), der.integer(1)]
)
def test_what_is_neither_is_refused(body: bytes) -> None:
    with pytest.raises(InputError):
        load_private_key(private_key_info("ml-dsa-87", body))


def test_what_we_write_holds_the_seed_alone() -> None:
    assert len(encode_private_key(key_of("ml-dsa-87"), der=True)) < 60
