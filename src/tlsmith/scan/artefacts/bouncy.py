"""Bouncy Castle's keystore, BKS: its entries, and whether a passphrase is its own.

The layout is that of `BcKeyStoreSpi`: version, salt and rounds, entries, then an HMAC
with SHA-1 under a key that PKCS#12's derivation makes of the passphrase.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from hashlib import sha1

from tlsmith.scan.artefacts.artefact import Artefact, Certificate
from tlsmith.scan.artefacts.certificates import certificate_of
from tlsmith.scan.artefacts.stores import affordable, closed, opened

_DIGEST = 20
_BLOCK = 64
_KEY_OF_MAC = 3
_CERTIFICATE, _KEY, _SECRET, _SEALED = 1, 2, 3, 4
_MOST_ENTRIES = 1000


class _CutShortError(Exception):
    """The data ends too soon, or is none of this format."""


class _Octets:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, size: int) -> bytes:
        if size > len(self.data) - self.at:
            raise _CutShortError
        self.at += size
        return self.data[self.at - size : self.at]

    def number(self, size: int = 4) -> int:
        return int.from_bytes(self.take(size), "big")


def bks_store(data: bytes) -> Artefact | None:
    """The keystore, if a private key is in it."""
    octets = _Octets(data)
    try:
        version = octets.number()
        salt = octets.take(octets.number())
        cost = octets.number()
        begin = octets.at
        owners = list(_private_keys(octets))
    except _CutShortError:
        return None
    if not owners or octets.at + _DIGEST != len(data):
        return None
    body, check = data[begin : octets.at], data[octets.at :]
    for passphrase in affordable(cost):
        size = _DIGEST if version == 2 else 2
        key = derived(passphrase, salt, cost, size)
        if hmac.compare_digest(hmac.digest(key, body, "sha1"), check):
            own = owners[0]
            told = "under the same passphrase or its own"
            key_of_own = own.key if own else None
            return opened("BKS", passphrase, told, key_of_own, own)
    return closed("BKS", data, owners[0])


def _private_keys(octets: _Octets) -> Iterator[Certificate | None]:
    """The certificate of each private key, where it has one that can be read."""
    for _ in range(_MOST_ENTRIES):
        kind = octets.number(1)
        if kind == 0:
            return
        octets.take(octets.number(2) + 8)  # alias, date
        chain = [_certificate(octets) for _ in range(min(octets.number(), 50))]
        if kind == _CERTIFICATE:
            _certificate(octets)
        elif kind == _KEY:
            octets.take(1)
            octets.take(octets.number(2))
            octets.take(octets.number(2))
            octets.take(octets.number())
            yield certificate_of(chain[0]) if chain else None
        elif kind in (_SECRET, _SEALED):
            octets.take(octets.number())
            if chain:  # a secret key has none
                yield certificate_of(chain[0])
        else:
            raise _CutShortError


def _certificate(octets: _Octets) -> bytes:
    octets.take(octets.number(2))
    return octets.take(octets.number())


def derived(passphrase: bytes, salt: bytes, rounds: int, size: int) -> bytes:
    """At most one digest of key for a MAC (RFC 7292, appendix B.2)."""
    word = passphrase.decode().encode("utf-16-be") + b"\0\0" if passphrase else b""
    told = bytes([_KEY_OF_MAC]) * _BLOCK + _filled(salt) + _filled(word)
    for _ in range(max(1, rounds)):
        told = sha1(told, usedforsecurity=False).digest()
    return told[:size]


def _filled(data: bytes) -> bytes:
    """Repeated to a whole number of blocks."""
    size = -(-len(data) // _BLOCK) * _BLOCK
    return (data * (size // len(data) + 1))[:size] if data else b""
