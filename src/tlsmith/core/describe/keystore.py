"""Java keystores, JKS and JCEKS: their certificates are not encrypted.

The layout is that of the JDK's JavaKeyStore: entries one after another, numbers
big-endian, strings with a length of two octets, a SHA-1 digest at the end.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime, timedelta

from tlsmith.core.describe.described import Context, Described
from tlsmith.core.describe.facts import Facts
from tlsmith.core.describe.findings import NOTE, PROBLEM, WARNING
from tlsmith.core.describe.found import Found
from tlsmith.core.describe.plain import bytes_text, iso

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = 253402300799000  # milliseconds, at the end of the year 9999
_MOST_ENTRIES = 5000
_DIGEST = 20
# What the JDK hashes between password and contents.
_WHITENER = b"Mighty Aphrodite"
_DEFAULT = b"changeit"


class _CutShortError(Exception):
    """The data ends too soon."""


class _Octets:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.offset = 4

    def take(self, size: int) -> bytes:
        if size > len(self.data) - self.offset:
            raise _CutShortError
        self.offset += size
        return self.data[self.offset - size : self.offset]

    def number(self, size: int = 4) -> int:
        return int.from_bytes(self.take(size), "big")

    def string(self) -> str:
        return self.take(self.number(2)).decode("utf-8", "replace")


def describe_keystore(found: Found, context: Context) -> Described:
    """Return the entries of a Java keystore; its certificates are inner objects."""
    described = Described(found, {"format": found.form.upper(), "entries": []})
    octets = _Octets(found.content)
    try:
        whole = _read(described, octets)
    except _CutShortError:
        whole = False
        message = f"the keystore ends at offset {len(found.content)}, inside an entry"
        described.add(PROBLEM, "truncated", message)
    if whole:
        _check_digest(described, octets, context)
    if found.form == "jks":
        message = "JKS is old: keytool -importkeystore turns it into PKCS#12"
        described.add(NOTE, "old-format", message)
    return described


def _read(described: Described, octets: _Octets) -> bool:
    """Read every entry; False where one cannot be passed over."""
    version = octets.number()
    described.facts["version"] = version
    if version not in (1, 2):
        message = f"version {version} of the keystore is none we know"
        described.add(PROBLEM, "unknown-version", message)
        return False
    count = octets.number()
    described.facts["entry_count"] = count
    for _ in range(min(count, _MOST_ENTRIES)):
        kind = octets.number()
        entry: Facts = {"alias": octets.string()}
        milliseconds = min(octets.number(8), _LAST)
        entry["created"] = iso(_EPOCH + timedelta(milliseconds=milliseconds))
        described.facts["entries"].append(entry)
        if not _read_entry(described, octets, entry, kind, version):
            return False
    return count <= _MOST_ENTRIES


def _read_entry(
    described: Described, octets: _Octets, entry: Facts, kind: int, version: int
) -> bool:
    alias = entry["alias"]
    entry["type"] = {1: "private key", 2: "trusted certificate"}.get(kind, "secret")
    if kind not in (1, 2):
        message = (
            f"the entry {alias!r} is a secret key or unknown: what follows is not read"
        )
        described.add(WARNING, "unreadable-entry", message)
        return False
    length = 1
    if kind == 1:
        octets.take(octets.number())  # the key, encrypted: not ours to look at
        length = octets.number()
    entry["certificates"] = length
    for _ in range(length):
        if version == 2:
            octets.string()  # the type, which is always X.509
        content = octets.take(octets.number())
        if len(described.inner) < _MOST_ENTRIES:
            described.inner.append(
                Found("certificate", "der", content, encoding="jks", entry=alias)
            )
    return True


def _check_digest(described: Described, octets: _Octets, context: Context) -> None:
    data = described.found.content
    body, digest = data[: octets.offset], data[octets.offset :]
    if len(digest) < _DIGEST:
        message = "the keystore ends before its digest"
        described.add(PROBLEM, "truncated", message)
        return
    if len(digest) > _DIGEST:
        message = f"{bytes_text(len(digest) - _DIGEST)} after the end of the keystore"
        described.add(PROBLEM, "trailing-data", message)
    for passphrase in (*context.passphrases, _DEFAULT):
        if hmac.compare_digest(_digest(passphrase, body), digest[:_DIGEST]):
            described.facts["integrity"] = "checked"
            return
    described.facts["integrity"] = "not checked"
    if context.passphrases:
        message = "the passphrase does not fit the keystore, or it was changed"
        described.add(PROBLEM, "wrong-passphrase", message)
    else:
        message = "its digest is not checked: that needs its passphrase"
        described.add(NOTE, "integrity-not-checked", message)


def _digest(passphrase: bytes, body: bytes) -> bytes:
    # The format's own choice; nothing of ours relies on SHA-1.
    digest = hashlib.sha1(usedforsecurity=False)
    digest.update(passphrase.decode("utf-8", "replace").encode("utf-16-be"))
    digest.update(_WHITENER)
    digest.update(body)
    return digest.digest()
