"""The CRL of a root whose key is offline: signed there, kept and read here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from tlsmith.core.crl import (
    CRLParameters,
    RevokedEntry,
    encode_entry,
    sign_crl,
    view_crl,
)
from tlsmith.core.issuer import Issuer
from tlsmith.errors import ConflictError, InputError, ValidityError
from tlsmith.storage import Transaction
from tlsmith.storage.status import (
    COMPLETE,
    CRLBytes,
    CRLRecord,
    insert_crl,
    latest_crl,
    raise_crl_number,
)

# A root's key comes out once a year: CA/B Baseline Requirements 4.9.7.
ROOT_CRL_DAYS = 365


def first_root_crl(issuer: Issuer, now: datetime) -> bytes:
    """Return a root's first CRL, DER: empty."""
    return sign_root_crl(issuer, 1, (), now)


def sign_root_crl(
    issuer: Issuer,
    number: int,
    entries: Sequence[RevokedEntry],
    now: datetime,
    *,
    days: int = ROOT_CRL_DAYS,
) -> bytes:
    """Return a CRL of a root, DER.

    Args:
        number: greater than that of every CRL before.
    """
    now = now.replace(microsecond=0)
    parameters = CRLParameters(
        number=number,
        this_update=now,
        next_update=min(now + timedelta(days=days), issuer.view.not_after),
    )
    return sign_crl(issuer, parameters, [encode_entry(entry) for entry in entries])


def next_root_crl(
    issuer: Issuer,
    before: Sequence[RevokedEntry],
    number: int,
    revoked: Sequence[RevokedEntry],
    now: datetime,
    days: int = ROOT_CRL_DAYS,
) -> bytes:
    """Return a root's next CRL, DER: all that was revoked before, and more.

    Args:
        number: greater than that of every CRL before.

    Raises:
        ConflictError: something is revoked already.
        ValidityError: the root has expired.
    """
    if issuer.view.not_after <= now:
        raise ValidityError(
            f"the root expired {issuer.view.not_after:%Y-%m-%d}",
            code="issuer-expired",
        )
    known = {one.serial_number for one in before}
    for one in revoked:
        if one.serial_number in known:
            raise ConflictError(
                f"the previous CRL lists {one.serial_number:x} already",
                code="already-revoked",
                hint="leave it out: what was revoked stays revoked",
            )
        known.add(one.serial_number)
    return sign_root_crl(issuer, number, [*before, *revoked], now, days=days)


def keep_root_crl(transaction: Transaction, authority_id: int, crl: bytes) -> CRLRecord:
    """Keep a CRL that was signed elsewhere.

    Raises:
        ConflictError: its number is not greater than that of the one kept.
    """
    view = view_crl(crl)
    if view.number is None or view.next_update is None:
        raise InputError(
            "the CRL has no number, or no time of the next one",
            hint="sign one with tlsmith ca sign-crl",
        )
    earlier = latest_crl(transaction, authority_id, 0, COMPLETE)
    if earlier is not None and view.number <= earlier.number:
        raise ConflictError(
            f"the CRL has number {view.number}, and number {earlier.number} is kept "
            "already",
            code="crl-number",
            hint="sign a new one with a greater number: numbers only grow",
        )
    record = CRLRecord(
        authority_id,
        0,
        COMPLETE,
        view.number,
        None,
        view.this_update,
        view.next_update,
        transaction.revision,
        view.entry_count,
    )
    insert_crl(transaction, record, CRLBytes(crl, b""))
    raise_crl_number(transaction, authority_id, 0, view.number)
    return record
