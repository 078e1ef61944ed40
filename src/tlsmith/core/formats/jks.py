"""Java's own keystore, JKS and JCEKS: read, as old systems have them.

Certificates stand in it unencrypted; the passphrase is in a hash over all of it. Its
private keys are hidden by a scheme of Sun's (SHA-1 as a key stream), which protects
little: nothing here writes it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from itertools import islice

from tlsmith.core import der
from tlsmith.errors import InputError, PassphraseError

_MAGIC = (0xFEEDFEED, 0xCECECECE)
_KEY, _CERTIFICATE = 1, 2
_SALT_OF_HASH = b"Mighty Aphrodite"
_SUN_PROTECTION = der.object_identifier("1.3.6.1.4.1.42.2.17.1.1")
_DIGEST = 20


@dataclass(frozen=True, slots=True)
class KeystoreEntry:
    """One entry of a Java keystore.

    Args:
        certificates: DER; of a key its chain, else the one that is trusted.
        protected_key: DER EncryptedPrivateKeyInfo; None for a trusted certificate.
    """

    alias: str
    certificates: tuple[bytes, ...]
    protected_key: bytes | None = None


def read_keystore(data: bytes) -> list[KeystoreEntry]:
    """Return the entries of a JKS or JCEKS keystore.

    Raises:
        InputError: it is damaged, or has an entry that is neither key nor certificate.
    """
    reader = _Reader(data)
    magic, version, count = (reader.number(4) for _ in range(3))
    if magic not in _MAGIC or version not in (1, 2):
        raise InputError("not a Java keystore of a version that is known")
    entries = []
    for _ in range(min(count, len(data))):
        entries.append(_entry(reader, version))
    if reader.left != _DIGEST:
        raise InputError(
            "the Java keystore is cut short, or something follows its end",
            hint="get the file again",
        )
    return entries


def has_passphrase(data: bytes, passphrase: bytes) -> bool:
    """Tell whether a keystore's hash was made with this passphrase."""
    hashed = hashlib.sha1(usedforsecurity=False)
    for part in (_as_java_writes(passphrase), _SALT_OF_HASH, data[:-_DIGEST]):
        hashed.update(part)
    return hashed.digest() == data[-_DIGEST:]


def uncover_key(protected: bytes, passphrase: bytes) -> bytes:
    """Return the DER PrivateKeyInfo of a private key in a JKS keystore.

    Raises:
        PassphraseError: the passphrase does not open it.
        InputError: it is protected in another way, as in JCEKS.
    """
    try:
        outer, _ = der.read(protected)
        algorithm, body = islice(der.children(outer.content), 2)
        scheme, _ = der.read(algorithm.content)
    except (InputError, ValueError) as error:
        raise InputError("a private key in the Java keystore is damaged") from error
    if scheme.whole != _SUN_PROTECTION or len(body.content) < 2 * _DIGEST:
        raise InputError(
            "a private key in the Java keystore is protected in a way not supported",
            code="unsupported-key",
            hint="have Java write PKCS#12: `keytool -importkeystore -srckeystore OLD "
            "-destkeystore NEW -deststoretype pkcs12`",
        )
    secret = _as_java_writes(passphrase)
    salt, check = body.content[:_DIGEST], body.content[-_DIGEST:]
    plain = _with_key_stream(body.content[_DIGEST:-_DIGEST], secret, salt)
    if hashlib.sha1(secret + plain, usedforsecurity=False).digest() != check:
        raise PassphraseError("the passphrase does not open a key in the Java keystore")
    return plain


def _with_key_stream(covered: bytes, secret: bytes, salt: bytes) -> bytes:
    stream = bytearray()
    block = salt
    while len(stream) < len(covered):
        block = hashlib.sha1(secret + block, usedforsecurity=False).digest()
        stream += block
    return bytes(a ^ b for a, b in zip(covered, stream, strict=False))


def _entry(reader: _Reader, version: int) -> KeystoreEntry:
    tag = reader.number(4)
    alias = reader.take(reader.number(2)).decode("utf-8", "replace")
    reader.take(8)  # when it was made
    if tag == _CERTIFICATE:
        return KeystoreEntry(alias, (_certificate(reader, version),))
    if tag != _KEY:
        raise InputError(
            f"the entry {alias!r} of the Java keystore is neither a private key nor a "
            "certificate",
            hint="remove it from a copy: `keytool -delete -alias ALIAS`",
        )
    protected = reader.take(reader.number(4))
    count = reader.number(4)
    chain = [_certificate(reader, version) for _ in range(min(count, reader.left))]
    return KeystoreEntry(alias, tuple(chain), protected)


def _certificate(reader: _Reader, version: int) -> bytes:
    if version == 2:
        reader.take(reader.number(2))  # the type, always "X.509"
    return reader.take(reader.number(4))


def _as_java_writes(passphrase: bytes) -> bytes:
    return passphrase.decode("utf-8", "replace").encode("utf-16-be")


class _Reader:
    """Takes big-endian numbers and octets off the front of a keystore."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._offset = 0

    @property
    def left(self) -> int:
        return len(self._data) - self._offset

    def take(self, size: int) -> bytes:
        if size > self.left:
            raise InputError(
                f"the Java keystore is cut short at byte {len(self._data)}",
                hint="get the file again",
            )
        start = self._offset
        self._offset += size
        return self._data[start : self._offset]

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")
