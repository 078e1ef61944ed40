"""Encrypted PKCS#8 (RFC 5958 section 3) with PBES2 (RFC 8018 section 6.2).

The library's own writer stops at 2,048 rounds, which a graphics card tries millions of
times a second; a passphrase that people can remember needs more. Key derivation and
cipher are the library's, and every reader of PBES2 reads the result.
"""

import secrets

from tlsmith.core import der
from tlsmith.errors import PassphraseError

ROUNDS = 600_000  # of HMAC-SHA-256; a third of a second for whoever has the passphrase

_PBES2 = "1.2.840.113549.1.5.13"
_PBKDF2 = "1.2.840.113549.1.5.12"
_HMAC_SHA256 = "1.2.840.113549.2.9"
_AES_256_CBC = "2.16.840.1.101.3.4.1.42"


def encrypt_key(plain: bytes, passphrase: bytes) -> bytes:
    """Return the DER EncryptedPrivateKeyInfo of a DER PrivateKeyInfo.

    Raises:
        PassphraseError: the passphrase is empty.
    """
    if not passphrase:
        raise PassphraseError("an empty passphrase encrypts nothing")
    from cryptography.hazmat.primitives import hashes, padding
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

    salt, start = secrets.token_bytes(16), secrets.token_bytes(16)
    secret = PBKDF2HMAC(hashes.SHA256(), 32, salt, ROUNDS).derive(passphrase)
    padder = padding.PKCS7(128).padder()
    padded = padder.update(plain) + padder.finalize()
    encryptor = Cipher(algorithms.AES(secret), modes.CBC(start)).encryptor()
    encrypted = encryptor.update(padded) + encryptor.finalize()
    return der.sequence(_algorithm(salt, start), der.octet_string(encrypted))


def _algorithm(salt: bytes, start: bytes) -> bytes:
    derivation = der.sequence(
        der.object_identifier(_PBKDF2),
        der.sequence(
            der.octet_string(salt),
            der.integer(ROUNDS),
            der.sequence(der.object_identifier(_HMAC_SHA256), der.encode(der.NULL)),
        ),
    )
    cipher = der.sequence(der.object_identifier(_AES_256_CBC), der.octet_string(start))
    return der.sequence(der.object_identifier(_PBES2), der.sequence(derivation, cipher))
