"""The nonces of a store in PostgreSQL: those that were used are rows.

What several threads use up is used up by one statement; an event loop does so itself.
Neither waits until it is on disk. The table is not in the database's journal at all:
after a crash it is empty, and a standby that takes over has it empty. So a row of it
says since when it is whole, and nonces that are older are then not taken.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from secrets import token_bytes
from typing import TYPE_CHECKING

from tlsmith.errors import StorageError
from tlsmith.storage.acme.nonces import Nonces, sealed, unsealed
from tlsmith.storage.settings import secret

if TYPE_CHECKING:
    from tlsmith.storage.base import Storage
    from tlsmith.storage.postgres import PostgresStorage

# Milliseconds that a nonce can be used in, and by which replicas' clocks may differ.
LIFETIME, SKEW = 3_600_000, 60_000
_CHANCE, _MOMENT = 12, 6
_MOST = 256
# The empty one says since when the table is whole: see `SharedNonces`.
_USE_NONCES = (
    "WITH used AS (INSERT INTO acme_nonces (nonce, at) "
    "SELECT DISTINCT unnest(?::bytea[]), ?::bigint "
    "UNION ALL SELECT ''::bytea, ?::bigint - 1 "
    "ON CONFLICT DO NOTHING RETURNING nonce) "
    "SELECT nonce, (SELECT at FROM acme_nonces WHERE nonce = '') FROM used"
)
_FORGET_NONCES = "DELETE FROM acme_nonces WHERE nonce <> '' AND at < ? RETURNING at"

_Waiting = tuple[bytes, "Future[bool]"]


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
        self._waiting: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._is_closed = False
        self._thread = threading.Thread(
            target=self._run, name="tlsmith-nonces", daemon=True
        )
        self._thread.start()

    def give(self) -> str:
        """See the base."""
        return sealed(_now().to_bytes(_MOMENT, "big") + token_bytes(_CHANCE), self._key)

    def use(self, nonce: str) -> bool:
        """See the base."""
        body = unsealed(nonce, self._key, _MOMENT + _CHANCE)
        if body is None or not -SKEW <= _now() - _given(body) <= LIFETIME:
            return False
        # An event loop does not wait for another thread.
        done: Future[bool] | None = None
        if not self._storage.reach.is_hurried:
            done = Future()
        with self._lock:
            if self._is_closed:
                raise StorageError("the store is closed", code="store-closed")
            if done is not None:
                self._waiting.put((body, done))
        return self._used([body])[0] if done is None else done.result()

    def maintain(self) -> None:
        """See the base."""
        with self._storage.look() as connection:
            connection.all(_FORGET_NONCES, _now() - LIFETIME - 2 * SKEW)

    def close(self) -> None:
        """See the base."""
        with self._lock:
            self._is_closed = True
            self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        is_over = False
        while not is_over:
            batch = [self._waiting.get()]
            while not self._waiting.empty() and len(batch) < _MOST:
                batch.append(self._waiting.get())
            is_over = None in batch
            self._use([one for one in batch if one is not None])

    def _use(self, batch: list[_Waiting]) -> None:
        if not batch:
            return
        try:
            used = self._used([body for body, _ in batch])
        except Exception as error:
            # Whatever it is, nobody is left waiting.
            for _, done in batch:
                done.set_exception(error)
            return
        for (_, done), is_used in zip(batch, used, strict=True):
            done.set_result(is_used)

    def _used(self, bodies: list[bytes]) -> list[bool]:
        """Use up nonces; tell of each whether it was not before."""
        fresh, since = use_nonces(self._storage, bodies, _now())
        used = []
        for body in bodies:
            used.append(body in fresh and _given(body) > since)
            # The same one may be there twice: the first had it.
            fresh.discard(body)
        return used


def use_nonces(
    storage: Storage, nonces: Sequence[bytes], now: int
) -> tuple[set[bytes], int]:
    """Note that nonces were used; return those that were not before.

    The second is since when that is known, which a crash of the database makes
    later: of nonces that are older, nobody can tell. Where the connection breaks,
    what was noted may be told as used before.

    Args:
        now: in milliseconds since 1970, as what is returned.
    """
    with storage.look() as connection:
        rows = connection.all(_USE_NONCES, list(nonces), now, now)
    fresh = {bytes(row[0]) for row in rows}
    since = now - 1
    if rows and rows[0][1] is not None:
        since = rows[0][1]
    return fresh, since


def _now() -> int:
    return time.time_ns() // 1_000_000


def _given(body: bytes) -> int:
    return int.from_bytes(body[:_MOMENT], "big")
