"""Encrypted PKCS#8 (RFC 5958 section 3) with PBES2 (RFC 8018 section 6.2).

The library's own writer stops at 2,048 rounds, which a graphics card tries thousands of
times a second; a passphrase that people can remember needs more. Its reader cannot be
asked for what is inside, which ML-DSA keys need. Key derivation and cipher are the
library's, and every reader of PBES2 reads what is written here.
"""

import secrets

from tlsmith.core import der
from tlsmith.errors import InputError, PassphraseError

ROUNDS = 600_000  # of HMAC-SHA-256; a third of a second for whoever has the passphrase

_PBES2 = "1.2.840.113549.1.5.13"
_PBKDF2 = "1.2.840.113549.1.5.12"
_HMAC_SHA256 = "1.2.840.113549.2.9"
_AES_256_CBC = "2.16.840.1.101.3.4.1.42"
_AES_128_CBC = "2.16.840.1.101.3.4.1.2"


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
    secret = _derive(passphrase, salt, ROUNDS, 32)
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
        _, derivation_parameters = der.children(derivation.content)
        salt, rounds, *rest = der.children(derivation_parameters.content)
        function, _ = der.read(rest[-1].content)
        cipher_id, start = der.children(cipher.content)
    except (InputError, ValueError, IndexError):
        return None
    size = _KEY_SIZES.get(cipher_id.whole)
    known = (scheme.whole, function.whole) == _READ
    if not known or size is None or len(start.content) != 16:
        return None
    count = int.from_bytes(rounds.content, "big")
    secret = _derive(passphrase, salt.content, count, size)
    return _decipher(secret, start.content, body.content)


_KEY_SIZES = {
    der.object_identifier(_AES_256_CBC): 32,
    der.object_identifier(_AES_128_CBC): 16,
}
_READ = (der.object_identifier(_PBES2), der.object_identifier(_HMAC_SHA256))


def _derive(passphrase: bytes, salt: bytes, rounds: int, size: int) -> bytes:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

    return PBKDF2HMAC(hashes.SHA256(), size, salt, rounds).derive(passphrase)


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
