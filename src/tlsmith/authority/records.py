"""What the authority says of its records: facts for people and programs."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tlsmith.authority.plan import PublicationURLs
from tlsmith.core.crl import REASON_CODES
from tlsmith.core.crl import reason_name as known_reason
from tlsmith.core.keys import fingerprint
from tlsmith.core.view import CertificateView, view_certificate
from tlsmith.storage.authorities import ACTIVE, AuthorityRecord
from tlsmith.storage.certificates import GOOD, ON_HOLD, REVOKED, CertificateRecord

if TYPE_CHECKING:
    from tlsmith.authority.profile import Profile
    from tlsmith.storage.access import GrantRecord, TokenRecord
    from tlsmith.storage.audit import AuditRecord
    from tlsmith.storage.status import CRLRecord

# CRLReason (RFC 5280 section 5.3.1): names to numbers.
REASONS = REASON_CODES
STATUS_NAMES = {GOOD: "good", REVOKED: "revoked", ON_HOLD: "hold"}


def slug_of(view: CertificateView) -> str:
    """Return a CA's name in paths: the start of its key's identifier."""
    identifier = view.subject_key_identifier
    if identifier is None:
        from tlsmith.core.keys import key_identifier

        identifier = key_identifier(view.public_key_info)
    return identifier.hex()[:16]


def new_record(
    certificate: bytes, name: str, role: str, urls: PublicationURLs, now: datetime
) -> AuthorityRecord:
    """Return the record of a CA whose key is elsewhere.

    Args:
        certificate: DER.
        urls: where its state is read.
    """
    view = view_certificate(certificate)
    return AuthorityRecord(
        id=0,
        slug=slug_of(view),
        name=name,
        role=role,
        state=ACTIVE,
        parent_id=None,
        certificate=certificate,
        request=None,
        public_key_info=view.public_key_info,
        signer="",
        material=None,
        shards=0,
        crl_url=urls.crl,
        ocsp_url=urls.ocsp,
        ca_url=urls.ca,
        created_at=now,
    )


def urls_of(record: AuthorityRecord) -> PublicationURLs:
    """Return where a CA's state is read."""
    return PublicationURLs(record.crl_url, record.ocsp_url, record.ca_url)


def common_name(view: CertificateView) -> str:
    """Return what people call a CA: its common name, or its whole subject."""
    from cryptography import x509

    subject = x509.Name.from_bytes(view.subject)
    found = subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return str(found[0].value) if found else subject.rfc4514_string()


def reason_name(number: int | None) -> str | None:
    """Return a CRLReason's name; None where there is no reason."""
    return None if number is None else known_reason(number) or f"reason {number}"


def certificate_facts(record: CertificateRecord, slug: str = "") -> dict[str, Any]:
    """Return the facts of a certificate for programs."""
    revoked_at = record.revoked_at
    return {
        "id": record.id,
        "serial_number": f"{record.serial_number:x}",
        "names": list(record.names),
        "profile": record.profile,
        "requester": record.requester,
        "issuer": slug,
        "not_before": record.not_before.isoformat(),
        "not_after": record.not_after.isoformat(),
        "issued_at": record.issued_at.isoformat(),
        "status": STATUS_NAMES[record.status],
        "revoked_at": revoked_at.isoformat() if revoked_at else None,
        "revocation_reason": reason_name(record.reason),
        "fingerprint_sha256": record.fingerprint,
    }


def authority_facts(record: AuthorityRecord) -> dict[str, Any]:
    """Return the facts of a CA for programs."""
    facts: dict[str, Any] = {
        "slug": record.slug,
        "name": record.name,
        "role": record.role,
        "state": record.state,
        "key_sha256": fingerprint(record.public_key_info),
        "key_here": bool(record.signer),
        # Without what follows a "?": an address may say more than others need to know.
        "signer": record.signer.partition("?")[0] or None,
        "crl_url": record.crl_url or None,
        "ocsp_url": record.ocsp_url or None,
        "ca_url": record.ca_url or None,
        "crl_shards": record.shards,
    }
    if record.certificate is not None:
        view = view_certificate(record.certificate)
        facts |= {
            "serial_number": f"{view.serial_number:x}",
            "not_before": view.not_before.isoformat(),
            "not_after": view.not_after.isoformat(),
            "path_length": view.path_length,
            "fingerprint_sha256": fingerprint(record.certificate),
            "name_constraints": _constraints(view),
        }
    return facts


def crl_facts(path: str, record: CRLRecord) -> dict[str, Any]:
    """Return the facts of a CRL for programs.

    Args:
        path: below the folder of CRLs.
    """
    return {
        "path": f"/crl/{path}",
        "kind": record.kind,
        "shard": record.shard,
        "number": record.number,
        "base_number": record.base_number,
        "entries": record.entries,
        "this_update": record.this_update.isoformat(),
        "next_update": record.next_update.isoformat(),
    }


def profile_facts(profile: Profile) -> dict[str, Any]:
    """Return the facts of a profile for programs."""
    return {
        "name": profile.name,
        "keys": sorted(profile.keys),
        "default_lifetime_seconds": int(profile.default.total_seconds()),
        "max_lifetime_seconds": int(profile.longest.total_seconds()),
        "ca": profile.is_ca,
    }


def audit_facts(record: AuditRecord) -> dict[str, Any]:
    """Return the facts of an audit record for programs."""
    return {
        "sequence": record.sequence,
        "at": record.at.isoformat(),
        "actor": record.actor,
        "action": record.action,
        "object": record.object,
        "detail": json.loads(record.detail),
        "request_id": record.request_id or None,
        "hash": record.hash.hex(),
    }


def token_facts(record: TokenRecord) -> dict[str, Any]:
    """Return the facts of a token for programs: never the token."""
    return {
        "id": record.id,
        "name": record.name,
        "role": record.role,
        "profiles": list(record.profiles),
        "names": list(record.names),
        "created_at": record.created_at.isoformat(),
        "expires_at": record.expires_at.isoformat() if record.expires_at else None,
        "revoked_at": record.revoked_at.isoformat() if record.revoked_at else None,
    }


def grant_facts(record: GrantRecord) -> dict[str, Any]:
    """Return the facts of a grant for programs."""
    return {
        "identity": record.identity,
        "role": record.role,
        "profiles": list(record.profiles),
        "names": list(record.names),
        "created_at": record.created_at.isoformat(),
    }


def _constraints(view: CertificateView) -> dict[str, list[str]] | None:
    constraints = view.name_constraints
    if constraints is None:
        return None
    return {
        "permitted": [f"{tree.kind}:{tree.base}" for tree in constraints.permitted],
        "excluded": [f"{tree.kind}:{tree.base}" for tree in constraints.excluded],
    }
