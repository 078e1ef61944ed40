"""An issuing CA that waits for its certificate, and the answer from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from tlsmith.authority.actor import Actor
from tlsmith.authority.ca_chain import find_chain
from tlsmith.authority.creation import NewSigner, creation_act, refuse_second
from tlsmith.authority.intermediates import ca_name
from tlsmith.authority.plan import CAPlan
from tlsmith.authority.records import common_name, new_record, urls_of
from tlsmith.core.ca_request import encode_ca_request
from tlsmith.core.keys import fingerprint, key_identifier
from tlsmith.core.view import CertificateView, view_certificate
from tlsmith.errors import InputError, NotFoundError
from tlsmith.storage import Storage, Transaction
from tlsmith.storage.audit import Act, append
from tlsmith.storage.authorities import (
    ACTIVE,
    INTERMEDIATE,
    PENDING,
    ROOT,
    AuthorityRecord,
    add_certificate,
    authorities,
    insert_authority,
    set_certificate,
)
from tlsmith.storage.settings import add_policy

if TYPE_CHECKING:
    from collections.abc import Callable

CROSS_SIGNED = "cross-signed"


class TakenIn(NamedTuple):
    """What came into the store.

    Args:
        record: the CA that has its certificate now.
        chain: its own certificate first, its root last.
        cross_signed: it was a further certificate of a CA that has one.
    """

    record: AuthorityRecord
    chain: tuple[CertificateView, ...]
    cross_signed: bool = False


def waiting_record(
    plan: CAPlan, number: int, signer: NewSigner, now: datetime
) -> AuthorityRecord:
    """Return the record of an issuing CA that waits, with its request.

    Args:
        number: of the issuing CA, counted from 1.
    """
    role = f"Issuing CA {number}"
    info = signer.key.public_key_info
    request = encode_ca_request(ca_name(plan.name, role), signer.key)
    return AuthorityRecord(
        id=0,
        slug=key_identifier(info).hex()[:16],
        name=f"{plan.name} {role}",
        role=INTERMEDIATE,
        state=PENDING,
        parent_id=None,
        certificate=None,
        request=request,
        public_key_info=info,
        signer=signer.uri,
        material=signer.material,
        shards=plan.shards,
        crl_url=plan.urls.crl,
        ocsp_url=plan.urls.ocsp,
        ca_url=plan.urls.ca,
        created_at=now,
    )


def store_request(
    storage: Storage,
    record: AuthorityRecord,
    actor: Actor,
    now: datetime,
    *,
    policy: str | None = None,
    also: Callable[[Transaction], None] = lambda _: None,
) -> None:
    """Put a CA that waits into a store.

    Args:
        policy: what a new store begins with; None for one that has a CA.
        also: what else is done in the same transaction.

    Raises:
        ConflictError: a policy is given, and there is a CA already.
    """
    with storage.write() as transaction:
        if policy is not None:
            refuse_second(transaction, storage)
            add_policy(transaction, policy, now)
        insert_authority(transaction, record)
        detail: dict[str, object] = {
            "name": record.name,
            "key_sha256": fingerprint(record.public_key_info),
        }
        act = Act(actor.name, "ca.request", record.slug, detail, actor.request_id)
        append(transaction, act, now)
        also(transaction)


def take_certificates(
    transaction: Transaction, certificates: Sequence[bytes], actor: Actor, now: datetime
) -> TakenIn:
    """Give a CA that waits its certificate, once all of its chain was verified.

    A certificate of a CA that has one already, by another issuer, is kept beside it.

    Args:
        certificates: DER, the answer and those above it, in any order.

    Raises:
        NotFoundError: no CA of the store has the key of any of them.
        ChainError: no client would accept it; every reason is listed.
        InputError: a signature does not hold, or a certificate is missing.
    """
    records = authorities(transaction)
    record, own = _match(records, certificates)
    pool = [*certificates, *(one.certificate for one in records if one.certificate)]
    chain = find_chain(own, pool, now)
    if record.certificate is not None:
        _keep_cross_signed(transaction, record, chain, actor, now)
        return TakenIn(record, tuple(chain), cross_signed=True)
    parent = _keep_above(transaction, records, record, chain[1:], (actor, now))
    set_certificate(transaction, record.id, own, parent)
    taken = record._replace(certificate=own, parent_id=parent, state=ACTIVE)
    append(transaction, _import_act(taken, actor), now)
    return TakenIn(taken, tuple(chain))


def _match(
    records: Sequence[AuthorityRecord], certificates: Sequence[bytes]
) -> tuple[AuthorityRecord, bytes]:
    """Return the CA that one of the certificates is for: one that waits before others.

    Raises:
        NotFoundError: there is none.
    """
    views = [view_certificate(one) for one in certificates]
    known = {one.certificate for one in records}
    for record in sorted(records, key=lambda one: one.state != PENDING):
        for view in views:
            if view.der in known or view.public_key_info != record.public_key_info:
                continue
            if record.state != PENDING and view.is_self_issued:
                continue
            return record, view.der
    if {one.der for one in views} <= known:
        raise InputError(
            "the store has these certificates already",
            code="already-imported",
            hint="see them: tlsmith ca show --store URL",
        )
    raise NotFoundError(
        "none of these certificates is for a key of this store",
        hint="the request that was signed must be the one that tlsmith ca export --csr "
        "prints: compare the fingerprint of its key",
    )


def _keep_above(
    transaction: Transaction,
    records: Sequence[AuthorityRecord],
    record: AuthorityRecord,
    above: Sequence[CertificateView],
    by: tuple[Actor, datetime],
) -> int | None:
    """Put in what stands above a CA and is not there yet; return its issuer's id."""
    actor, now = by
    by_key = {one.public_key_info: one.id for one in records if one.certificate}
    parent: int | None = None
    for view in reversed(above):
        there = by_key.get(view.public_key_info)
        if there is None:
            new = new_record(
                view.der,
                common_name(view),
                ROOT if view.is_self_issued else INTERMEDIATE,
                urls_of(record),
                now,
            )._replace(parent_id=parent)
            there = insert_authority(transaction, new)
            append(transaction, creation_act(new, actor), now)
        parent = there
    return parent


def _keep_cross_signed(
    transaction: Transaction,
    record: AuthorityRecord,
    chain: Sequence[CertificateView],
    actor: Actor,
    now: datetime,
) -> None:
    for view in chain[:1]:
        digest = bytes.fromhex(fingerprint(view.der))
        add_certificate(transaction, record.id, CROSS_SIGNED, digest, view.der)
    detail: dict[str, object] = {
        "fingerprint_sha256": fingerprint(chain[0].der),
        "root_sha256": fingerprint(chain[-1].der),
    }
    act = Act(actor.name, "ca.cross-sign", record.slug, detail, actor.request_id)
    append(transaction, act, now)


def _import_act(record: AuthorityRecord, actor: Actor) -> Act:
    detail: dict[str, object] = {
        "name": record.name,
        "fingerprint_sha256": fingerprint(record.certificate or b""),
    }
    return Act(actor.name, "ca.import", record.slug, detail, actor.request_id)
