"""A new CA: an offline root, and an intermediate that issues."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from tlsmith.authority.actor import Actor
from tlsmith.authority.issuers import pointers_of
from tlsmith.authority.plan import CAPlan
from tlsmith.authority.records import slug_of
from tlsmith.authority.root_crl import first_root_crl
from tlsmith.core.issuer import Issuer, self_issue
from tlsmith.core.keys import fingerprint
from tlsmith.core.oid import COMMON_NAME, ORGANIZATION
from tlsmith.core.profiles import certificate_authority, validity
from tlsmith.core.subject import distinguished_name
from tlsmith.core.view import view_certificate
from tlsmith.errors import ConflictError
from tlsmith.storage import Storage, Transaction
from tlsmith.storage.audit import Act, append
from tlsmith.storage.authorities import (
    ACTIVE,
    INTERMEDIATE,
    ROOT,
    AuthorityRecord,
    authorities,
    insert_authority,
)

if TYPE_CHECKING:
    from tlsmith.core.keys import PrivateKey
    from tlsmith.core.signing import SigningKey


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
    plan.check()
    root = self_issue(
        certificate_authority(
            ca_name(plan.name, "Root CA"),
            validity(now, plan.root_days, longest=plan.root_days),
            path_length=plan.path_length,
            name_constraints=plan.name_constraints,
        ),
        root_key,
    )
    root_record = new_record(plan, root.der, ROOT, now)
    issuer = Issuer(root.der, root_key)
    certificate = issue_intermediate(
        issuer,
        signer.key,
        ca_name(plan.name, "Issuing CA 1"),
        root_record,
        now=now,
        days=plan.days,
        path_length=plan.path_length - 1,
    )
    record = new_record(plan, certificate, INTERMEDIATE, now)
    record = record._replace(
        signer=signer.uri, material=signer.material, shards=plan.shards
    )
    return CreatedCA(root_record, record, first_root_crl(issuer, now))


def issue_intermediate(
    issuer: Issuer,
    key: SigningKey,
    subject: bytes,
    parent: AuthorityRecord,
    *,
    now: datetime,
    days: int,
    path_length: int | None,
) -> bytes:
    """Return the certificate (DER) of an intermediate, below its parent.

    It has the parent's name constraints too: clients differ in how well they apply
    those of certificates further up.
    """
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    parameters = certificate_authority(
        subject,
        validity(now, days, longest=days, within=issuer.view),
        path_length=path_length,
        name_constraints=issuer.name_constraints,
    )
    parameters = parameters._replace(extensions=pointers_of(parent))
    public_key = load_der_public_key(key.public_key_info)
    return issuer.issue(parameters, public_key).der  # type: ignore[arg-type]


def ca_name(name: str, role: str) -> bytes:
    """Return the DER Name of a CA of an organisation."""
    return distinguished_name((ORGANIZATION, name), (COMMON_NAME, f"{name} {role}"))


def new_record(
    plan: CAPlan, certificate: bytes, role: str, now: datetime
) -> AuthorityRecord:
    """Return the record of a CA whose key is elsewhere."""
    view = view_certificate(certificate)
    title = "Root CA" if role == ROOT else "Issuing CA 1"
    return AuthorityRecord(
        id=0,
        slug=slug_of(view),
        name=f"{plan.name} {title}",
        role=role,
        state=ACTIVE,
        parent_id=None,
        certificate=certificate,
        request=None,
        public_key_info=view.public_key_info,
        signer="",
        material=None,
        shards=0,
        crl_url=plan.urls.crl,
        ocsp_url=plan.urls.ocsp,
        ca_url=plan.urls.ca,
        created_at=now,
    )


def store_ca(
    storage: Storage,
    created: CreatedCA,
    policy: str,
    actor: Actor,
    now: datetime,
    before_commit: Callable[[], None] = lambda: None,
) -> None:
    """Put a new CA into a store that has none.

    Args:
        policy: the text of the profiles and policy it begins with.
        before_commit: what must be done before it counts, such as writing the root's
            key to its file.

    Raises:
        ConflictError: the store has a CA already.
    """
    from tlsmith.authority.root_crl import keep_root_crl
    from tlsmith.storage.settings import add_policy

    with storage.write() as transaction:
        refuse_second(transaction, storage)
        root_id = insert_authority(transaction, created.root)
        keep_root_crl(transaction, root_id, created.crl)
        record = created.intermediate._replace(parent_id=root_id)
        insert_authority(transaction, record)
        add_policy(transaction, policy, now)
        for one in (created.root, record):
            append(transaction, _created(one, actor), now)
        before_commit()


def refuse_second(transaction: Transaction, storage: Storage) -> None:
    """Refuse to make a CA where there is one.

    Raises:
        ConflictError: there is.
    """
    there = authorities(transaction)
    if there:
        raise ConflictError(
            f"the store {storage.url} has a CA already: {there[0].name}",
            code="ca-exists",
            hint="see it: tlsmith ca show --store URL; a new intermediate: tlsmith ca "
            "rotate; or name another store",
        )


def _created(record: AuthorityRecord, actor: Actor) -> Act:
    detail: dict[str, object] = {
        "name": record.name,
        "role": record.role,
        "fingerprint_sha256": fingerprint(record.certificate or b""),
        "signer": record.signer.partition("?")[0],
    }
    return Act(actor.name, "ca.create", record.slug, detail, actor.request_id)
