"""Keys kept encrypted, in a file or in the database, and opened into memory."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import unquote

from tlsmith.core.formats.keyfile import encode_private_key, load_private_key
from tlsmith.core.keys import public_key_info, signer_of
from tlsmith.errors import InputError, PassphraseError, SignerError

if TYPE_CHECKING:
    from tlsmith.core.keys import PrivateKey

_ENCRYPTED = (b"-----BEGIN ENCRYPTED PRIVATE KEY-----", b"Proc-Type: 4,ENCRYPTED")


class EncryptedKeySigner:
    """A signer whose key is in this process's memory.

    The file or row it came from is read once: signing goes on without it.
    """

    def __init__(self, uri: str, key: PrivateKey) -> None:
        self.uri = uri
        self.public_key_info = public_key_info(key.public_key())
        self.algorithm, self._sign = signer_of(key)

    def sign(self, data: bytes) -> bytes:
        """Return the signature over `data`.

        Raises:
            SignerError: the signer was closed.
        """
        return self._sign(data)

    def close(self) -> None:
        """Drop the key."""

        def refuse(_: bytes) -> bytes:
            raise SignerError(
                f"the signer of the key {self.uri!r} was closed",
                key=self.uri,
                code="signer-closed",
            )

        self._sign = refuse


def encrypt_key(private_key: PrivateKey, passphrase: bytes | None) -> bytes:
    """Return a private key as encrypted PKCS#8, PEM.

    PBES2 with AES-256 and 600,000 rounds of PBKDF2 (RFC 8018 section 6.2).

    Raises:
        PassphraseError: the passphrase is missing or empty.
    """
    if not passphrase:
        raise PassphraseError(
            "a CA's key is kept encrypted, and no passphrase was given",
            code="passphrase-needed",
            hint="put one in a file: TLSMITH_PASSPHRASE_FILE names it",
        )
    return encode_private_key(private_key, passphrase)


def decrypt_signer(
    uri: str, material: bytes, passphrase: bytes | None
) -> EncryptedKeySigner:
    """Return the signer of an encrypted key.

    Raises:
        PassphraseError: it is missing or wrong.
        InputError: that is no key, or one that is not encrypted.
    """
    if not any(mark in material for mark in _ENCRYPTED):
        raise InputError(
            f"the key {uri!r} is not encrypted, or no private key in PEM",
            code="key-not-encrypted",
            hint="adopt it with a passphrase: `tlsmith ca init --adopt`",
        )
    try:
        return EncryptedKeySigner(uri, load_private_key(material, passphrase))
    except PassphraseError as error:
        missing = not passphrase
        raise PassphraseError(
            f"the key {uri!r} is encrypted, and no passphrase was given"
            if missing
            else f"the passphrase does not open the key {uri!r}",
            code=error.code,
            hint=error.hint,
        ) from error
    except InputError as error:
        raise InputError(
            f"the key {uri!r}: {error.message}", code=error.code, hint=error.hint
        ) from error


def path_of(uri: str) -> str:
    """Return the absolute path in a `file:` address (RFC 8089, and without slashes).

    Raises:
        InputError: it names no file, or one of another machine.
    """
    rest = uri.removeprefix("file:")
    if rest.startswith("//"):
        host, slash, path = rest[2:].partition("/")
        if host not in ("", "localhost"):
            raise InputError(
                f"the address {uri!r} names a file of another machine",
                hint="write file:PATH",
            )
        rest = unquote(slash + path)
    if not rest:
        raise InputError(f"the address {uri!r} names no file", hint="write file:PATH")
    return os.path.abspath(rest)
