"""What is in an NSS database, read and taken out as SQLite has it.

Since 2025 NSS notes trust as PKCS #11 3.2 has it. Older tools, such as the certutil of
Debian 12, neither see that nor delete it: it would outlive its certificate, and a
server that sent the root along would be trusted again.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

DATABASE, _KEYS = "cert9.db", "key4.db"
_PATIENCE = 0.5  # seconds to wait for a browser that is writing
# PKCS #11: the class of an object, a certificate's contents, and its nickname.
_CERTIFICATE = "a0 = x'00000001' AND a11 = ?"
# NSS's own trust objects know a certificate by its SHA-1; PKCS #11 3.2 by SHA-256.
_OLD_TRUST = "a0 = x'ce534353' AND ace5363b4 = ?"
_NEW_TRUST = "a0 = x'0000000b' AND a635 = ?"
_OLD_TRUSTED = bytes.fromhex("ce534352")  # may issue certificates that are trusted
_NEW_TRUSTED = (2).to_bytes(4, "big")  # a trust anchor


class Objects:
    """The objects of one database, while it is open.

    Raises:
        sqlite3.Error: it cannot be read, or not be changed.
    """

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        listed = database.execute("PRAGMA table_info(nssPublic)")
        columns = {str(row[1]).lower() for row in listed}
        self._knows_old = {"ace5363b4", "ace536358"} <= columns
        self._knows_new = {"a635", "a62c"} <= columns

    def has(self, der: bytes) -> bool:
        """Tell whether a certificate is there, trusted or not."""
        return bool(self._rows(_CERTIFICATE, der))

    def has_name(self, nickname: str) -> bool:
        """Tell whether there is anything of that name."""
        return bool(self._rows("a3 = ?", nickname.encode()))

    def name_of(self, der: bytes) -> str | None:
        """Return the nickname of a certificate; None where it is not there."""
        found = self._rows(_CERTIFICATE, der, "a3")
        return None if not found else (found[0][0] or b"").decode(errors="replace")

    def trusts(self, der: bytes) -> bool:
        """Tell whether a certificate is there, and may vouch for servers."""
        if not self.has(der):
            return False
        if self._knows_old:
            rows = self._rows(_OLD_TRUST, _sha1(der), "ace536358")
            if any(row[0] == _OLD_TRUSTED for row in rows):
                return True
        rows = self._rows(_NEW_TRUST, _sha256(der), "a62c") if self._knows_new else []
        return any(row[0] == _NEW_TRUSTED for row in rows)

    def trust_objects(self, der: bytes) -> list[int]:
        """Return the numbers of the objects that say how a certificate is trusted."""
        found = self._rows(_OLD_TRUST, _sha1(der)) if self._knows_old else []
        found += self._rows(_NEW_TRUST, _sha256(der)) if self._knows_new else []
        return [row[0] for row in found]

    def certificate_objects(self, der: bytes) -> list[int]:
        """Return the numbers of the objects that are a certificate."""
        return [row[0] for row in self._rows(_CERTIFICATE, der)]

    def _rows(self, where: str, value: bytes, what: str = "id") -> list[Any]:
        # The words are ours; the value is not, and is bound.
        sql = f"SELECT {what} FROM nssPublic WHERE {where}"  # noqa: S608
        return list(self._database.execute(sql, (value,)))


@contextlib.contextmanager
def reading(place: str) -> Iterator[Objects]:
    """Give the objects of the database in a folder, to look at.

    Raises:
        sqlite3.Error: it cannot be read.
    """
    with _connected(os.path.join(place, DATABASE), "ro") as database:
        yield Objects(database)


def forget(place: str, der: bytes, *, trust_alone: bool) -> None:
    """Delete a certificate and what is noted of its trust, or the latter alone.

    Raises:
        sqlite3.Error: it cannot be changed.
    """
    with _connected(os.path.join(place, DATABASE), "rw") as database:
        objects = Objects(database)
        gone = objects.trust_objects(der)
        if not trust_alone:
            gone += objects.certificate_objects(der)
        if not gone:
            return
        with database:
            database.executemany(
                "DELETE FROM nssPublic WHERE id = ?", [(number,) for number in gone]
            )
    _forget_signatures(place, gone)


def _forget_signatures(place: str, objects: list[int]) -> None:
    """Delete the keyed digests of objects that are gone, which are with the keys."""
    keys = os.path.join(place, _KEYS)
    if not os.path.exists(keys):
        return
    marks = [(f"sig_cert_{number & 0xFFFFFFFF:08x}_%",) for number in objects]
    with _connected(keys, "rw") as database, database:
        database.executemany("DELETE FROM metaData WHERE id LIKE ?", marks)


@contextlib.contextmanager
def _connected(path: str, mode: str) -> Iterator[sqlite3.Connection]:
    address = f"file:{quote(path)}?mode={mode}"
    database = sqlite3.connect(address, uri=True, timeout=_PATIENCE)
    with contextlib.closing(database):
        yield database


def _sha1(der: bytes) -> bytes:
    return hashlib.sha1(der, usedforsecurity=False).digest()


def _sha256(der: bytes) -> bytes:
    return hashlib.sha256(der).digest()
