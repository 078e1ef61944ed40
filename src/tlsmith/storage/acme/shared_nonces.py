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
from tlsmith.storage.acme.wanted import IN_USE, Wanted, queries, records
from tlsmith.storage.settings import secret

if TYPE_CHECKING:
    from tlsmith.storage.acme.accounts import AccountRecord
    from tlsmith.storage.base import Storage
    from tlsmith.storage.postgres import PostgresStorage

# Milliseconds that a nonce can be used in, and by which replicas' clocks may differ.
LIFETIME, SKEW = 3_600_000, 60_000
_CHANCE, _MOMENT = 12, 6
# The empty one says since when the table is whole: see `SharedNonces`.
_SINCE = "(SELECT at FROM acme_nonces WHERE nonce = '')"
_USE_NONCE = (
    "INSERT INTO acme_nonces (nonce, at) VALUES (?, ?) ON CONFLICT DO NOTHING "  # noqa: S608
    f"RETURNING {_SINCE}, (SELECT 1 FROM acme_accounts "
    "WHERE id = ? AND jwk = ? AND status = 'valid')"
)
_BE_WHOLE_SINCE = (
    "INSERT INTO acme_nonces (nonce, at) VALUES ('', ?) ON CONFLICT DO NOTHING"
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
        whole_since(storage, _now())
        self._is_closed = False

    def give(self) -> str:
        """See the base."""
        return sealed(_now().to_bytes(_MOMENT, "big") + token_bytes(_CHANCE), self._key)

    def use(self, nonce: str) -> bool:
        """See the base."""
        return self.use_and_read(nonce, None, ())

    def use_and_read(
        self, nonce: str, account: AccountRecord | None, wanted: Sequence[Wanted]
    ) -> bool:
        """See the base."""
        if self._is_closed:
            raise StorageError("the store is closed", code="store-closed")
        body, now = unsealed(nonce, self._key, _MOMENT + _CHANCE), _now()
        if body is None or not -SKEW <= now - _given(body) <= LIFETIME:
            return False
        since = use_nonce(self._storage, body, now, account, wanted)
        return since is not None and _given(body) > since

    def maintain(self) -> None:
        """See the base."""
        with self._storage.look() as connection:
            connection.all(_FORGET_NONCES, _now() - LIFETIME - 2 * SKEW)

    def close(self) -> None:
        """See the base."""
        self._is_closed = True


def use_nonce(
    storage: Storage,
    nonce: bytes,
    now: int,
    account: AccountRecord | None = None,
    wanted: Sequence[Wanted] = (),
) -> int | None:
    """Note that a nonce was used; return since when that is known.

    None for one that was used before; of one that is older than what is returned,
    nobody can tell. Where the connection breaks, what was noted may be told as used
    before.

    Args:
        now: in milliseconds since 1970, as what is returned.
        account: see `Nonces.use_and_read`.
        wanted: what is read as well, and shown to this thread.
    """
    with storage.look() as connection:
        whose = ("", "") if account is None else (account.id, account.jwk)
        use = (_USE_NONCE, (nonce, now, *whose))
        used, *found = connection.each(use, *queries(wanted))
    row, shown = used.fetchone(), records(wanted, found)
    if row and row[1]:
        shown[IN_USE, whose[0]] = account
    storage.kept.show(shown)
    if row is None:
        return None
    # A crash of the database has left nothing.
    return whole_since(storage, now) if row[0] is None else int(row[0])


def whole_since(storage: Storage, now: int) -> int:
    """Return since when it is known which nonces were used: from now on, if not yet."""
    with storage.look() as connection:
        connection.all(_BE_WHOLE_SINCE, now - 1)
        row = connection.one("SELECT " + _SINCE)
    return now if row is None or row[0] is None else int(row[0])


def _now() -> int:
    return time.time_ns() // 1_000_000


def _given(body: bytes) -> int:
    return int.from_bytes(body[:_MOMENT], "big")
