"""Taking in the CRL of a CA whose key is elsewhere: verified, then acted upon."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from tlsmith.authority.actor import Actor
from tlsmith.authority.records import REASONS
from tlsmith.authority.root_crl import keep_root_crl
from tlsmith.core.crl import CRLView, RevokedEntry, read_entries, view_crl
from tlsmith.core.keys import fingerprint
from tlsmith.core.signed import verify_signed_by
from tlsmith.core.view import view_certificate
from tlsmith.errors import ConflictError, InputError, NotFoundError
from tlsmith.storage import Connection, Transaction
from tlsmith.storage.audit import Act, append
from tlsmith.storage.authorities import (
    REVOKED,
    AuthorityRecord,
    authorities,
    set_state,
)
from tlsmith.storage.certificates import (
    GOOD,
    ON_HOLD,
    by_serial_number,
    change_status,
    revoked_entries,
)
from tlsmith.storage.certificates import REVOKED as CERTIFICATE_REVOKED
from tlsmith.storage.status import CRLRecord

# Clocks of machines without a network are a little wrong.
_SKEW = timedelta(hours=1)


class TakenCRL(NamedTuple):
    """What came of a CRL.

    Args:
        issuer: the CA whose it is.
        revoked: CAs of the store that it took back, and those below them.
        certificates: how many others of the store it revoked.
        missing: how many certificates are revoked in the store and not on it.
    """

    issuer: AuthorityRecord
    record: CRLRecord
    revoked: tuple[AuthorityRecord, ...]
    certificates: int
    missing: int


def take_crl(
    transaction: Transaction, crl: bytes, actor: Actor, now: datetime
) -> TakenCRL:
    """Keep a CRL that was signed where the CA's key is, and do what it says.

    Args:
        crl: DER, a complete one.

    Raises:
        NotFoundError: it is of no CA of the store whose key is elsewhere.
        InputError: its signature does not hold, or it is out of date or no complete
            one.
        ConflictError: its number is not greater than that of the one before.
    """
    view = view_crl(crl)
    records = authorities(transaction)
    issuer = _issuer_of(view, records)
    _check_kind(view, now)
    entries = {one.serial_number: one for one in read_entries(view.entries)}
    kept = keep_root_crl(transaction, issuer.id, crl)
    revoked = _revoke_authorities(transaction, issuer, records, entries)
    count = _revoke_certificates(transaction, issuer, entries)
    for one in revoked:
        act = Act(actor.name, "ca.revoke", one.slug, {"name": one.name})
        append(transaction, act, now)
    detail: dict[str, object] = {
        "number": kept.number,
        "entries": kept.entries,
        "fingerprint_sha256": fingerprint(crl),
    }
    act = Act(actor.name, "crl.import", issuer.slug, detail, actor.request_id)
    append(transaction, act, now)
    transaction.flush()
    missing = _missing(transaction, issuer, set(entries), now)
    return TakenCRL(issuer, kept, tuple(revoked), count, missing)


def _issuer_of(view: CRLView, records: Sequence[AuthorityRecord]) -> AuthorityRecord:
    named = [
        one
        for one in records
        if one.certificate and view_certificate(one.certificate).subject == view.issuer
    ]
    if not named:
        raise NotFoundError(
            "the CRL is of no CA of this store",
            hint="see which there are: tlsmith ca show --store URL",
        )
    for number, one in enumerate(named):
        try:
            verify_signed_by(view.der, one.public_key_info, "the CRL")
        except InputError:
            if number == len(named) - 1:
                raise
            continue
        if one.signer:
            raise ConflictError(
                f"the key of {one.name!r} is here: its CRLs are signed here alone",
                code="key-is-here",
                hint="revoke with tlsmith cert revoke",
            )
        return one
    raise AssertionError


def _check_kind(view: CRLView, now: datetime) -> None:
    if view.base_number is not None or any(
        critical for critical, _ in view.extensions.values()
    ):
        raise InputError(
            "the CRL is a delta, or lists a part of what was revoked",
            hint="sign a complete one: tlsmith ca sign-crl",
        )
    if view.this_update > now + _SKEW:
        raise InputError(
            f"the CRL begins {view.this_update:%Y-%m-%d %H:%M} only",
            code="crl-not-yet",
            hint="see whether the clock of the machine that signed it, and of this "
            "one, are right",
        )
    if view.next_update is not None and view.next_update <= now:
        raise InputError(
            f"the CRL is out of date since {view.next_update:%Y-%m-%d %H:%M}",
            code="crl-expired",
            hint="sign a new one: tlsmith ca sign-crl",
        )


def _revoke_authorities(
    transaction: Transaction,
    issuer: AuthorityRecord,
    records: Sequence[AuthorityRecord],
    entries: dict[int, RevokedEntry],
) -> list[AuthorityRecord]:
    """Have CAs that are listed, and those below them, issue no more."""
    listed = [
        one
        for one in records
        if one.parent_id == issuer.id
        and one.certificate
        and view_certificate(one.certificate).serial_number in entries
    ]
    for one in listed:  # which grows as we go
        listed += [other for other in records if other.parent_id == one.id]
    news = [one for one in listed if one.state != REVOKED]
    for one in news:
        set_state(transaction, one.id, REVOKED)
    return news


def _revoke_certificates(
    transaction: Transaction, issuer: AuthorityRecord, entries: dict[int, RevokedEntry]
) -> int:
    count = 0
    for serial_number, entry in entries.items():
        for record in by_serial_number(transaction, serial_number, issuer.id):
            if record.status == CERTIFICATE_REVOKED:
                continue
            reason = REASONS[entry.reason] if entry.reason else None
            on_hold = entry.reason == "certificateHold"
            status = ON_HOLD if on_hold else CERTIFICATE_REVOKED
            if record.status == status:
                continue
            change_status(transaction, record, status, entry.revocation_date, reason)
            count += record.status == GOOD
    return count


def _missing(
    connection: Connection, issuer: AuthorityRecord, listed: set[int], now: datetime
) -> int:
    return sum(
        one.serial_number not in listed
        for one in revoked_entries(connection, issuer.id, now)
    )
