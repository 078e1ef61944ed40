"""Endpoints that revoke, suspend and let go."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import TYPE_CHECKING

from tlsmith.authority.records import REASONS, certificate_facts
from tlsmith.authority.revocation import hold, refuse_others, revoke, unhold
from tlsmith.core.formats import split_pem
from tlsmith.errors import ConflictError, InputError, NotFoundError
from tlsmith.server.rest import answers, messages
from tlsmith.server.rest.certificates import facts_of, name_to_find, one_record
from tlsmith.server.rest.endpoint import Answer, Call, Endpoint, Pending, json_answer
from tlsmith.storage.certificates import REVOKED, CertificateRecord
from tlsmith.storage.search import Search, find

if TYPE_CHECKING:
    from tlsmith.storage import Connection, Transaction

# Certificates that one request revokes.
_MOST = 1000


def _revoke(call: Call) -> Pending:
    reason, now = REASONS[call.body.reason], call.authority.clock()
    return _changed(
        call,
        lambda tx, number: revoke(tx, number, reason, call.actor, now),
        lambda: call.authority.observer.revoked(call.body.reason),
    )


def _hold(call: Call) -> Pending:
    now = call.authority.clock()
    return _changed(call, lambda tx, number: hold(tx, number, call.actor, now))


def _unhold(call: Call) -> Pending:
    now = call.authority.clock()
    return _changed(call, lambda tx, number: unhold(tx, number, call.actor, now))


def _changed(
    call: Call,
    change: Callable[[Transaction, int], CertificateRecord],
    note: Callable[[], None] = lambda: None,
) -> Pending:
    record = one_record(call)
    slug = facts_of(call.authority, [record])[0]["issuer"]

    is_new = False

    def work(transaction: Transaction) -> Answer:
        nonlocal is_new
        facts = certificate_facts(change(transaction, record.id), slug)
        is_new = True
        return json_answer(facts)

    def follow() -> None:
        if is_new:
            note()
            call.authority.status_changed()

    return Pending(call.begin(work), follow)


def _revoke_many(call: Call) -> Pending:
    body: messages.Revocations = call.body
    search, is_several = _search(body)
    with call.authority.storage.read() as connection:
        records = _found(connection, search, is_several)
    _refuse_others(call, records)
    reason, now = REASONS[body.reason], call.authority.clock()

    def work(transaction: Transaction) -> Answer:
        nonlocal records
        if search.key_hash is not None:
            # Those that were issued since; no more will be, as the key is blocked.
            transaction.flush()
            records = _found(transaction, search, is_several)
            _refuse_others(call, records)
        changed = [
            revoke(
                transaction,
                one.id,
                reason,
                call.actor,
                now,
                with_key=search.key_hash is not None,
            )
            for one in records
        ]
        return json_answer({"certificates": facts_of(call.authority, changed)})

    def follow() -> None:
        for _ in records:
            call.authority.observer.revoked(body.reason)
        call.authority.status_changed()

    return Pending(call.begin(work), follow)


def _search(body: messages.Revocations) -> tuple[Search, bool]:
    """Return what is looked for, and whether that may be several."""
    given = [body.certificate, body.fingerprint, body.key, body.name]
    if sum(one is not None for one in given) != 1:
        raise InputError(
            "which certificates is to be said in one way",
            code="which-certificate",
            hint="give one of certificate, fingerprint, key and name",
        )
    if body.certificate is not None:
        digest = sha256(_pem(body.certificate, "CERTIFICATE")).digest()
        return Search(fingerprint=digest), False
    if body.fingerprint is not None:
        return Search(fingerprint=bytes.fromhex(body.fingerprint)), False
    if body.key is not None:
        return Search(key_hash=_key_hash(body.key)), True
    return Search(name=name_to_find(str(body.name))), True


def _found(
    connection: Connection, search: Search, is_several: bool
) -> list[CertificateRecord]:
    found: list[CertificateRecord] = []
    after: str | None = None
    while len(found) <= _MOST:
        page = find(connection, search, after=after, limit=500)
        found += page.records
        after = page.next
        if after is None:
            break
    if not found:
        raise NotFoundError(
            "no such certificate", hint="see which there are: GET /certificates"
        )
    if len(found) > _MOST:
        raise ConflictError(
            f"these are more than {_MOST} certificates",
            code="too-many",
            hint="name fewer, or use the command line: tlsmith cert revoke --name",
        )
    if is_several:
        # Those revoked already need no more; the error says so where all are.
        found = [one for one in found if one.status != REVOKED] or found[:1]
    return found


def _refuse_others(call: Call, records: list[CertificateRecord]) -> None:
    """Refuse before anything is written, if one of several may not be revoked."""
    for record in records:
        refuse_others(record, call.actor)


def _key_hash(text: str) -> bytes:
    digits = text.strip().replace(":", "")
    if len(digits) == 64 and not set(digits) - set("0123456789abcdefABCDEF"):
        return bytes.fromhex(digits)
    return sha256(_pem(text, "PUBLIC KEY")).digest()


def _pem(text: str, label: str) -> bytes:
    found = [der for name, der in split_pem(text.encode("utf-8")) if name == label]
    if len(found) != 1:
        raise InputError(
            f"{len(found)} of {label} where one is needed, PEM",
            code="bad-pem",
            hint=f"send what is between BEGIN {label} and its END, these included",
        )
    return found[0]


ENDPOINTS = (
    Endpoint(
        "POST",
        "/certificates/{serial_number}/revoke",
        _revoke,
        "Revoke a certificate, for good",
        "issuer",
        answers.Certificate,
        body=messages.Revocation,
        place=messages.BySerialNumber,
        once=True,
    ),
    Endpoint(
        "POST",
        "/certificates/{serial_number}/hold",
        _hold,
        "Suspend a certificate",
        "operator",
        answers.Certificate,
        body=messages.Nothing,
        place=messages.BySerialNumber,
        once=True,
    ),
    Endpoint(
        "POST",
        "/certificates/{serial_number}/unhold",
        _unhold,
        "Let a suspended certificate go",
        "operator",
        answers.Certificate,
        body=messages.Nothing,
        place=messages.BySerialNumber,
        once=True,
    ),
    Endpoint(
        "POST",
        "/revocations",
        _revoke_many,
        "Revoke the certificates of a fingerprint, a key or a name",
        "issuer",
        answers.Certificates,
        body=messages.Revocations,
        once=True,
    ),
)
