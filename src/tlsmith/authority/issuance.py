"""Issuing: judged by the policy, signed, and on disk before it is given out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from tlsmith.authority.actor import Actor
from tlsmith.authority.issuers import LoadedIssuer
from tlsmith.authority.serials import next_serial_number
from tlsmith.core.attributes import parse_attributes
from tlsmith.core.oid import COMMON_NAME, NO_REVOCATION_AVAILABLE
from tlsmith.core.view import view_certificate
from tlsmith.errors import AccessError, ConflictError, ProfileError
from tlsmith.storage import Connection, Transaction
from tlsmith.storage.access import granted_among, is_nothing_granted
from tlsmith.storage.audit import Act, append
from tlsmith.storage.certificates import (
    GOOD,
    UNLISTED,
    NewCertificate,
    by_serial_number,
    insert_certificate,
    is_unblocked,
    why_blocked,
)

if TYPE_CHECKING:
    from tlsmith.core.issuer import IssuedCertificate
    from tlsmith.core.names import GeneralName
    from tlsmith.core.profiles import CertificateParameters


class Prepared(NamedTuple):
    """A certificate that is signed, and not yet given to anyone.

    Args:
        new: what goes into the store.
        chain: DER, end entity first, without the root.
        renews: the serial number of the one it takes the place of.
        why: further facts for the audit log, such as how its names were proved.
    """

    new: NewCertificate
    issued: IssuedCertificate
    chain: tuple[bytes, ...]
    renews: int | None = None
    why: Mapping[str, object] = MappingProxyType({})


def sign_certificate(
    loaded: LoadedIssuer,
    parameters: CertificateParameters,
    public_key_info: bytes,
    about: tuple[str, str, datetime],
) -> Prepared:
    """Sign a certificate whose parameters the policy made.

    Args:
        public_key_info: DER SubjectPublicKeyInfo.
        about: the profile, who asked, and the present.
    """
    profile, requester, now = about
    serial_number = next_serial_number(int(now.timestamp()))
    shard = loaded.shard_of(serial_number)
    if any(one.oid == NO_REVOCATION_AVAILABLE for one in parameters.extensions):
        shard = UNLISTED
    parameters = parameters._replace(
        extensions=(*parameters.extensions, *loaded.pointers(shard))
    )
    issued = loaded.issuer.issue(
        parameters, public_key_info, serial_number=serial_number
    )
    new = NewCertificate(
        authority_id=loaded.id,
        serial_number=serial_number,
        certificate=issued.der,
        key_hash=sha256(public_key_info).digest(),
        names=tuple(name.value for name in parameters.names),
        not_before=issued.not_before,
        not_after=issued.not_after,
        issued_at=now,
        profile=profile,
        requester=requester,
        shard=shard,
    )
    return Prepared(new, issued, (issued.der, *loaded.above))


def record_certificate(
    transaction: Transaction, prepared: Prepared, actor: Actor
) -> int:
    """Put a signed certificate and its audit record into the store.

    Raises:
        ProfileError: its key was blocked; nothing was written.
        AccessError: something is granted to a name in it, and not to this actor.
        ConflictError: it takes the place of one that was revoked meanwhile.
    """
    new = prepared.new
    refuse_granted_names(transaction, actor, new.names)
    if prepared.renews is not None:
        _refuse_revoked(transaction, prepared.renews)
    if not is_unblocked(transaction, new.key_hash):
        reason = why_blocked(transaction, new.key_hash)
        raise ProfileError(
            "this key may not be certified",
            reasons=[f"key: blocked: {reason}"],
            hint="make a new key",
        )
    number = insert_certificate(transaction, new)
    detail: dict[str, object] = {
        "names": list(new.names),
        "profile": new.profile,
        "not_after": new.not_after.isoformat(),
        "fingerprint_sha256": sha256(prepared.issued.der).hexdigest(),
    }
    detail |= prepared.why
    if prepared.renews is not None:
        detail["renews"] = f"{prepared.renews:x}"
    serial = f"{new.serial_number:x}"
    act = Act(actor.name, "certificate.issue", serial, detail, actor.request_id)
    append(transaction, act, new.issued_at)
    return number


def is_key_blocked(connection: Connection, certificate: bytes) -> bool:
    """Tell whether the key of a certificate (DER) may not be certified any more."""
    info = view_certificate(certificate).public_key_info
    return why_blocked(connection, sha256(info).digest()) is not None


def refuse_outside_scope(
    actor: Actor, profile: str, names: tuple[GeneralName, ...]
) -> None:
    """Refuse what an actor's token or certificate does not reach.

    Raises:
        AccessError: the profile or a name is not theirs.
    """
    actor.require("issuer", "issuing")
    if actor.profiles and profile not in actor.profiles:
        raise AccessError(
            f"{actor.name} may not use the profile {profile!r}",
            hint=f"it may use {', '.join(actor.profiles)}",
        )
    outside = actor.outside(names)
    if outside:
        raise AccessError(
            f"{actor.name} may not ask for {', '.join(outside)}",
            hint=f"it may ask for names below {', '.join(actor.names)}",
        )


def _refuse_revoked(transaction: Transaction, serial_number: int) -> None:
    there = by_serial_number(transaction, serial_number)
    if there and all(one.status != GOOD for one in there):
        raise ConflictError(
            f"the certificate {serial_number:x} is not good",
            code="revoked",
            hint="issue a new one, if it is to go on",
        )


def refuse_granted_names(
    transaction: Transaction, actor: Actor, names: tuple[str, ...]
) -> None:
    """Refuse names whose certificates have a grant: who had one would be its bearer.

    Raises:
        AccessError: the actor is neither an administrator, bound to nothing, nor that
            bearer itself.
    """
    if actor.role == "administrator" and not (actor.profiles or actor.names):
        return
    if is_nothing_granted(transaction, names):
        return
    granted = granted_among(transaction, names)
    if [actor.name] != [f"certificate:{name}" for name in granted]:
        raise AccessError(
            f"{actor.name} may not have a certificate for {', '.join(granted)}, "
            "to which a role is granted",
            code="granted-name",
            hint="have an administrator ask for it, or take the grant back",
        )


def refuse_foreign_account(
    actor: Actor, subject: bytes, names: tuple[GeneralName, ...]
) -> None:
    """Refuse a common name beyond the names, to whom is held to some of these.

    A server that takes clients' accounts from common names would let them in as
    anybody: `CN=postgres` is below no domain.

    Args:
        subject: the DER Name that the certificate is to have.

    Raises:
        AccessError: there is one.
    """
    if not actor.names:
        return
    own = {name.value for name in names}
    for part in parse_attributes(subject):
        if part.oid == COMMON_NAME and part.text not in own:
            raise AccessError(
                f"{actor.name} may not ask for the common name {part.text!r}",
                hint=f"it may ask for names below {', '.join(actor.names)}",
            )
