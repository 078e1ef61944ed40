"""A new issuing CA beside or in place of one there is, and retiring the old one."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from tlsmith.authority.actor import Actor
from tlsmith.authority.creation import NewSigner, creation_act
from tlsmith.authority.intermediates import (
    Terms,
    ca_name,
    issue_intermediate,
    next_issuing_name,
)
from tlsmith.authority.issuers import is_issuing
from tlsmith.authority.plan import CAPlan
from tlsmith.authority.records import new_record, urls_of
from tlsmith.authority.requests import waiting_record
from tlsmith.authority.root_file import RootFile
from tlsmith.core.profiles import CA_DAYS
from tlsmith.errors import ConflictError, NotFoundError
from tlsmith.storage import Connection, Storage
from tlsmith.storage.audit import Act, append
from tlsmith.storage.authorities import (
    ACTIVE,
    INTERMEDIATE,
    RETIRED,
    AuthorityRecord,
    authorities,
    insert_authority,
    set_state,
)


class Rotation(NamedTuple):
    """What takes the place of what.

    Args:
        retired: they sign CRLs and OCSP answers for what they issued, and no more.
    """

    record: AuthorityRecord
    retired: tuple[AuthorityRecord, ...]


def latest_issuing(connection: Connection) -> AuthorityRecord:
    """Return the CA that a new one is made after.

    Raises:
        NotFoundError: there is none.
    """
    there = authorities(connection)
    # Where the only one was revoked, a new one is wanted all the more.
    found = [one for one in there if is_issuing(one)] or [
        one for one in there if one.signer and one.certificate
    ]
    if not found:
        raise NotFoundError(
            "no CA of this store ever issued",
            hint="take in its certificate first: tlsmith ca import FILE",
        )
    return found[-1]


def rotated_plan(
    records: list[AuthorityRecord], like: AuthorityRecord, kind: str
) -> tuple[CAPlan, int]:
    """Return the plan of an issuing CA like one there is, and its number."""
    name, number = next_issuing_name(like.name, records)
    return CAPlan(name, kind=kind, urls=urls_of(like), shards=like.shards), number


def new_intermediate(
    storage: Storage, root: RootFile, signer: NewSigner, days: int | None, now: datetime
) -> AuthorityRecord:
    """Make an issuing CA below a root of the store, not yet in it.

    Raises:
        NotFoundError: the root is not of this store.
        ConfigError, PathLengthError, ValidityError: the root may not sign it.
    """
    with storage.read() as connection:
        records = authorities(connection)
        like = latest_issuing(connection)
    info = root.issuer.view.public_key_info
    above = [one for one in records if one.public_key_info == info and one.certificate]
    if not above:
        raise NotFoundError(
            "the root in the file is none of this store's",
            hint="see its fingerprint: tlsmith ca show --store URL",
        )
    plan, number = rotated_plan(records, like, "")
    role = f"Issuing CA {number}"
    certificate = issue_intermediate(
        root.issuer,
        signer.key.public_key_info,
        ca_name(plan.name, role),
        Terms(days or CA_DAYS // 2, None, None, urls_of(above[0])),
        now,
    )
    record = new_record(
        certificate, f"{plan.name} {role}", INTERMEDIATE, plan.urls, now
    )
    return record._replace(
        signer=signer.uri,
        material=signer.material,
        shards=plan.shards,
        parent_id=above[0].id,
    )


def next_request(storage: Storage, signer: NewSigner, now: datetime) -> AuthorityRecord:
    """Return an issuing CA that waits for its certificate, like the latest one."""
    with storage.read() as connection:
        records = authorities(connection)
        like = latest_issuing(connection)
    plan, number = rotated_plan(records, like, "")
    return waiting_record(plan, number, signer, now)


def rotate(
    storage: Storage,
    record: AuthorityRecord,
    actor: Actor,
    now: datetime,
    *,
    keep_old: bool = False,
) -> Rotation:
    """Have a new CA issue, and those before it only answer for what they issued.

    Args:
        keep_old: let them go on issuing beside it, where they are asked for by name.
    """
    actor.require("administrator", "rotating a CA")
    with storage.write() as transaction:
        old = [one for one in authorities(transaction) if is_issuing(one)]
        insert_authority(transaction, record)
        append(transaction, creation_act(record, actor), now)
        retired = () if keep_old else tuple(old)
        for one in retired:
            set_state(transaction, one.id, RETIRED)
            append(transaction, _retirement(one, actor), now)
    return Rotation(record, retired)


def retire(
    storage: Storage, slug: str, actor: Actor, now: datetime, *, last: bool = False
) -> AuthorityRecord:
    """Have a CA issue no more; it answers for what it issued.

    Args:
        slug: or its name.
        last: even where nothing issues then.

    Raises:
        NotFoundError: there is none of that name.
        ConflictError: it does not issue, or it is the last one that does.
    """
    actor.require("administrator", "retiring a CA")
    with storage.write() as transaction:
        records = authorities(transaction)
        named = [one for one in records if slug in (one.slug, one.name)]
        if not named:
            raise NotFoundError(
                f"no CA is called {slug!r}",
                hint="see which there are: tlsmith ca show --store URL",
            )
        record = named[0]
        if record.state != ACTIVE or not is_issuing(record):
            raise ConflictError(f"{record.name!r} does not issue: it is {record.state}")
        others = [one for one in records if is_issuing(one) and one.id != record.id]
        if not others and not last:
            raise ConflictError(
                f"{record.name!r} is the last CA that issues",
                code="last-issuer",
                hint="make another first: tlsmith ca rotate; or say --last",
            )
        set_state(transaction, record.id, RETIRED)
        append(transaction, _retirement(record, actor), now)
    return record._replace(state=RETIRED)


def _retirement(record: AuthorityRecord, actor: Actor) -> Act:
    detail: dict[str, object] = {"name": record.name}
    return Act(actor.name, "ca.retire", record.slug, detail, actor.request_id)
