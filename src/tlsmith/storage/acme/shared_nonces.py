"""The nonces of a store in PostgreSQL: those that were used are rows.

Who uses one up does not wait until that is on disk, and reads what the request is about
in the same exchange. The table is not in the database's journal at all:
after a crash it is empty, and a standby that takes over has it empty. So a row of it
says since when it is whole, and nonces that are older are then not taken.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from secrets import token_bytes
from typing import TYPE_CHECKING

from tlsmith.errors import StorageError
from tlsmith.storage.acme.nonces import Nonces, sealed, unsealed
from tlsmith.storage.acme.wanted import Wanted, queries, records
from tlsmith.storage.asked import Asked
from tlsmith.storage.settings import secret

if TYPE_CHECKING:
    from tlsmith.storage.base import Storage
    from tlsmith.storage.postgres import PostgresStorage

# Milliseconds that a nonce can be used in, and by which replicas' clocks may differ.
LIFETIME, SKEW = 3_600_000, 60_000
_CHANCE, _MOMENT = 12, 6
# The empty one says since when the table is whole: see `SharedNonces`.
_USE_NONCES = (
    "WITH used AS (INSERT INTO acme_nonces (nonce, at) "
    "SELECT DISTINCT unnest(?::bytea[]), ?::bigint "
    "UNION ALL SELECT ''::bytea, ?::bigint - 1 "
    "ON CONFLICT DO NOTHING RETURNING nonce) "
    "SELECT nonce, (SELECT at FROM acme_nonces WHERE nonce = '') FROM used"
)
_FORGET_NONCES = "DELETE FROM acme_nonces WHERE nonce <> '' AND at < ? RETURNING at"


class SharedNonces(Nonces):
    """Nonces of every replica of a store.

    Raises:
        StorageError: it cannot be reached.
    """

    def __init__(self, storage: PostgresStorage) -> None:
        self._storage = storage
        self._key = secret(storage, "acme_nonces")
        # From now on, if not before, it is known which were used.
        use_nonces(storage, [], _now())
        self._is_closed = False

    def give(self) -> str:
        """See the base."""
        return sealed(_now().to_bytes(_MOMENT, "big") + token_bytes(_CHANCE), self._key)

    def use(self, nonce: str) -> bool:
        """See the base."""
        return self._use(nonce, ())

    def use_and_read(self, nonce: str, wanted: Sequence[Wanted]) -> bool:
        """See the base."""
        return self._use(nonce, wanted)

    def _use(self, nonce: str, wanted: Sequence[Wanted]) -> bool:
        if self._is_closed:
            raise StorageError("the store is closed", code="store-closed")
        body, now = unsealed(nonce, self._key, _MOMENT + _CHANCE), _now()
        if body is None or not -SKEW <= now - _given(body) <= LIFETIME:
            return False
        fresh, since = use_nonces(self._storage, [body], now, wanted)
        return body in fresh and _given(body) > since

    def maintain(self) -> None:
        """See the base."""
        with self._storage.look() as connection:
            connection.all(_FORGET_NONCES, _now() - LIFETIME - 2 * SKEW)

    def close(self) -> None:
        """See the base."""
        self._is_closed = True


def use_nonces(
    storage: Storage,
    nonces: Sequence[bytes],
    now: int,
    wanted: Sequence[Wanted] = (),
) -> tuple[set[bytes], int]:
    """Note that nonces were used; return those that were not before.

    The second is since when that is known, which a crash of the database makes
    later: of nonces that are older, nobody can tell. Where the connection breaks,
    what was noted may be told as used before.

    Args:
        now: in milliseconds since 1970, as what is returned.
        wanted: what is read as well, and shown to this thread.
    """
    with storage.look() as connection:
        used = Asked(_USE_NONCES, (list(nonces), now, now))
        noted, *found = connection.each(used, *queries(wanted))
    storage.kept.show(records(wanted, found))
    rows = noted.fetchall()
    fresh = {bytes(row[0]) for row in rows}
    since = now - 1
    if rows and rows[0][1] is not None:
        since = rows[0][1]
    return fresh, since


def _now() -> int:
    return time.time_ns() // 1_000_000


def _given(body: bytes) -> int:
    return int.from_bytes(body[:_MOMENT], "big")
