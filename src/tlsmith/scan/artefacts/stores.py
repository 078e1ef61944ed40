"""Keystores: whether they open with a passphrase that everybody knows."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from hashlib import sha256
from typing import Any

from tlsmith.scan.artefacts.apart import TookTooLongError, apart
from tlsmith.scan.artefacts.artefact import Artefact, Certificate
from tlsmith.scan.artefacts.certificates import certificate_of
from tlsmith.scan.artefacts.keys import public_of, size_of
from tlsmith.scan.artefacts.matching import belongs
from tlsmith.scan.artefacts.shape import is_whole, leaves, rounds

WELL_KNOWN = (
    b"changeit", b"", b"password", b"changeme", b"secret", b"123456", b"test",
    b"keystore", b"storepass", b"admin",
)  # fmt: skip
"""The JDK's own, none, and what examples use."""
_MOST_ROUNDS = 4_000_000
"""Of hashing, over all passphrases: about a second, or two tries of Firefox's files."""
_SHUT = "no passphrase that everybody knows opens it"
_COSTLY = "to open it would take too long"
_LARGE = 2600
"""Bytes; RSA of 4096 bits has fewer. The library proves a key's primes to be such, and
for larger ones that takes long: 7 seconds for 8192 bits, minutes for 16384."""
_DATA = bytes.fromhex("06092a864886f70d0107")
_SHROUDED = bytes.fromhex("060b2a864886f70d010c0a0102")
_PLAIN_KEY = bytes.fromhex("060b2a864886f70d010c0a0101")
JAVA = (b"\xfe\xed\xfe\xed\0\0\0", b"\xce\xce\xce\xce\0\0\0")
BKS = (b"\0\0\0\1\0\0\0\x14", b"\0\0\0\2\0\0\0\x14")

BER = b"\x30\x80\x02\x01\x03"
"""How PKCS#12 begins in BER, as Firefox writes it."""


def store_of(data: bytes) -> Artefact | None:
    """The keystore that bytes are; None if they are none, or hold no private key."""
    if data.startswith(JAVA):
        from tlsmith.scan.artefacts.java import java_store

        return java_store(data)
    if data.startswith(BKS):
        from tlsmith.scan.artefacts.bouncy import bks_store

        return bks_store(data)
    if (is_whole(data) or data.startswith(BER)) and _DATA in data[:64]:
        return _pkcs12(data)
    return None


def opened(
    form: str, passphrase: bytes, told: str, key: str | None, own: Certificate | None
) -> Artefact:
    """A store that a passphrase opens which everybody knows."""
    how = f"with `{passphrase.decode()}`" if passphrase else "without a passphrase"
    words = f"{form}, opens {how}; in it a private key, {told}"
    is_ = frozenset(["keystore"])
    if own is not None:
        words += f"; {belongs(own)} in this file"
        is_ |= {"ca-key"} if own.is_ca else set()
    mark = f"{form}, public key {key[:16]}" if key else form
    certificates = (own,) if own else ()
    host = own.host if own else ""
    return Artefact(
        0, 0, is_, words, mark, key=key, certificates=certificates, host=host
    )


def closed(
    form: str, data: bytes, own: Certificate | None = None, why: str = _SHUT
) -> Artefact:
    """A store with a private key that is not opened, and why."""
    told = f"{form}; {why}"
    if own is not None:
        told += f"; {belongs(own)} in this file"
    mark = f"{form}, SHA-256 {sha256(data).hexdigest()[:16]}"
    return Artefact(0, 0, frozenset(["encrypted-keystore"]), told, mark)


def _pkcs12(data: bytes) -> Artefact | None:
    may_drag = max(leaves(data), default=0) > _LARGE
    why = _COSTLY
    for passphrase in affordable(rounds(data)):
        try:
            work = partial(_opened, data, passphrase)
            is_open, found = apart(work) if may_drag else work()
        except TookTooLongError:
            why = _COSTLY
            break
        if is_open:
            return found
        why = _SHUT
    if _SHROUDED in data or _PLAIN_KEY in data:
        return closed("PKCS#12", data, why=why)
    return None


def _opened(data: bytes, passphrase: bytes) -> tuple[bool, Artefact | None]:
    """Whether a passphrase opens a file, and the private key in it."""
    contents = _loaded(data, passphrase)
    return contents is not None, contents and _contents(contents, passphrase)


def affordable(cost: int) -> Iterator[bytes]:
    """The passphrases that are tried where each costs so many rounds."""
    left = _MOST_ROUNDS
    for passphrase in WELL_KNOWN:
        left -= max(1, cost)
        if left < 0:
            return
        yield passphrase


def _loaded(data: bytes, passphrase: bytes) -> Any:
    from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12

    for tried in (passphrase,) if passphrase else (b"", None):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # The wrong passphrase, or one of a dozen ways to be no PKCS#12.
            with suppress(Exception):
                return load_pkcs12(data, tried)
    return None


def _contents(contents: Any, passphrase: bytes) -> Artefact | None:
    from cryptography.hazmat.primitives.serialization import Encoding

    if contents.key is None:
        return None
    own = None
    if contents.cert is not None:
        own = certificate_of(contents.cert.certificate.public_bytes(Encoding.DER))
    key = public_of(contents.key.public_key())
    return opened("PKCS#12", passphrase, size_of(contents.key), key, own)
