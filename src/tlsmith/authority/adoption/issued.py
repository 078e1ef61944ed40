"""Issued certificates as records that hold them whole have them."""

from __future__ import annotations

import warnings
from datetime import UTC, datetime

from tlsmith.authority.adoption.adopted import AdoptedCertificate
from tlsmith.core.formats.parsed import held_certificate

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


def not_revoked(certificate: bytes, now: datetime) -> AdoptedCertificate:
    """Return what a DER certificate says, good or expired; of any version.

    Raises:
        InputError: it is not one.
    """
    parsed = held_certificate(certificate, "the records").parsed
    with warnings.catch_warnings():  # of serial numbers that others gave
        warnings.simplefilter("ignore")
        serial_number = parsed.serial_number
    not_after = parsed.not_valid_after_utc
    return AdoptedCertificate(
        serial_number,
        "expired" if not_after < now else "good",
        not_after,
        parsed.subject.rfc4514_string(),
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
