"""Certificate revocation lists of CAs for tests (RFC 5280 section 5)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

from tlsmith.core.csr import request_hash
from tlsmith.core.profiles import BACKDATE, DAY
from tlsmith.errors import InputError

if TYPE_CHECKING:
    from cryptography import x509

    from tlsmith.core.keys import PrivateKey
    from tlsmith.core.view import CertificateView

RevocationReason = Literal[
    "unspecified",
    "keyCompromise",
    "cACompromise",
    "affiliationChanged",
    "superseded",
    "cessationOfOperation",
    "certificateHold",
    "privilegeWithdrawn",
    "aACompromise",
]
_WEEK = 7 * DAY


class Revoked(NamedTuple):
    """One entry of a CRL.

    Args:
        revocation_date: in UTC.
        reason: as RFC 5280 section 5.3.1 spells it.
    """

    serial_number: int
    revocation_date: datetime
    reason: RevocationReason


def check_reason(reason: str) -> None:
    """Refuse a reason that a complete CRL cannot give.

    Raises:
        InputError: naming those there are.
    """
    known = get_args(RevocationReason)
    if reason not in known:
        raise InputError(
            f"no reason for a revocation is called {reason!r}",
            hint=f"choose from {', '.join(known)}",
        )


def encode_crl(
    issuer: CertificateView, key: PrivateKey, revoked: Sequence[Revoked], now: datetime
) -> bytes:
    """Return a complete CRL (PEM), of use from an hour ago for a week."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    certificate = x509.load_der_x509_certificate(issuer.der)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(certificate.subject)
        .last_update(now - BACKDATE)
        .next_update(now - BACKDATE + _WEEK)
        .add_extension(_authority_key_identifier(certificate), critical=False)
        # Later ones are to have higher numbers (5.2.3).
        .add_extension(x509.CRLNumber(int(now.timestamp() * 1000)), critical=False)
    )
    for one in revoked:
        builder = builder.add_revoked_certificate(_entry(one))
    return builder.sign(key, request_hash(key)).public_bytes(Encoding.PEM)


def _entry(revoked: Revoked) -> x509.RevokedCertificate:
    from cryptography import x509

    builder = (
        x509.RevokedCertificateBuilder()
        .serial_number(revoked.serial_number)
        .revocation_date(revoked.revocation_date)
    )
    if revoked.reason != "unspecified":  # left out then (5.3.1)
        reason = x509.CRLReason(x509.ReasonFlags(revoked.reason))
        builder = builder.add_extension(reason, critical=False)
    return builder.build()


def _authority_key_identifier(
    issuer: x509.Certificate,
) -> x509.AuthorityKeyIdentifier:
    from cryptography import x509

    try:
        found = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    except x509.ExtensionNotFound:  # a CA that was made elsewhere
        public_key = issuer.public_key()
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(public_key)  # type: ignore[arg-type]
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(found.value)
