"""The nonces of a store in PostgreSQL: those that were used are rows.

Who uses some up does not wait until that is on disk, and reads what their requests are
about in the same exchange. The table is not in the database's journal at all: after a
crash it is empty, and a standby that takes over has it empty. So a row of it says since
when it is whole, and nonces that are older are then not taken.
"""

from __future__ import annotations

import time
from collections.abc import Hashable, Sequence
from itertools import islice
from secrets import token_bytes
from typing import TYPE_CHECKING, Any

from tlsmith.errors import StorageError
from tlsmith.storage.acme.nonces import Nonces, Use, Used, sealed, unsealed
from tlsmith.storage.acme.wanted import IN_USE, queries, records
from tlsmith.storage.settings import secret

if TYPE_CHECKING:
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
        return self.use_and_read([Use(nonce)])[0].is_good

    def use_and_read(self, uses: Sequence[Use]) -> list[Used]:
        """See the base."""
        if self._is_closed:
            raise StorageError("the store is closed", code="store-closed")
        now, bodies = _now(), {}
        for place, one in enumerate(uses):
            body = unsealed(one.nonce, self._key, _MOMENT + _CHANCE)
            if body is not None and -SKEW <= now - _given(body) <= LIFETIME:
                bodies[place] = body
        # In one order everywhere: replicas that use up the same wait for no circle.
        places = sorted(bodies, key=bodies.__getitem__)
        noted = use_nonces(
            self._storage, [(bodies[one], uses[one]) for one in places], now
        )
        used = [Used(False, None)] * len(uses)
        for place, (since, read) in zip(places, noted, strict=True):
            is_good = since is not None and _given(bodies[place]) > since
            used[place] = Used(is_good, read)
        return used

    def maintain(self) -> None:
        """See the base."""
        with self._storage.look() as connection:
            connection.all(_FORGET_NONCES, _now() - LIFETIME - 2 * SKEW)

    def close(self) -> None:
        """See the base."""
        self._is_closed = True


def use_nonces(
    storage: Storage, uses: Sequence[tuple[bytes, Use]], now: int
) -> list[tuple[int | None, dict[Hashable, Any]]]:
    """Note that nonces were used; return of each since when that is known.

    None for one that was used before; of one that is older than what is returned,
    nobody can tell. Where the connection breaks, what was noted may be told as used
    before. With it, what was read.

    Args:
        now: in milliseconds since 1970, as what is returned.
    """
    if not uses:
        return []
    asked, reading = [], []
    for nonce, (_, account, wanted) in uses:
        whose = ("", "") if account is None else (account.id, account.jwk)
        asked.append((_USE_NONCE, (nonce, now, *whose)))
        reading += queries(wanted)
    with storage.look() as connection:
        # What is read is as it was once the nonces were used up, or later.
        answers = connection.each(*asked, *reading)
    found = iter(answers[len(asked) :])
    noted: list[tuple[int | None, dict[Hashable, Any]]] = []
    for (_, (_, account, wanted)), answer in zip(uses, answers, strict=False):
        read = records(wanted, [*islice(found, len(wanted))])
        since, is_in_use = answer.fetchone() or (None, None)
        if is_in_use and account is not None:
            read[IN_USE, account.id] = account
        # A crash of the database has left nothing.
        if since is None and answer.rowcount:
            since = whole_since(storage, now)
        noted.append((since, read))
    return noted


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
