"""Private keys: written as PKCS#8, read in every form there is."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import x25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
    load_pem_private_key,
)

from chains import family, key_of
from tlsmith.core import der
from tlsmith.core.formats import (
    encode_pem,
    encode_private_key,
    load_private_key,
    split_pem,
)
from tlsmith.core.keys import KINDS, public_key_info
from tlsmith.errors import InputError, PassphraseError


def same(one: Any, other: Any) -> bool:
    return public_key_info(one.public_key()) == public_key_info(other.public_key())


def traditional(kind: str, encryption: Any) -> bytes:
    data: bytes = key_of(kind).private_bytes(
        Encoding.PEM, PrivateFormat.TraditionalOpenSSL, encryption
    )
    return data


@pytest.mark.parametrize("kind", [*KINDS, "ed448"])
def test_the_library_reads_every_kind_we_write(kind: str) -> None:
    key = key_of(kind)
    pem = encode_private_key(key)
    assert same(load_pem_private_key(pem, None), key)
    assert same(load_private_key(encode_private_key(key, b"x", der=True), b"x"), key)


@pytest.mark.parametrize("kind", ["p256", "ml-dsa-44"])
@pytest.mark.parametrize("as_der", [True, False])
@pytest.mark.parametrize("passphrase", [None, "pässwörd".encode()])
def test_every_form_is_read_back(
    kind: str, as_der: bool, passphrase: bytes | None
) -> None:
    key = key_of(kind)
    data = encode_private_key(key, passphrase, der=as_der)
    load = load_der_private_key if as_der else load_pem_private_key
    assert same(load(data, passphrase), key)
    assert same(load_private_key(data, passphrase), key)


def test_an_encrypted_key_takes_many_rounds_and_a_new_salt_each_time() -> None:
    one, other = (encode_private_key(key_of("p256"), b"x", der=True) for _ in "ab")
    assert one != other
    assert der.integer(600_000) in one


def test_an_empty_passphrase_encrypts_nothing() -> None:
    with pytest.raises(PassphraseError, match="empty"):
        encode_private_key(key_of("p256"), b"")


@pytest.mark.parametrize("kind", ["p256", "rsa2048"])
@pytest.mark.parametrize(
    "encryption", [NoEncryption(), BestAvailableEncryption(b"secret")]
)
def test_keys_older_than_pkcs8_are_read(kind: str, encryption: Any) -> None:
    data = traditional(kind, encryption)
    assert same(load_private_key(data, b"secret"), key_of(kind))


def test_a_key_behind_parameters_and_a_certificate_is_found() -> None:
    curve = der.object_identifier("1.3.132.0.34")
    parameters = encode_pem("EC PARAMETERS", curve)
    data = parameters + family().leaf.pem + traditional("p384", NoEncryption())
    assert same(load_private_key(data), key_of("p384"))


def test_a_key_of_openssh_is_read() -> None:
    key = key_of("ed25519")
    data = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    assert same(load_private_key(data), key)


def test_a_key_that_cannot_sign_is_read_all_the_same() -> None:
    key = x25519.X25519PrivateKey.generate()
    data = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    assert isinstance(load_private_key(data), x25519.X25519PrivateKey)


def test_a_passphrase_that_is_not_needed_does_no_harm() -> None:
    assert same(load_private_key(family().leaf.key_pem, b"x"), family().leaf.key)


@pytest.mark.parametrize("passphrase", [None, b""])
def test_an_encrypted_key_asks_for_its_passphrase(passphrase: bytes | None) -> None:
    data = encode_private_key(key_of("p256"), b"right")
    with pytest.raises(PassphraseError) as caught:
        load_private_key(data, passphrase)
    assert caught.value.code == "passphrase-needed"


@pytest.mark.parametrize("old", [True, False])
def test_a_wrong_passphrase_is_said_to_be_wrong(old: bool) -> None:
    data = encode_private_key(key_of("rsa2048"), b"right")
    if old:
        data = traditional("rsa2048", BestAvailableEncryption(b"right"))
    with pytest.raises(PassphraseError, match="does not open") as caught:
        load_private_key(data, b"wrong")
    assert caught.value.code == "bad-passphrase"


def test_a_file_without_a_private_key_is_said_to_have_none() -> None:
    with pytest.raises(InputError, match="no private key") as caught:
        load_private_key(family().leaf.pem)
    assert caught.value.code == "no-private-key"


@pytest.mark.parametrize(
    "data", [b"", b"hello", b"0\x03\x02\x01\x00", b"-----BEGIN PRIVATE KEY"]
)
def test_what_is_no_key_is_refused(data: bytes) -> None:
    with pytest.raises(InputError):
        load_private_key(data)


def test_a_damaged_key_is_refused_without_showing_it() -> None:
    data = encode_private_key(key_of("p256"), der=True)
    with pytest.raises(InputError, match="cannot be read") as caught:
        load_private_key(data[:-20] + bytes(20))
    assert data.hex() not in str(caught.value)


def test_a_block_that_is_no_base64_is_refused() -> None:
    bad = b"-----BEGIN PRIVATE KEY-----\n!!!\n-----END PRIVATE KEY-----\n"
    with pytest.raises(InputError, match="cannot be read"):
        load_private_key(bad)


def test_an_old_encryption_nobody_knows_is_named_in_the_hint() -> None:
    data = traditional("rsa2048", BestAvailableEncryption(b"x"))
    start = data.index(b"DEK-Info: ") + 10
    other = data[:start] + b"IDEA-CBC," + b"AB" * 16 + data[data.index(b"\n", start) :]
    with pytest.raises(PassphraseError) as caught:
        load_private_key(other, b"x")
    assert "not supported" in str(caught.value.hint)


def test_an_encryption_of_openssh_nobody_knows_is_said_to_be_unsupported() -> None:
    key = key_of("ed25519")
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    ((label, content),) = split_pem(pem)
    other = encode_pem(label, content.replace(b"\x04none", b"\x04nope"))
    with pytest.raises(InputError) as caught:
        load_private_key(other)
    assert caught.value.code == "unsupported-key"


def string(data: bytes) -> bytes:
    """Octets as SSH writes them (RFC 4251 section 5)."""
    return len(data).to_bytes(4, "big") + data


def test_an_encrypted_key_of_openssh_asks_for_its_passphrase_then_for_help() -> None:
    """The library opens one only where the package bcrypt is there."""
    options = string(bytes(16)) + (16).to_bytes(4, "big")
    parts = (b"aes256-ctr", b"bcrypt", options)
    content = b"openssh-key-v1\0" + b"".join(string(part) for part in parts)
    public = key_of("ed25519").public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    blob = string(string(b"ssh-ed25519") + string(public))
    content += (1).to_bytes(4, "big") + blob + string(bytes(64))
    encrypted = encode_pem("OPENSSH PRIVATE KEY", content)
    with pytest.raises(PassphraseError):
        load_private_key(encrypted)
    with pytest.raises(InputError) as caught:
        load_private_key(encrypted, b"x")
    assert caught.value.hint


def test_a_curve_nobody_knows_is_said_to_be_unsupported() -> None:
    data = encode_private_key(key_of("p256"), der=True)
    p256 = der.object_identifier("1.2.840.10045.3.1.7")
    other = der.object_identifier("1.2.840.10045.3.1.5")
    with pytest.raises(InputError):
        load_private_key(data.replace(p256, other))


def test_rounds_nobody_would_wait_for_are_refused_before_they_start() -> None:
    outer, _ = der.read(encode_private_key(key_of("p256"), b"x", der=True))
    algorithm, body = der.children(outer.content)
    scheme, parameters = der.children(algorithm.content)
    derivation, cipher = der.children(parameters.content)
    pbkdf2, settings = der.children(derivation.content)
    salt, _, function = der.children(settings.content)
    slow = der.sequence(salt.whole, der.integer(2**31 - 1), function.whole)
    scheme_settings = der.sequence(der.sequence(pbkdf2.whole, slow), cipher.whole)
    data = der.sequence(der.sequence(scheme.whole, scheme_settings), body.whole)
    with pytest.raises(InputError) as caught:
        load_private_key(data, b"x")
    assert caught.value.code == "too-many-rounds"


@pytest.mark.parametrize(
    "header", [b"AES-128-CBC,AB", b"DES-EDE3-CBC,AABB", b"DES-EDE3-CBC,"]
)
def test_a_header_cut_short_is_an_error_not_a_panic(header: bytes) -> None:
    data = traditional("rsa2048", BestAvailableEncryption(b"x"))
    start = data.index(b"DEK-Info: ") + 10
    cut = data[:start] + header + data[data.index(b"\n", start) :]
    with pytest.raises(InputError, match="DEK-Info"):
        load_private_key(cut, b"x")
