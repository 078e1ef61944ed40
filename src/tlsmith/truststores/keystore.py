"""Read Java's keystores, JKS and PKCS#12, as far as trust goes.

Java rewrites the whole file for each entry, JKS with a new order and new dates. Whether
two such files say the same, and who is in them, is seen without starting Java.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass

# What the digest of a JKS file with trusted certificates alone begins with.
JKS_DIGEST = "jks-"
_MAGIC = b"\xfe\xed\xfe\xed"
_JCEKS = b"\xce\xce\xce\xce"
_VERSION = 2
_TRUSTED = 2
_DIGEST_SIZE = 20
# pkcs7-encryptedData (RFC 5652 section 8), as DER: where a PKCS#12 file hides it all
_ENCRYPTED = bytes.fromhex("06092a864886f70d010706")


def trusted_entries(data: bytes) -> dict[str, bytes] | None:
    """Return alias to DER certificate, of a JKS file that holds nothing else.

    The digest at its end is not checked: that takes the password. Returns None for any
    other file.
    """
    try:
        records = _records(data)
    except (struct.error, UnicodeDecodeError):
        return None
    return None if records is None else {r.alias: r.certificate for r in records}


def with_entry(
    data: bytes, alias: str, certificate: bytes, password: str, milliseconds: int
) -> bytes | None:
    """Return a JKS file of trusted certificates with one more; None for other files.

    Args:
        milliseconds: when it was added, since 1970.

    Raises:
        ValueError: the password is not that of the file.
    """
    body = _checked_body(data, password)
    if body is None:
        return None
    name = alias.encode()
    entry = struct.pack(">IH", _TRUSTED, len(name)) + name
    entry += struct.pack(">Q", milliseconds) + b"\x00\x05X.509"
    entry += struct.pack(">I", len(certificate)) + certificate
    return _signed(_with_count(body, 1) + entry, password)


def without_entry(data: bytes, alias: str, password: str) -> bytes | None:
    """Return a JKS file of trusted certificates without one; None for other files.

    Raises:
        ValueError: the password is not that of the file.
    """
    body = _checked_body(data, password)
    if body is None:
        return None
    for record in _records(data) or ():
        if record.alias == alias:
            rest = body[: record.start] + body[record.end :]
            return _signed(_with_count(rest, -1), password)
    return data


def is_keystore(data: bytes) -> bool:
    """Tell whether a file begins as JKS, JCEKS or PKCS#12 do, and is not cut short."""
    if data[:4] == _MAGIC:
        return len(data) >= 12 + _DIGEST_SIZE
    return data[:4] == _JCEKS or data[:1] == b"\x30"


def hides_certificates(data: bytes) -> bool:
    """Tell whether certificates in a keystore are encrypted, so that none is seen."""
    return _ENCRYPTED in data


def open_pkcs12(data: bytes, password: bytes) -> dict[str, bytes]:
    """Return alias to DER certificate, of a PKCS#12 file.

    Raises:
        ValueError: the password does not open it, or it is damaged.
    """
    from cryptography.hazmat.primitives.serialization import Encoding, pkcs12

    contents = pkcs12.load_pkcs12(data, password)
    return {
        (found.friendly_name or b"").decode(errors="replace"): (
            found.certificate.public_bytes(Encoding.DER)
        )
        for found in contents.additional_certs
    }


def content_digest(data: bytes) -> str:
    """Return a SHA-256 that is equal for files that say the same.

    For a JKS file with trusted certificates alone, of its entries; else of its bytes.
    """
    entries = trusted_entries(data)
    if entries is None:
        return hashlib.sha256(data).hexdigest()
    whole = hashlib.sha256()
    for alias, certificate in sorted(entries.items()):
        whole.update(hashlib.sha256(alias.encode()).digest())
        whole.update(hashlib.sha256(certificate).digest())
    return f"{JKS_DIGEST}{whole.hexdigest()}"


def _checked_body(data: bytes, password: str) -> bytes | None:
    """Return all but the digest at the end, where that fits the password."""
    if trusted_entries(data) is None:
        return None
    body = data[:-_DIGEST_SIZE]
    if _signed(body, password) != data:
        raise ValueError("the password is not that of the keystore")
    return body


def _signed(body: bytes, password: str) -> bytes:
    secret = password.encode("utf-16-be") + b"Mighty Aphrodite"
    return body + hashlib.sha1(secret + body).digest()  # noqa: S324 -- the format's


def _with_count(body: bytes, more: int) -> bytes:
    (count,) = struct.unpack_from(">I", body, 8)
    return body[:8] + struct.pack(">I", count + more) + body[12:]


@dataclass(frozen=True)
class _Record:
    """One trusted certificate in a JKS file, and where its record starts and ends."""

    alias: str
    certificate: bytes
    start: int
    end: int


def _records(data: bytes) -> list[_Record] | None:
    magic, version, count = struct.unpack_from(">4sII", data)
    if magic != _MAGIC or version != _VERSION:
        return None
    at, records = 12, []
    for _ in range(count):
        start = at
        (kind,) = struct.unpack_from(">I", data, at)
        if kind != _TRUSTED:
            return None
        alias, at = _string(data, at + 4, ">H")
        _type, at = _string(data, at + 8, ">H")  # past the entry's date
        certificate, at = _string(data, at, ">I")
        records.append(_Record(alias.decode(), certificate, start, at))
    return records if at + _DIGEST_SIZE == len(data) else None


def _string(data: bytes, at: int, length_format: str) -> tuple[bytes, int]:
    (length,) = struct.unpack_from(length_format, data, at)
    start = at + struct.calcsize(length_format)
    if start + length > len(data):
        raise struct.error("cut short")
    return data[start : start + length], start + length
