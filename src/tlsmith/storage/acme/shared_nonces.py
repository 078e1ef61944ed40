"""The nonces of a store in PostgreSQL: those that were used are rows.

Many are used up by one statement, and it is not waited for until that is on disk: what
a crash of the database may lose is told by when the database started, and older nonces
are then not taken.
"""

from __future__ import annotations

import queue
import threading
import time
from concurrent.futures import Future
from secrets import token_bytes
from typing import TYPE_CHECKING

from tlsmith.errors import StorageError
from tlsmith.storage.acme.nonces import Nonces, sealed, unsealed
from tlsmith.storage.settings import secret

if TYPE_CHECKING:
    from tlsmith.storage.postgres import PostgresStorage

# Seconds that a nonce can be used in.
LIFETIME = 3600
_CHANCE, _SECONDS = 12, 4
_MOST = 256

_Waiting = tuple[bytes, "Future[bool]"]


class SharedNonces(Nonces):
    """Nonces of every replica of a store.

    Raises:
        StorageError: it cannot be reached.
    """

    def __init__(self, storage: PostgresStorage) -> None:
        self._storage = storage
        self._key = secret(storage, "acme_nonces")
        self._waiting: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._thread = threading.Thread(
            target=self._run, name="tlsmith-nonces", daemon=True
        )
        self._thread.start()

    def give(self) -> str:
        """See the base."""
        body = int(time.time()).to_bytes(_SECONDS, "big") + token_bytes(_CHANCE)
        return sealed(body, self._key)

    def use(self, nonce: str) -> bool:
        """See the base."""
        body = unsealed(nonce, self._key, _SECONDS + _CHANCE)
        if body is None or not self._is_current(body):
            return False
        done: Future[bool] = Future()
        self._waiting.put((body, done))
        return done.result()

    def _is_current(self, body: bytes) -> bool:
        # Replicas' clocks may differ a little.
        age = time.time() - int.from_bytes(body[:_SECONDS], "big")
        return -60 <= age <= LIFETIME

    def maintain(self) -> None:
        """See the base."""
        self._storage.forget_nonces(int(time.time()) - LIFETIME - 120)

    def close(self) -> None:
        """See the base."""
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
            fresh, started = self._storage.use_nonces([body for body, _ in batch])
        except StorageError as error:
            for _, done in batch:
                done.set_exception(error)
            return
        for body, done in batch:
            given = int.from_bytes(body[:_SECONDS], "big")
            done.set_result(body in fresh and given > started)
            # The same one may be there twice: the first had it.
            fresh.discard(body)
