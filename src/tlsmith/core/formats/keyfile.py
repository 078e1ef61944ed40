"""Private keys: written as PKCS#8 (RFC 5958), read in any form.

The rarer forms are imported when one is met: every `tlsmith make` comes by here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tlsmith.core.formats.pem import encode_pem, split_pem
from tlsmith.errors import InputError, PassphraseError

if TYPE_CHECKING:
    from tlsmith.core.keys import PrivateKey

_DEK_INFO = re.compile(rb"^DEK-Info:\s*([^,\s]*)\s*,?\s*([0-9A-Fa-f]*)", re.MULTILINE)


def encode_private_key(
    key: PrivateKey, passphrase: bytes | None = None, *, der: bool = False
) -> bytes:
    """Return a private key as PKCS#8, in PEM or DER.

    Args:
        passphrase: encrypts it (PBES2: PBKDF2 with HMAC-SHA-256, AES-256-CBC).

    Raises:
        PassphraseError: the passphrase is empty.
    """
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    plain = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    if passphrase is None:
        return plain if der else encode_pem("PRIVATE KEY", plain)
    from tlsmith.core.formats.pbes2 import encrypt_key

    encrypted = encrypt_key(plain, passphrase)
    return encrypted if der else encode_pem("ENCRYPTED PRIVATE KEY", encrypted)


def load_private_key(data: bytes, passphrase: bytes | None = None) -> PrivateKey:
    """Return the private key in `data`: PEM or DER, PKCS#8, PKCS#1, SEC 1 or OpenSSH.

    Of a PEM file the first private key is taken. A passphrase that is not needed does
    no harm.

    Raises:
        PassphraseError: it is encrypted, and the passphrase is missing or wrong.
        InputError: there is no private key, or none that can be read.
    """
    block = _key_block(data)
    try:
        return _load(block, None)
    except TypeError:  # what the library raises for an encrypted key without one
        return _load_encrypted(block, passphrase)
    except Exception as error:
        raise _refusal(error) from error


def _load_encrypted(block: bytes, passphrase: bytes | None) -> PrivateKey:
    if not passphrase:
        raise PassphraseError(
            "the private key is encrypted, and no passphrase was given",
            code="passphrase-needed",
            hint="give its passphrase",
        )
    from tlsmith.core.formats.rounds import check_rounds

    check_rounds(_contents(block))
    _check_start(block)
    try:
        return _load(block, passphrase)
    except InputError:
        raise
    except ValueError as error:
        raise PassphraseError(
            "the passphrase does not open the private key",
            hint="check the passphrase; a key that is damaged, or encrypted in a way "
            "that is not supported, looks the same",
        ) from error
    except Exception as error:
        raise _refusal(error) from error


def _load(block: bytes, passphrase: bytes | None) -> PrivateKey:
    from cryptography.hazmat.primitives import serialization

    load: Any = serialization.load_der_private_key
    if block.startswith(b"-----BEGIN OPENSSH"):
        load = serialization.load_ssh_private_key
    elif block.startswith(b"-----BEGIN"):
        load = serialization.load_pem_private_key
    try:
        key: PrivateKey = load(block, passphrase)
    except ValueError:
        other = _load_ml_dsa(_contents(block), passphrase)
        if other is None:
            raise
        return other
    return key


def _check_start(block: bytes) -> None:
    """Refuse a DEK-Info (RFC 1421 section 4.6.1.3) too short for its cipher.

    On such a one the library does not raise but panics.
    """
    header = _DEK_INFO.search(block)
    if header and len(header[2]) < (16 if header[1].startswith(b"DES") else 32):
        raise InputError(
            "the private key cannot be read: its DEK-Info header is cut short",
            hint="get the file again",
        )


def _load_ml_dsa(content: bytes, passphrase: bytes | None) -> PrivateKey | None:
    from tlsmith.core.formats.mldsa import load_ml_dsa
    from tlsmith.core.formats.pbes2 import decrypt_key

    plain = decrypt_key(content, passphrase) if passphrase else content
    return load_ml_dsa(plain, lambda der: _load(der, None)) if plain else None


def _contents(block: bytes) -> bytes:
    """Return the DER of a key, whether it stands in PEM or not."""
    if not block.startswith(b"-----BEGIN"):
        return block
    try:
        return split_pem(block)[0][1]
    except (InputError, IndexError):
        return b""


def _key_block(data: bytes) -> bytes:
    """Return the PEM block of the first private key, or all of `data` where it is DER.

    The library stops at the first block whatever it is: EC PARAMETERS, for one, which
    OpenSSL writes in front of a key.
    """
    offset = 0
    while (begin := data.find(b"-----BEGIN ", offset)) >= 0:
        name_end = data.find(b"-----", begin + 11)
        label = data[begin + 11 : name_end]
        end_line = b"-----END " + label + b"-----"
        end = data.find(end_line, begin)
        if label.endswith(b"PRIVATE KEY") and end >= 0:
            return data[begin : end + len(end_line)] + b"\n"
        offset = begin + 11
    if b"-----BEGIN" in data:
        raise InputError(
            "there is no private key in it",
            code="no-private-key",
            hint="give a file that holds a PRIVATE KEY block",
        )
    return data


def _refusal(error: Exception) -> InputError:
    """Return what to raise for what the library raised; no message of its is shown."""
    from cryptography.exceptions import UnsupportedAlgorithm

    if isinstance(error, InputError):
        return error
    if isinstance(error, UnsupportedAlgorithm):
        return InputError(
            "the private key is of a kind, or encrypted in a way, not supported",
            code="unsupported-key",
            hint="turn it into PKCS#8 first: `openssl pkcs8 -topk8`, or for OpenSSH "
            "`ssh-keygen -p -m PKCS8`",
        )
    return InputError(
        "the private key cannot be read: it is damaged, or not one",
        hint="see what it is with `tlsmith show`",
    )
