"""PBES2: what is encrypted here, the library opens, and the other way round."""

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from chains import key_of
from tlsmith.core import der
from tlsmith.core.formats.pbes2 import decrypt_key, encrypt_key
from tlsmith.errors import PassphraseError

PLAIN = key_of("p256").private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


@settings(max_examples=4)
@given(st.binary(min_size=1, max_size=100), st.binary(min_size=1, max_size=20))
def test_decrypting_undoes_encrypting(plain: bytes, passphrase: bytes) -> None:
    assert decrypt_key(encrypt_key(plain, passphrase), passphrase) == plain


def test_the_library_opens_it() -> None:
    key = load_der_private_key(encrypt_key(PLAIN, b"x"), b"x")
    assert key.public_key() == key_of("p256").public_key()


def test_what_the_library_encrypts_is_opened() -> None:
    encrypted = key_of("p256").private_bytes(
        Encoding.DER, PrivateFormat.PKCS8, BestAvailableEncryption(b"x")
    )
    assert decrypt_key(encrypted, b"x") == PLAIN


def test_a_wrong_passphrase_opens_nothing() -> None:
    encrypted = encrypt_key(PLAIN, b"right")
    assert decrypt_key(encrypted, b"wrong") != PLAIN


def test_half_a_block_opens_nothing() -> None:
    outer, _ = der.read(encrypt_key(PLAIN, b"x"))
    algorithm, body = der.children(outer.content)
    cut = der.sequence(algorithm.whole, der.octet_string(body.content[:-1]))
    assert decrypt_key(cut, b"x") is None


def test_a_start_of_another_size_opens_nothing() -> None:
    encrypted = encrypt_key(PLAIN, b"x")
    cipher = der.object_identifier("2.16.840.1.101.3.4.1.42")
    outer, _ = der.read(encrypted)
    algorithm, body = der.children(outer.content)
    scheme, schemes = der.children(algorithm.content)
    derivation, _ = der.children(schemes.content)
    short = der.sequence(cipher, der.octet_string(bytes(8)))
    whole = der.sequence(scheme.whole, der.sequence(derivation.whole, short))
    assert decrypt_key(der.sequence(whole, body.whole), b"x") is None


def test_an_empty_passphrase_is_refused() -> None:
    with pytest.raises(PassphraseError):
        encrypt_key(PLAIN, b"")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("1.2.840.113549.1.5.13", "1.2.840.113549.1.5.14"),  # another scheme
        ("1.2.840.113549.2.9", "1.2.840.113549.2.7"),  # another hash
        ("2.16.840.1.101.3.4.1.42", "2.16.840.1.101.3.4.1.22"),  # AES-192
    ],
)
def test_what_is_encrypted_otherwise_is_left_to_the_library(old: str, new: str) -> None:
    encrypted = encrypt_key(PLAIN, b"x")
    changed = encrypted.replace(der.object_identifier(old), der.object_identifier(new))
    assert changed != encrypted
    assert decrypt_key(changed, b"x") is None


@pytest.mark.parametrize("data", [b"", b"0\x00", PLAIN, b"abc"], ids=range(4))
def test_what_is_not_encrypted_is_left_alone(data: bytes) -> None:
    assert decrypt_key(data, b"x") is None
