"""What is wrong with a certificate, seen by itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from tlsmith.core.describe.certificate import Certificate
from tlsmith.core.describe.findings import NOTE, PROBLEM, WARNING, Finding
from tlsmith.core.describe.judge_names import judge_names
from tlsmith.core.describe.judge_usage import judge_usage
from tlsmith.core.describe.signature import hash_name
from tlsmith.core.describe.validity import (
    EXPIRED,
    FUTURE,
    is_soon_over,
    read_validity,
)

WEAK_HASHES = ("md2", "md5", "sha1")
_APPLE_DAYS = 825
_PUBLIC_DAYS = 397


def judge_certificate(
    certificate: Certificate, now: datetime, *, self_signed: bool
) -> Iterator[Finding]:
    """Yield what is wrong or doubtful about one certificate.

    Args:
        self_signed: its signature was made by its own key.
    """
    yield from _judge_validity(certificate, now)
    yield from _judge_serial(certificate)
    yield from _judge_signature(certificate, self_signed=self_signed)
    if certificate.der:  # of one that is cut short, nobody knows what it lacks
        yield from judge_names(certificate)
        yield from judge_usage(certificate)
    if not certificate.issuer.attributes and certificate.issuer.der:
        message = "the issuer is empty"
        yield Finding(PROBLEM, "empty-issuer", message, "tbsCertificate.issuer")
    if self_signed and not certificate.is_ca:
        message = (
            "signed by its own key: a client accepts it only if it trusts it alone"
        )
        yield Finding(NOTE, "self-signed", message)


def _judge_validity(certificate: Certificate, now: datetime) -> Iterator[Finding]:
    first, last = certificate.not_before, certificate.not_after
    facts = read_validity(first, last, now)
    field = "tbsCertificate.validity"
    if first is not None and last is not None and last < first:
        message = "ends before it begins"
        yield Finding(PROBLEM, "validity-reversed", message, field)
    elif facts["status"] == EXPIRED:
        yield Finding(PROBLEM, "expired", facts["remaining"], field)
    elif facts["status"] == FUTURE:
        message = f"not yet valid: {facts['remaining']}; check the clock"
        yield Finding(PROBLEM, "not-yet-valid", message, field)
    elif is_soon_over(first, last, now):
        yield Finding(WARNING, "expires-soon", facts["remaining"], field)
    days = facts["lifetime_days"]
    if days is None or certificate.is_ca or not _serves(certificate):
        return
    if days > _APPLE_DAYS:
        message = f"good for {days} days: Apple's systems refuse over {_APPLE_DAYS}"
        yield Finding(WARNING, "validity-over-825-days", message, field)
    elif days > _PUBLIC_DAYS:
        message = f"good for {days} days: over the {_PUBLIC_DAYS} some clients allow"
        yield Finding(NOTE, "validity-over-397-days", message, field)


def _serves(certificate: Certificate) -> bool:
    purposes = certificate.purposes
    return purposes is None or "serverAuth" in purposes


def _judge_serial(certificate: Certificate) -> Iterator[Finding]:
    serial, field = certificate.serial_number, "tbsCertificate.serialNumber"
    if serial is None:
        return
    if serial < 0:
        message = "the serial number is negative (RFC 5280 section 4.1.2.2)"
        yield Finding(PROBLEM, "negative-serial", message, field)
    elif serial == 0:
        message = "the serial number is zero (RFC 5280 section 4.1.2.2)"
        yield Finding(WARNING, "zero-serial", message, field)
    if len(certificate.serial) > 20:
        message = f"the serial number has {len(certificate.serial)} octets; 20 at most"
        yield Finding(PROBLEM, "long-serial", message, field)


def _judge_signature(
    certificate: Certificate, *, self_signed: bool
) -> Iterator[Finding]:
    outer, inner = certificate.signature, certificate.inner_algorithm
    if outer is not None and outer.algorithm.encoded != inner.encoded:
        message = (
            f"signed with {outer.algorithm.name}, while what is signed says "
            f"{inner.name} (RFC 5280 section 4.1.1.2)"
        )
        yield Finding(PROBLEM, "algorithm-mismatch", message, "signatureAlgorithm")
    # Nobody checks the signature of a root: it is trusted as it stands.
    trusted_alone = self_signed and certificate.is_ca
    if inner.digest in WEAK_HASHES and not trusted_alone:
        message = f"signed with {hash_name(inner.digest)}, which can be forged"
        yield Finding(PROBLEM, "weak-signature", message, "signatureAlgorithm")
