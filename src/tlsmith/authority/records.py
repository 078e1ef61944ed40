"""What the authority says of its records: facts for people and programs."""

from __future__ import annotations

from typing import Any

from tlsmith.core.keys import fingerprint
from tlsmith.core.view import CertificateView, view_certificate
from tlsmith.storage.authorities import AuthorityRecord
from tlsmith.storage.certificates import GOOD, ON_HOLD, REVOKED, CertificateRecord

# CRLReason (RFC 5280 section 5.3.1): names to numbers.
REASONS = {
    "unspecified": 0,
    "keyCompromise": 1,
    "cACompromise": 2,
    "affiliationChanged": 3,
    "superseded": 4,
    "cessationOfOperation": 5,
    "certificateHold": 6,
    "removeFromCRL": 8,
    "privilegeWithdrawn": 9,
    "aACompromise": 10,
}
REASON_NAMES = {number: name for name, number in REASONS.items()}
STATUS_NAMES = {GOOD: "good", REVOKED: "revoked", ON_HOLD: "hold"}


def slug_of(view: CertificateView) -> str:
    """Return a CA's name in paths: the start of its key's identifier."""
    identifier = view.subject_key_identifier
    if identifier is None:
        from tlsmith.core.keys import key_identifier

        identifier = key_identifier(view.public_key_info)
    return identifier.hex()[:16]


def reason_name(number: int | None) -> str | None:
    """Return a CRLReason's name; None where there is no reason."""
    return None if number is None else REASON_NAMES.get(number, f"reason {number}")


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


def _constraints(view: CertificateView) -> dict[str, list[str]] | None:
    constraints = view.name_constraints
    if constraints is None:
        return None
    return {
        "permitted": [f"{tree.kind}:{tree.base}" for tree in constraints.permitted],
        "excluded": [f"{tree.kind}:{tree.base}" for tree in constraints.excluded],
    }
