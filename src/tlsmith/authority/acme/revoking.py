"""Revocation that a client asks for (RFC 8555 section 7.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tlsmith.acme import problems
from tlsmith.acme.identifiers import Identifier
from tlsmith.acme.jwk import AccountKey
from tlsmith.authority import revocation
from tlsmith.authority.acme.authorizations import authorizations_for
from tlsmith.authority.acme.context import ACMEContext, requester
from tlsmith.authority.actor import Actor
from tlsmith.authority.records import reason_name
from tlsmith.core.keys import public_key_info
from tlsmith.core.view import CertificateView, view_certificate
from tlsmith.errors import AccessError, ConflictError, InputError
from tlsmith.storage.acme.authorizations import VALID
from tlsmith.storage.certificates import REVOKED, CertificateRecord, by_serial_number

if TYPE_CHECKING:
    from concurrent.futures import Future
    from datetime import datetime

    from tlsmith.storage import Connection, Transaction
    from tlsmith.storage.acme.accounts import AccountRecord

# Of CRLReason (RFC 5280 section 5.3.1), those that are said of end entities.
_REASONS = (0, 1, 3, 4, 5, 9)


def revoke(
    context: ACMEContext,
    certificate: bytes,
    reason: int | None,
    asker: AccountRecord | AccountKey,
    request_id: str = "",
) -> Future[CertificateRecord]:
    """Revoke a certificate.

    Args:
        certificate: DER.
        reason: CRLReason's number; None for unspecified.
        asker: the account; or the certificate's own key, by which the request was
            signed.

    Raises, or the future does:
        ACMEProblem: malformed, badRevocationReason, alreadyRevoked, unauthorized.
    """
    number = 0 if reason is None else reason
    if number not in _REASONS:
        allowed = ", ".join(f"{one} ({reason_name(one)})" for one in _REASONS)
        raise problems.bad_revocation_reason(
            f"reason: {number} is not one to give here: one of {allowed}"
        )
    now = context.now()
    with_key = isinstance(asker, AccountKey)
    with context.storage.look() as connection:
        record, view = _find(connection, certificate)
        if isinstance(asker, AccountKey):
            _refuse_other_key(asker, view)
            actor = Actor("acme:certificate-key", "operator", request_id=request_id)
        else:
            _refuse_other_account(connection, asker, record, view, now)
            who = requester(asker.id)
            actor = Actor(who, "operator", request_id=request_id)
    if record.status == REVOKED and number != 1:
        raise problems.already_revoked(_since(record))

    def act(transaction: Transaction) -> CertificateRecord:
        try:
            return revocation.revoke(
                transaction, record.id, number, actor, now, with_key=with_key
            )
        except ConflictError as error:
            raise problems.already_revoked(error.message) from error
        except AccessError as error:
            raise problems.unauthorized(error.message) from error

    future = context.begin(act)
    future.add_done_callback(lambda done: _tell(context, done, number))
    return future


def _tell(context: ACMEContext, done: Future[CertificateRecord], reason: int) -> None:
    if done.exception() is None:
        context.authority.observer.revoked(reason_name(reason) or "unspecified")
        context.authority.status_changed()


def _find(
    connection: Connection, certificate: bytes
) -> tuple[CertificateRecord, CertificateView]:
    try:
        view = view_certificate(certificate)
    except InputError as error:
        raise problems.malformed(f"certificate: {error.message}") from error
    for record in by_serial_number(connection, view.serial_number):
        if record.certificate == certificate:
            return record, view
    raise problems.malformed("certificate: this CA did not issue it", status=404)


def _refuse_other_key(key: AccountKey, view: CertificateView) -> None:
    if public_key_info(key.public_key) != view.public_key_info:
        raise problems.unauthorized(
            "the request is signed neither by an account nor by the certificate's key"
        )


def _refuse_other_account(
    connection: Connection,
    account: AccountRecord,
    record: CertificateRecord,
    view: CertificateView,
    now: datetime,
) -> None:
    """Refuse an account that neither got the certificate nor has all its names."""
    if record.requester == requester(account.id):
        return
    missing = [
        name.value
        for name in view.names
        if not _is_authorized(connection, account, name.kind, name.value, now)
    ]
    if missing or not view.names:
        raise problems.unauthorized(
            "the certificate was not issued to this account, which is not authorized "
            f"for {', '.join(missing) or 'any name of it'} either"
        )


def _is_authorized(
    connection: Connection, account: AccountRecord, kind: str, value: str, now: datetime
) -> bool:
    found = authorizations_for(connection, account.id, Identifier(kind, value))
    return any(one.status_at(now) == VALID for one in found)


def _since(record: CertificateRecord) -> str:
    return (
        f"the certificate {record.serial_number:x} is revoked already, since "
        f"{record.revoked_at:%Y-%m-%d %H:%M:%S} UTC"
    )
