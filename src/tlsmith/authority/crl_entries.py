"""The joined entries of long CRLs, kept in memory and read once."""

from __future__ import annotations

import threading

from tlsmith.storage import Connection
from tlsmith.storage.status import CRLRecord, crl_parts


class KeptEntries:
    """For each CA and shard the entries of its latest complete CRL.

    Entries of one generation are only added to: of a newer CRL the parts that are not
    known yet are read, and of a million entries none again.
    """

    def __init__(self) -> None:
        self._kept: dict[tuple[int, int], tuple[int, int, bytes]] = {}
        self._lock = threading.Lock()

    def entries(self, connection: Connection, record: CRLRecord) -> bytes | None:
        """Return the joined entries of a complete CRL, or None where they are gone."""
        key = record.authority_id, record.shard
        with self._lock:
            generation, parts, joined = self._kept.get(key, (0, 0, b""))
            if generation != record.generation or parts > record.parts:
                parts, joined = 0, b""
            if parts < record.parts:
                news = crl_parts(connection, record, parts)
                if len(news) != record.parts - parts:
                    return None
                joined = b"".join((joined, *news))
                self._kept[key] = record.generation, record.parts, joined
            return joined
