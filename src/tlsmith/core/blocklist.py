"""Lists of compromised keys that an operator adds to those we know."""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_left
from typing import NamedTuple

from tlsmith.core.key_hash import RSA, rsa_numbers, split_key_info
from tlsmith.errors import InputError

# A record of badkeys' blocklist.dat: the start of `key_hash`, and the number of a list.
_RECORD, _HASHED = 16, 15
_LINE = re.compile(r"[0-9a-f]{20}|[0-9a-f]{64}", re.ASCII)


class _Lists(NamedTuple):
    key_infos: frozenset[bytes] = frozenset()
    moduli: frozenset[bytes] = frozenset()
    records: tuple[bytes, ...] = ()


class Blocklist(_Lists):
    """Keys known to be broken.

    Args:
        key_infos: SHA-256 of each DER SubjectPublicKeyInfo.
        moduli: of RSA keys, the last 10 bytes of the SHA-1 that Debian's
            openssl-blacklist has.
        records: contents of badkeys' blocklist.dat, sorted records of 16 bytes.
    """

    def has(self, info: bytes, digest: bytes) -> bool:
        """Tell whether a key is on one of the lists.

        Args:
            info: its DER SubjectPublicKeyInfo.
            digest: its `key_hash`.
        """
        if self.key_infos and hashlib.sha256(info).digest() in self.key_infos:
            return True
        if self.moduli and _modulus_hash(info) in self.moduli:
            return True
        return any(_has_record(records, digest[:_HASHED]) for records in self.records)

    def __or__(self, other: Blocklist) -> Blocklist:
        """Return a list of the keys on either."""
        return Blocklist(
            self.key_infos | other.key_infos,
            self.moduli | other.moduli,
            self.records + other.records,
        )


NO_KEYS = Blocklist()


def load_blocklist(data: bytes) -> Blocklist:
    """Return the list that a file holds, in one of three forms.

    Lines of 20 hexadecimal digits, as Debian's openssl-blacklist has them for the keys
    of CVE-2008-0166; lines of 64, the SHA-256 of a SubjectPublicKeyInfo; or badkeys'
    blocklist.dat. Empty lines, and what follows a #, are passed over.

    Raises:
        InputError: it is none of them, the first line that is not being named.
    """
    if not data.isascii() or b"\0" in data:
        return _load_records(data)
    key_infos: set[bytes] = set()
    moduli: set[bytes] = set()
    for number, line in enumerate(data.decode("ascii").splitlines(), 1):
        text = line.partition("#")[0].strip().lower()
        if not text:
            continue
        if not _LINE.fullmatch(text):
            raise InputError(
                f"not a hash in line {number} of a list of compromised keys",
                code="bad-blocklist",
                hint="20 hexadecimal digits as openssl-blacklist has them, or the 64 "
                "of a SHA-256 of a public key",
            )
        (moduli if len(text) == 20 else key_infos).add(bytes.fromhex(text))
    return Blocklist(frozenset(key_infos), frozenset(moduli))


def _load_records(data: bytes) -> Blocklist:
    starts = range(0, len(data), _RECORD)
    ordered = all(
        data[at : at + _RECORD] <= data[at + _RECORD : at + 2 * _RECORD]
        for at in starts[:-1]
    )
    if len(data) % _RECORD or not ordered:
        raise InputError(
            "not a list of compromised keys",
            code="bad-blocklist",
            hint="text, a hash a line; or the blocklist.dat of badkeys, whole",
        )
    return Blocklist(records=(data,))


def _has_record(records: bytes, start: bytes) -> bool:
    at = bisect_left(
        range(len(records) // _RECORD),
        start,
        key=lambda number: records[number * _RECORD : number * _RECORD + _HASHED],
    )
    return records[at * _RECORD : at * _RECORD + _HASHED] == start


def _modulus_hash(info: bytes) -> bytes | None:
    """Return the last half of what `openssl rsa -modulus | sha1sum` says of a key."""
    algorithm, bits = split_key_info(info)
    if algorithm != RSA:
        return None
    line = f"Modulus={rsa_numbers(bits)[0]:X}\n"
    # What the list is made of, not a safeguard.
    return hashlib.sha1(line.encode(), usedforsecurity=False).digest()[10:]
