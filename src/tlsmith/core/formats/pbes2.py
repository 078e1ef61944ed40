"""Encrypted PKCS#8 (RFC 5958 section 3) with PBES2 (RFC 8018 section 6.2).

The library's own writer stops at 2,048 rounds, which a graphics card tries thousands of
times a second; a passphrase that people can remember needs more. Its reader cannot be
asked for what is inside, which ML-DSA keys need. Key derivation and cipher are the
library's, and every reader of PBES2 reads what is written here.
"""

from __future__ import annotations

import secrets

from tlsmith.core import der
from tlsmith.core.formats.pbkdf2 import (
    ROUNDS,
    decode_derivation,
    derive,
    encode_derivation,
)
from tlsmith.errors import PassphraseError

_PBES2 = der.object_identifier("1.2.840.113549.1.5.13")
_AES_256_CBC = der.object_identifier("2.16.840.1.101.3.4.1.42")
_AES_128_CBC = der.object_identifier("2.16.840.1.101.3.4.1.2")
_KEY_SIZES = {_AES_256_CBC: 32, _AES_128_CBC: 16}
_BLOCK = 16


def encrypt_key(plain: bytes, passphrase: bytes) -> bytes:
    """Return the DER EncryptedPrivateKeyInfo of a DER PrivateKeyInfo.

    Raises:
        PassphraseError: the passphrase is empty.
    """
    if not passphrase:
        raise PassphraseError("an empty passphrase encrypts nothing")
    from cryptography.hazmat.primitives import padding
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    salt, start = secrets.token_bytes(16), secrets.token_bytes(16)
    secret = derive(passphrase, salt, ROUNDS, _KEY_SIZES[_AES_256_CBC])
    padder = padding.PKCS7(128).padder()
    padded = padder.update(plain) + padder.finalize()
    encryptor = Cipher(algorithms.AES(secret), modes.CBC(start)).encryptor()
    encrypted = encryptor.update(padded) + encryptor.finalize()
    return der.sequence(_algorithm(salt, start), der.octet_string(encrypted))


def _algorithm(salt: bytes, start: bytes) -> bytes:
    cipher = der.sequence(_AES_256_CBC, der.octet_string(start))
    schemes = der.sequence(encode_derivation(salt, ROUNDS), cipher)
    return der.sequence(_PBES2, schemes)


def decrypt_key(encrypted: bytes, passphrase: bytes) -> bytes | None:
    """Return the PrivateKeyInfo of an EncryptedPrivateKeyInfo.

    None where it is encrypted in another way than PBKDF2 with HMAC-SHA-256 and AES in
    CBC mode, which is what OpenSSL and we write, or the passphrase does not open it.
    """
    try:
        outer, _ = der.read(encrypted)
        algorithm, body = der.children(outer.content)
        scheme, parameters = der.children(algorithm.content)
        derivation, cipher = der.children(parameters.content)
        found = decode_derivation(derivation)
        cipher_id, start = der.children(cipher.content)
    except ValueError:
        return None
    size = _KEY_SIZES.get(cipher_id.whole)
    if scheme.whole != _PBES2 or found is None or size is None:
        return None
    if len(start.content) != _BLOCK:
        return None
    secret = derive(passphrase, found.salt, found.rounds, size)
    return _decipher(secret, start.content, body.content)


def _decipher(secret: bytes, start: bytes, encrypted: bytes) -> bytes | None:
    from cryptography.hazmat.primitives import padding
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    decryptor = Cipher(algorithms.AES(secret), modes.CBC(start)).decryptor()
    unpadder = padding.PKCS7(128).unpadder()
    try:
        padded = decryptor.update(encrypted) + decryptor.finalize()
        return unpadder.update(padded) + unpadder.finalize()
    except ValueError:
        return None
