"""Issuing CRLs: when a status changed, and when the clock says so.

Any process may find one due. It is built and signed without holding the store, then
put in only if no other was meanwhile: whoever comes second drops its own, so numbers
grow one by one and each is published once.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from tlsmith.authority.issuers import LoadedIssuer, crl_address
from tlsmith.authority.records import reason_name
from tlsmith.core.crl import (
    CRLParameters,
    RevokedEntry,
    encode_entry,
    joined_entries,
    sign_crl,
)
from tlsmith.errors import ConflictError
from tlsmith.storage import Connection, Storage, Transaction
from tlsmith.storage.audit import Act, append
from tlsmith.storage.certificates import GOOD, revoked_entries
from tlsmith.storage.moments import to_moment
from tlsmith.storage.status import (
    COMPLETE,
    DELTA,
    Change,
    CRLRecord,
    Scope,
    changes,
    crl_bytes,
    crl_scope,
    has_changed,
    insert_crl,
    latest_crl,
    set_crl_scope,
)

# An expired certificate stays listed a little: on one CRL at least that was due by
# the clock after it expired (RFC 5280 section 5.2).
_ATTEMPTS = 5


class CRLSchedule(NamedTuple):
    """How often CRLs are issued where nothing changes, and for how long they hold.

    Args:
        every: between two that are due by the clock.
        lifetime: from thisUpdate to nextUpdate.
    """

    every: timedelta = timedelta(days=1)
    lifetime: timedelta = timedelta(days=7)


class _Built(NamedTuple):
    scope: Scope
    was: Scope
    files: list[tuple[CRLRecord, bytes]]


def refresh_crls(
    storage: Storage,
    loaded: LoadedIssuer,
    now: datetime,
    schedule: CRLSchedule,
    *,
    force: bool = False,
) -> list[CRLRecord]:
    """Issue the CRLs of a CA that are due; return those that were.

    Args:
        force: even where nothing changed.

    Raises:
        StorageError, SignerError: they could not be; those before are still there.
    """
    issued = []
    shards = range(loaded.record.shards + 1)
    for shard in shards:
        issued += _refresh_shard(storage, loaded, shard, now, schedule, force)
    return issued


def _refresh_shard(
    storage: Storage,
    loaded: LoadedIssuer,
    shard: int,
    now: datetime,
    schedule: CRLSchedule,
    force: bool,
) -> list[CRLRecord]:
    for _ in range(_ATTEMPTS):
        with storage.read() as connection:
            work = _Work(
                connection, loaded, shard, now.replace(microsecond=0), schedule
            )
            built = work.build(force)
        if built is None:
            return []
        try:
            with storage.write() as transaction:
                _keep(transaction, loaded, shard, built, now)
            return [record for record, _ in built.files]
        except ConflictError:
            force = False  # another process has just issued one: look again
    return []


def _keep(
    transaction: Transaction,
    loaded: LoadedIssuer,
    shard: int,
    built: _Built,
    now: datetime,
) -> None:
    if crl_scope(transaction, loaded.id, shard) != built.was:
        raise ConflictError("another process issued this CRL")
    set_crl_scope(transaction, loaded.id, shard, built.scope)
    for record, crl in built.files:
        insert_crl(transaction, record, crl)
    complete = built.files[0][0]
    detail: dict[str, object] = {
        "number": complete.number,
        "shard": shard,
        "entries": complete.entries,
        "next_update": complete.next_update.isoformat(),
    }
    append(transaction, Act("authority", "crl.issue", loaded.record.slug, detail), now)


class _Work:
    """One CRL and its delta, while they are made."""

    def __init__(
        self,
        connection: Connection,
        loaded: LoadedIssuer,
        shard: int,
        now: datetime,
        schedule: CRLSchedule,
    ) -> None:
        self._connection = connection
        self._loaded = loaded
        self._shard = shard
        self._now = now
        self._schedule = schedule
        row = connection.one("SELECT revision FROM head")
        self._revision = int(row[0]) if row else 0

    def build(self, force: bool) -> _Built | None:
        """Return the CRL and its delta, or None where none is due."""
        connection, number = self._connection, self._loaded.id
        scope = crl_scope(connection, number, self._shard)
        latest = latest_crl(connection, number, self._shard, COMPLETE)
        by_clock = force or latest is None or self._is_due(latest)
        if not by_clock and not has_changed(
            connection, number, self._shard, latest.revision if latest else 0
        ):
            return None
        next_scope = scope._replace(number=scope.number + 1)
        if by_clock or not scope.base_number:
            next_scope = Scope(scope.number + 1, scope.number + 1, self._revision)
        entries = self._entries(None if by_clock else latest)
        files = [self._complete(next_scope, entries)]
        files.append(self._delta(next_scope))
        return _Built(next_scope, scope, files)

    def _is_due(self, latest: CRLRecord) -> bool:
        # The clock may have been put back: what is not yet valid is made anew as well.
        age = self._now - latest.this_update
        return age >= self._schedule.every or age < timedelta(0)

    def _entries(self, latest: CRLRecord | None) -> tuple[bytes, int]:
        """Return the joined entries, and how many there are.

        Where all that changed is that some were added, they are put behind those of
        the CRL before: a million need not be encoded for one more.
        """
        if latest is not None:
            news = changes(
                self._connection, self._loaded.id, self._shard, latest.revision
            )
            kept = crl_bytes(self._connection, latest)
            if kept is not None and all(
                change.previous == GOOD and change.status != GOOD for change in news
            ):
                added = b"".join(_entry_of(change) for change in news)
                return joined_entries(kept) + added, latest.entries + len(news)
        found = [
            encode_entry(
                RevokedEntry(int.from_bytes(serial), to_moment(at), reason_name(reason))
            )
            for serial, at, reason in revoked_entries(
                self._connection,
                self._loaded.id,
                self._shard,
                self._now - 2 * self._schedule.every,
            )
        ]
        return b"".join(found), len(found)

    def _complete(
        self, scope: Scope, entries: tuple[bytes, int]
    ) -> tuple[CRLRecord, bytes]:
        record = self._loaded.record
        point = (crl_address(record, self._shard),) if record.crl_url else ()
        fresh = (
            (crl_address(record, self._shard, delta=True),) if record.crl_url else ()
        )
        parameters = CRLParameters(
            number=scope.number,
            this_update=self._now,
            next_update=self._next_update(),
            distribution_point=point if self._shard else (),
            freshest=fresh,
        )
        crl = sign_crl(self._loaded.issuer, parameters, entries[0])
        return self._record(COMPLETE, scope.number, None, entries[1]), crl

    def _delta(self, scope: Scope) -> tuple[CRLRecord, bytes]:
        record = self._loaded.record
        found = _since_base(
            changes(self._connection, self._loaded.id, self._shard, scope.base_revision)
        )
        point = (crl_address(record, self._shard),) if record.crl_url else ()
        parameters = CRLParameters(
            number=scope.number,
            this_update=self._now,
            next_update=self._next_update(),
            base_number=scope.base_number,
            distribution_point=point if self._shard else (),
        )
        crl = sign_crl(self._loaded.issuer, parameters, found)
        return self._record(DELTA, scope.number, scope.base_number, len(found)), crl

    def _next_update(self) -> datetime:
        return self._now + self._schedule.lifetime

    def _record(
        self, kind: str, number: int, base: int | None, entries: int
    ) -> CRLRecord:
        return CRLRecord(
            self._loaded.id,
            self._shard,
            kind,
            number,
            base,
            self._now,
            self._next_update(),
            self._revision,
            entries,
        )


def _entry_of(change: Change) -> bytes:
    serial = int.from_bytes(change.serial_number)
    return encode_entry(
        RevokedEntry(serial, to_moment(change.at), reason_name(change.reason))
    )


def _since_base(news: list[Change]) -> list[bytes]:
    """Return the entries of a delta: the last word on whatever changed."""
    first: dict[bytes, Change] = {}
    last: dict[bytes, Change] = {}
    for change in news:
        first.setdefault(change.serial_number, change)
        last[change.serial_number] = change
    found = []
    for serial, change in last.items():
        if change.status != GOOD:
            found.append(_entry_of(change))
        elif first[serial].previous != GOOD:
            # It is on the base, and is to be taken off (RFC 5280 section 5.3.1).
            entry = RevokedEntry(
                int.from_bytes(serial), to_moment(change.at), "removeFromCRL"
            )
            found.append(encode_entry(entry))
    return found
