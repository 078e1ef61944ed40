"""Issued certificates as records that hold them whole have them."""

from __future__ import annotations

from datetime import UTC, datetime

from tlsmith.authority.adoption.adopted import AdoptedCertificate
from tlsmith.core.view import view_certificate

# RFC 5280 section 5.3.1; 7 is not used.
REASONS = {
    0: "unspecified",
    1: "keyCompromise",
    2: "cACompromise",
    3: "affiliationChanged",
    4: "superseded",
    5: "cessationOfOperation",
    6: "certificateHold",
    8: "removeFromCRL",
    9: "privilegeWithdrawn",
    10: "aACompromise",
}


def subject_of(certificate: bytes) -> str:
    """Return the subject of a DER certificate as RFC 4514 writes it."""
    from cryptography.x509 import load_der_x509_certificate

    try:
        return load_der_x509_certificate(certificate).subject.rfc4514_string()
    except Exception:  # the library has a dozen kinds for what it cannot read
        return ""


def not_revoked(certificate: bytes, now: datetime) -> AdoptedCertificate:
    """Return what a DER certificate says, good or expired.

    Raises:
        InputError: it is not one.
    """
    view = view_certificate(certificate)
    return AdoptedCertificate(
        view.serial_number,
        "expired" if view.not_after < now else "good",
        view.not_after,
        subject_of(certificate),
        certificate,
    )


def revoked(
    issued: AdoptedCertificate, date: datetime, reason: str | None
) -> AdoptedCertificate:
    """Return a certificate as revoked.

    Args:
        date: in UTC where it names no time zone.
    """
    whole = (date if date.tzinfo else date.replace(tzinfo=UTC)).replace(microsecond=0)
    return issued._replace(
        status="revoked", revocation_date=whole.astimezone(UTC), reason=reason
    )
