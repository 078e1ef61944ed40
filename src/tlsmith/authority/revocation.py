"""Revoking, holding and letting go (RFC 5280 section 5.3.1)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

from tlsmith.authority.actor import Actor
from tlsmith.authority.records import REASONS, reason_name
from tlsmith.core.names import parse_names
from tlsmith.core.view import view_certificate
from tlsmith.errors import AccessError, ConflictError, InputError
from tlsmith.storage import Transaction
from tlsmith.storage.audit import Act, append
from tlsmith.storage.certificates import (
    GOOD,
    ON_HOLD,
    REVOKED,
    CertificateRecord,
    block_key,
    by_id,
    change_status,
)

# What may be said of an end entity's certificate by who asks for its revocation.
REVOCATION_REASONS = (
    "unspecified",
    "keyCompromise",
    "affiliationChanged",
    "superseded",
    "cessationOfOperation",
    "privilegeWithdrawn",
)


def reason_number(name: str) -> int:
    """Return a CRLReason's number by its name, whatever its case.

    Raises:
        InputError: there is no such reason, or it is not one to give here.
    """
    wanted = name.replace("-", "").replace("_", "").lower()
    for known in REVOCATION_REASONS:
        if known.lower() == wanted:
            return REASONS[known]
    raise InputError(
        f"no certificate is revoked for the reason {name!r}",
        code="bad-reason",
        hint=f"give one of {', '.join(REVOCATION_REASONS)}; to suspend one: "
        "tlsmith cert hold",
    )


def revoke(
    transaction: Transaction,
    number: int,
    reason: int,
    actor: Actor,
    now: datetime,
    *,
    with_key: bool = False,
) -> CertificateRecord:
    """Revoke a certificate for good.

    Revoked for keyCompromise, or by its key, its key is never certified again.

    Args:
        number: of the certificate in the store.
        with_key: it was asked for by the key.

    Raises:
        ConflictError: it is revoked already.
        AccessError: it is not this actor's to revoke.
    """
    record = by_id(transaction, number)
    _refuse_others(record, actor)
    if record.status == REVOKED and not _is_worse(record, reason):
        raise ConflictError(
            f"the certificate {record.serial_number:x} is revoked already, since "
            f"{record.revoked_at:%Y-%m-%d %H:%M:%S} for {reason_name(record.reason)}",
            code="already-revoked",
            hint="there is nothing to be done: revoked stays revoked",
        )
    # Revoked since when does not change with a graver reason.
    moment = record.revoked_at if record.status == REVOKED else now
    changed = change_status(transaction, record, REVOKED, moment or now, reason)
    if (with_key or reason == REASONS["keyCompromise"]) and record.certificate:
        info = view_certificate(record.certificate).public_key_info
        said = f"revoked with the certificate {record.serial_number:x}"
        block_key(transaction, sha256(info).digest(), said, now)
    _note(transaction, "certificate.revoke", changed, actor, now)
    return changed


def hold(
    transaction: Transaction, number: int, actor: Actor, now: datetime
) -> CertificateRecord:
    """Suspend a certificate: certificateHold, which can be taken back.

    Raises:
        ConflictError: it is not good.
        AccessError: the actor is no operator, or does not reach it.
    """
    actor.require("operator", "holding a certificate")
    record = by_id(transaction, number)
    _refuse_outside_scope(record, actor)
    if record.status != GOOD:
        raise ConflictError(
            f"the certificate {record.serial_number:x} is "
            f"{'on hold' if record.status == ON_HOLD else 'revoked'} already",
            code="not-good",
        )
    reason = REASONS["certificateHold"]
    changed = change_status(transaction, record, ON_HOLD, now, reason)
    _note(transaction, "certificate.hold", changed, actor, now)
    return changed


def unhold(
    transaction: Transaction, number: int, actor: Actor, now: datetime
) -> CertificateRecord:
    """Let a suspended certificate go: it is good again.

    Raises:
        ConflictError: it is not on hold.
        AccessError: the actor is no operator, or does not reach it.
    """
    actor.require("operator", "taking a certificate off hold")
    record = by_id(transaction, number)
    _refuse_outside_scope(record, actor)
    if record.status != ON_HOLD:
        raise ConflictError(
            f"the certificate {record.serial_number:x} is not on hold",
            code="not-on-hold",
            hint="a certificate that was revoked stays revoked: issue a new one",
        )
    changed = change_status(transaction, record, GOOD, now, None)
    _note(transaction, "certificate.unhold", changed, actor, now)
    return changed


def _refuse_others(record: CertificateRecord, actor: Actor) -> None:
    """An issuer revokes what it asked for; an operator, everything."""
    actor.require("issuer", "revoking")
    if actor.role == "issuer" and record.requester != actor.name:
        raise AccessError(
            f"{actor.name} did not ask for the certificate {record.serial_number:x}",
            hint="an operator may revoke it",
        )
    _refuse_outside_scope(record, actor)


def _refuse_outside_scope(record: CertificateRecord, actor: Actor) -> None:
    """Refuse what a token or grant that is held to something does not reach.

    Raises:
        AccessError: the profile or a name is not theirs, nor did they ask for it.
    """
    if record.requester == actor.name:
        return
    is_other = bool(actor.profiles) and record.profile not in actor.profiles
    if is_other or not _are_within(record.names, actor):
        raise AccessError(
            f"{actor.name} does not reach the certificate {record.serial_number:x}",
            hint=f"it is held to {', '.join((*actor.profiles, *actor.names))}",
        )


def _are_within(names: Sequence[str], actor: Actor) -> bool:
    if not actor.names:
        return True
    try:
        return not actor.outside(parse_names(tuple(names)))
    except InputError:  # none, or of an adopted CA that was laxer
        return False


def _is_worse(record: CertificateRecord, reason: int) -> bool:
    """Tell whether a revoked one is now known to have lost its key."""
    compromise = REASONS["keyCompromise"]
    return reason == compromise and record.reason != compromise


def _note(
    transaction: Transaction,
    action: str,
    record: CertificateRecord,
    actor: Actor,
    now: datetime,
) -> None:
    detail: dict[str, object] = {"names": list(record.names)}
    if record.reason is not None:
        detail["reason"] = reason_name(record.reason)
    serial = f"{record.serial_number:x}"
    append(transaction, Act(actor.name, action, serial, detail, actor.request_id), now)
