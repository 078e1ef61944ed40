"""A new CA: an offline root, and an intermediate that issues."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from tlsmith.authority.actor import Actor
from tlsmith.authority.intermediates import Terms, ca_name, issue_intermediate
from tlsmith.authority.plan import CAPlan
from tlsmith.authority.records import new_record
from tlsmith.authority.root_crl import first_root_crl, keep_root_crl
from tlsmith.authority.root_file import RootFile
from tlsmith.core.issuer import Issuer, self_issue
from tlsmith.core.keys import fingerprint
from tlsmith.core.profiles import certificate_authority, validity
from tlsmith.errors import ConflictError
from tlsmith.storage import Connection, Storage, Transaction
from tlsmith.storage.audit import Act, append
from tlsmith.storage.authorities import (
    INTERMEDIATE,
    ROOT,
    AuthorityRecord,
    authorities,
    insert_authority,
)

if TYPE_CHECKING:
    from tlsmith.core.keys import PrivateKey
    from tlsmith.core.signing import SigningKey

FIRST_ISSUING = "Issuing CA 1"


class NewSigner(NamedTuple):
    """A key of an issuing CA, just made.

    Args:
        uri: where it is, as `tlsmith.signers` has it.
        material: of `store:`, the encrypted key.
    """

    uri: str
    key: SigningKey
    material: bytes | None


class CreatedCA(NamedTuple):
    """A CA that was made, not yet in a store.

    Args:
        root: as it goes into the store, without a key.
        crl: the root's first CRL, DER.
    """

    root: AuthorityRecord
    intermediate: AuthorityRecord
    crl: bytes


def create_ca(
    plan: CAPlan, root_key: PrivateKey, signer: NewSigner, now: datetime
) -> CreatedCA:
    """Make the certificates of a root and an intermediate.

    Raises:
        ConfigError: the plan has mistakes; all are listed.
        IssuanceError: the intermediate is not one the root may sign.
    """
    return create_below(plan, create_root(plan, root_key, now), signer, now)


def create_below(
    plan: CAPlan, root: RootFile, signer: NewSigner, now: datetime
) -> CreatedCA:
    """Make the certificate of an intermediate below a root just made.

    Raises:
        IssuanceError: it is not one the root may sign.
    """
    root_record = new_record(
        root.certificate, f"{plan.name} Root CA", ROOT, plan.urls, now
    )
    terms = Terms(plan.days, plan.path_length - 1, None, plan.urls)
    certificate = issue_intermediate(
        root.issuer,
        signer.key.public_key_info,
        ca_name(plan.name, FIRST_ISSUING),
        terms,
        now,
    )
    record = issuing_record(plan, certificate, signer, now)
    return CreatedCA(root_record, record, root.crl or b"")


def create_root(plan: CAPlan, key: PrivateKey, now: datetime) -> RootFile:
    """Make a root's certificate, and its first CRL.

    Raises:
        ConfigError: the plan has mistakes; all are listed.
    """
    plan.check()
    certificate = self_issue(
        certificate_authority(
            ca_name(plan.name, "Root CA"),
            validity(now, plan.root_days, longest=plan.root_days),
            path_length=plan.path_length,
            name_constraints=plan.name_constraints,
        ),
        key,
    ).der
    return RootFile(certificate, key, first_root_crl(Issuer(certificate, key), now))


def issuing_record(
    plan: CAPlan, certificate: bytes, signer: NewSigner, now: datetime
) -> AuthorityRecord:
    """Return the record of an issuing CA with its key."""
    name = f"{plan.name} {FIRST_ISSUING}"
    record = new_record(certificate, name, INTERMEDIATE, plan.urls, now)
    return record._replace(
        signer=signer.uri, material=signer.material, shards=plan.shards
    )


def store_ca(
    storage: Storage,
    created: CreatedCA,
    policy: str,
    actor: Actor,
    now: datetime,
    before_commit: Callable[[Transaction], None] = lambda _: None,
) -> None:
    """Put a new CA into a store that has none.

    Args:
        policy: the text of the profiles and policy it begins with.
        before_commit: what must be done in the same transaction before it counts, such
            as writing the root's key to its file.

    Raises:
        ConflictError: the store has a CA already.
    """
    from tlsmith.storage.settings import add_policy

    with storage.write() as transaction:
        refuse_second(transaction, storage)
        root_id = insert_authority(transaction, created.root)
        keep_root_crl(transaction, root_id, created.crl)
        record = created.intermediate._replace(parent_id=root_id)
        insert_authority(transaction, record)
        add_policy(transaction, policy, now)
        for one in (created.root, record):
            append(transaction, creation_act(one, actor), now)
        before_commit(transaction)


def refuse_second(connection: Connection, storage: Storage) -> None:
    """Refuse to make a CA where there is one.

    Raises:
        ConflictError: there is.
    """
    there = authorities(connection)
    if there:
        raise ConflictError(
            f"the store {storage.url} has a CA already: {there[0].name}",
            code="ca-exists",
            hint="see it: tlsmith ca show --store URL; a new intermediate: tlsmith ca "
            "rotate; or name another store",
        )


def creation_act(record: AuthorityRecord, actor: Actor) -> Act:
    """Return the audit record of a CA that comes into the store."""
    detail: dict[str, object] = {
        "name": record.name,
        "role": record.role,
        "fingerprint_sha256": fingerprint(record.certificate or b""),
        "signer": record.signer.partition("?")[0],
    }
    return Act(actor.name, "ca.create", record.slug, detail, actor.request_id)
