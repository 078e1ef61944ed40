"""Issuing CRLs: when a status changed, and when the clock says so.

Any process may find one due. It is built and signed without holding the store, then
put in only if no other was meanwhile: whoever comes second drops its own, so numbers
grow one by one and each is published once.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from tlsmith.authority.crl_entries import KeptEntries
from tlsmith.authority.issuers import LoadedIssuer, crl_address
from tlsmith.core.crl import (
    CRLParameters,
    RevokedEntry,
    encode_entry,
    reason_name,
    sign_around,
    sign_crl,
)
from tlsmith.errors import ConflictError
from tlsmith.storage import Connection, Storage, Transaction
from tlsmith.storage.audit import Act, append
from tlsmith.storage.certificates import GOOD, joined_revoked
from tlsmith.storage.moments import to_moment
from tlsmith.storage.status import (
    COMPLETE,
    DELTA,
    Change,
    CRLBytes,
    CRLRecord,
    Scope,
    changes,
    crl_scope,
    has_changed,
    insert_crl,
    insert_crl_part,
    latest_crl,
    set_crl_scope,
)

_ATTEMPTS = 5
# Between the clocks of replicas: one that is behind leaves alone what another issued.
_SKEW = timedelta(minutes=1)
# After so many CRLs with a few more entries each, all are written anew.
_MOST_PARTS = 1_000


class CRLSchedule(NamedTuple):
    """How often CRLs are issued where nothing changes, and for how long they hold.

    Args:
        every: between two that are due by the clock.
        lifetime: from thisUpdate to nextUpdate.
    """

    every: timedelta = timedelta(days=1)
    lifetime: timedelta = timedelta(days=7)


class _Built(NamedTuple):
    """A CRL and its delta, and what they add to what the store has.

    Args:
        was: the scope they were made from.
        entries: of the complete CRL, those of the parts that are not kept yet.
    """

    scope: Scope
    was: Scope
    complete: tuple[CRLRecord, CRLBytes]
    entries: list[bytes]
    delta: tuple[CRLRecord, CRLBytes]


class CRLIssuer:
    """Issues the CRLs of the CAs of a store.

    Args:
        kept: entries that were read already; shared with who publishes them.
    """

    def __init__(
        self, storage: Storage, schedule: CRLSchedule, kept: KeptEntries
    ) -> None:
        self._storage = storage
        self._schedule = schedule
        self._kept = kept

    def refresh(
        self, loaded: LoadedIssuer, now: datetime, *, force: bool = False
    ) -> list[CRLRecord]:
        """Issue the CRLs of a CA that are due; return those that were.

        Args:
            force: even where nothing changed.

        Raises:
            StorageError, SignerError: they could not be; those before are still there.
        """
        issued: list[CRLRecord] = []
        if not loaded.issuer.view.may_sign_crls:
            return issued  # as mkcert's roots: what they issued, OCSP alone can revoke
        for shard in range(loaded.record.shards + 1):
            issued += self._refresh_shard(loaded, shard, now, force)
        return issued

    def _refresh_shard(
        self, loaded: LoadedIssuer, shard: int, now: datetime, force: bool
    ) -> list[CRLRecord]:
        for _ in range(_ATTEMPTS):
            with self._storage.read() as connection:
                moment = now.replace(microsecond=0)
                work = _Work(connection, loaded, shard, moment, self._schedule)
                built = work.build(self._kept, force)
            if built is None:
                return []
            try:
                with self._storage.write() as transaction:
                    _keep(transaction, loaded, shard, built, now)
                return [built.complete[0], built.delta[0]]
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
    complete, crl = built.complete
    insert_crl(transaction, complete, crl)
    first = complete.parts - len(built.entries)
    for part, entries in enumerate(built.entries, first):
        insert_crl_part(transaction, complete, part, entries)
    insert_crl(transaction, *built.delta)
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
        record = loaded.record
        self._point = (crl_address(record, shard),) if record.crl_url else ()
        self._fresh = (
            (crl_address(record, shard, delta=True),) if record.crl_url else ()
        )

    def build(self, kept: KeptEntries, force: bool) -> _Built | None:
        """Return the CRL and its delta, or None where none is due."""
        connection, number = self._connection, self._loaded.id
        scope = crl_scope(connection, number, self._shard)
        latest = latest_crl(connection, number, self._shard, COMPLETE)
        # Numbers go ahead where the store was restored: the latest is an old one then.
        is_behind = latest is None or latest.number < scope.number
        by_clock = force or is_behind or latest is None or self._is_due(latest)
        since = latest.revision if latest else 0
        if not by_clock and not has_changed(connection, number, self._shard, since):
            return None
        next_scope = scope._replace(number=scope.number + 1)
        if by_clock or not scope.base_number:
            next_scope = Scope(scope.number + 1, scope.number + 1, self._revision)
        record = self._record(COMPLETE, next_scope.number)
        added = None if by_clock or latest is None else self._added(latest, kept)
        if added is None:
            made = self._anew(record)
        else:
            made = self._with_more(record, latest, *added)  # type: ignore[arg-type]
        return _Built(next_scope, scope, *made, self._delta(next_scope))

    def _is_due(self, latest: CRLRecord) -> bool:
        # The clock may have been put back: what is not yet valid is made anew as well.
        age = self._now - latest.this_update
        return age >= self._schedule.every or age < -_SKEW

    def _added(
        self, latest: CRLRecord, kept: KeptEntries
    ) -> tuple[bytes, list[Change]] | None:
        """Return the entries there are, and what is to be put behind them.

        None where more has changed than that some were added.
        """
        if latest.number - latest.generation >= _MOST_PARTS:
            return None
        news = changes(self._connection, self._loaded.id, self._shard, latest.revision)
        if any(one.previous != GOOD or one.status == GOOD for one in news):
            return None
        entries = kept.entries(self._connection, latest)
        return None if entries is None else (entries, news)

    def _with_more(
        self,
        record: CRLRecord,
        latest: CRLRecord,
        entries: bytes,
        news: list[Change],
    ) -> tuple[tuple[CRLRecord, CRLBytes], list[bytes]]:
        added = b"".join(map(_entry_of, news))
        record = record._replace(
            entries=latest.entries + len(news),
            generation=latest.generation or record.number,
            parts=latest.parts + 1,
        )
        return (record, self._signed(record, [entries, added])), [added]

    def _anew(
        self, record: CRLRecord
    ) -> tuple[tuple[CRLRecord, CRLBytes], list[bytes]]:
        """Return the CRL made of everything that is revoked and has not expired."""
        # On one CRL that is due after a certificate expired it still is (RFC 5280 5.2).
        since = self._now - 2 * self._schedule.every
        found = list(
            joined_revoked(self._connection, self._loaded.id, self._shard, since)
        )
        parts = [joined for joined, _ in found]
        record = record._replace(
            entries=sum(number for _, number in found),
            generation=record.number,
            parts=len(parts),
        )
        return (record, self._signed(record, parts)), parts

    def _signed(self, record: CRLRecord, entries: list[bytes]) -> CRLBytes:
        parameters = CRLParameters(
            number=record.number,
            this_update=record.this_update,
            next_update=record.next_update,
            distribution_point=self._point if self._shard else (),
            freshest=self._fresh,
        )
        return CRLBytes(*sign_around(self._loaded.issuer, parameters, entries))

    def _delta(self, scope: Scope) -> tuple[CRLRecord, CRLBytes]:
        found = _since_base(
            changes(self._connection, self._loaded.id, self._shard, scope.base_revision)
        )
        record = self._record(DELTA, scope.number)
        record = record._replace(base_number=scope.base_number, entries=len(found))
        parameters = CRLParameters(
            number=scope.number,
            this_update=record.this_update,
            next_update=record.next_update,
            base_number=scope.base_number,
            distribution_point=self._point if self._shard else (),
        )
        crl = sign_crl(self._loaded.issuer, parameters, found)
        return record, CRLBytes(crl, b"")

    def _record(self, kind: str, number: int) -> CRLRecord:
        return CRLRecord(
            authority_id=self._loaded.id,
            shard=self._shard,
            kind=kind,
            number=number,
            base_number=None,
            this_update=self._now,
            next_update=self._now + self._schedule.lifetime,
            revision=self._revision,
            entries=0,
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
