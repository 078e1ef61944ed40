"""Java keystores, as Java wrote them before PKCS#12: a writer for the tests."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Sequence

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption
from cryptography.hazmat.primitives.serialization import PrivateFormat as Form

from chains import key_of
from tlsmith.core import der

USUAL = "changeit"
SUN = der.object_identifier("1.3.6.1.4.1.42.2.17.1.1")


def _sha1(data: bytes) -> bytes:
    return hashlib.sha1(data, usedforsecurity=False).digest()


def number(value: int, size: int = 4) -> bytes:
    return value.to_bytes(size, "big")


def counted(data: bytes, size: int = 4) -> bytes:
    return number(len(data), size) + data


def certificate_entry(alias: str, data: bytes, version: int = 2) -> bytes:
    kind = counted(b"X.509", 2) if version == 2 else b""
    return number(2) + counted(alias.encode(), 2) + bytes(8) + kind + counted(data)


def key_entry(alias: str, protected: bytes, chain: Sequence[bytes]) -> bytes:
    certificates = b"".join(counted(b"X.509", 2) + counted(one) for one in chain)
    head = number(1) + counted(alias.encode(), 2) + bytes(8) + counted(protected)
    return head + number(len(chain)) + certificates


def keystore(
    *entries: bytes,
    passphrase: str = USUAL,
    version: int = 2,
    magic: int = 0,
) -> bytes:
    head = number(magic or 0xFEEDFEED) + number(version) + number(len(entries))
    body = head + b"".join(entries)
    secret = passphrase.encode("utf-16-be")
    return body + _sha1(secret + b"Mighty Aphrodite" + body)


def cover(plain: bytes, passphrase: str = USUAL, scheme: bytes = SUN) -> bytes:
    """What Java does to hide a key."""
    secret, salt = passphrase.encode("utf-16-be"), bytes(range(20))
    blocks = list(
        itertools.islice(
            itertools.accumulate(
                itertools.repeat(secret),
                lambda block, word: _sha1(word + block),
                initial=salt,
            ),
            1,
            len(plain) // 20 + 2,
        )
    )
    stream = b"".join(blocks)
    covered = bytes(a ^ b for a, b in zip(plain, stream, strict=False))
    check = _sha1(secret + plain)
    algorithm = der.sequence(scheme, der.encode(der.NULL))
    return der.sequence(algorithm, der.octet_string(salt + covered + check))


def plain_key(kind: str = "p256") -> bytes:
    data: bytes = key_of(kind).private_bytes(Encoding.DER, Form.PKCS8, NoEncryption())
    return data
