"""What a CA's latest CRL tells of it (RFC 5280 section 5)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from tlsmith.authority.adoption.adopted import AdoptedCertificate
from tlsmith.authority.adoption.issued import revoked
from tlsmith.core.formats.chain import signed_with_old_hash
from tlsmith.errors import InputError

if TYPE_CHECKING:
    from cryptography.x509 import (
        Certificate,
        CertificateRevocationList,
        RevokedCertificate,
    )


def load_crl(data: bytes, source: str) -> bytes | None:
    """Return the first CRL in a file of any format, DER; None where there is none."""
    from tlsmith.core.formats.load import load_objects

    crls = load_objects(data, source=source).crls
    return crls[0] if crls else None


def latest_of(
    crls: Iterable[bytes], issuer: bytes
) -> tuple[bytes | None, tuple[str, ...]]:
    """Return the newest of the DER CRLs that a CA signed, and notes on the others.

    Args:
        issuer: its certificate, DER.

    Raises:
        InputError: one cannot be read.
    """
    from cryptography.x509 import load_der_x509_certificate, load_der_x509_crl

    certificate = load_der_x509_certificate(issuer)
    try:
        every = [load_der_x509_crl(one) for one in crls]
        ours = [one for one in every if _is_by(one, certificate)]
        newest = max(ours, key=lambda one: one.last_update_utc, default=None)
    except Exception as error:  # the library has a dozen kinds for what it cannot read
        raise InputError("a CRL that is there cannot be read") from error
    notes = (
        f"a CRL of {one.issuer.rfc4514_string()!r} was left out: the CA that issues "
        "did not sign it, or it is damaged"
        for one in every
        if one not in ours
    )
    return (_encoded(newest) if newest else None), tuple(notes)


def number_of(crl: bytes) -> int | None:
    """Return the number of a DER CRL (RFC 5280 section 5.2.3).

    Raises:
        InputError: its extensions cannot be read.
    """
    from cryptography.x509 import CRLNumber, ExtensionNotFound, load_der_x509_crl

    try:
        extensions = load_der_x509_crl(crl).extensions
        return extensions.get_extension_for_class(CRLNumber).value.crl_number
    except ExtensionNotFound:
        return None
    except Exception as error:
        raise InputError("the CRL has an extension that cannot be read") from error


def revoked_in(crl: bytes) -> Iterator[AdoptedCertificate]:
    """Yield the entries of a DER CRL.

    Raises:
        InputError: one cannot be read.
    """
    from cryptography.x509 import load_der_x509_crl

    try:
        for entry in load_der_x509_crl(crl):
            unknown = AdoptedCertificate(entry.serial_number, "revoked", None, "")
            yield revoked(unknown, entry.revocation_date_utc, _reason(entry))._replace(
                invalidity_date=_invalidity_date(entry)
            )
    except InputError:
        raise
    except Exception as error:
        raise InputError("the CRL has an entry that cannot be read") from error


def with_crl(
    issued: Sequence[AdoptedCertificate], crl: bytes | None
) -> tuple[AdoptedCertificate, ...]:
    """Return certificates, those that a CRL lists revoked, and the rest of its list."""
    listed = {one.serial_number: one for one in revoked_in(crl)} if crl else {}
    known = []
    for one in issued:
        found = listed.pop(one.serial_number, None)
        if found is None or one.status == "revoked":
            known.append(one)
            continue
        known.append(
            one._replace(
                status="revoked",
                revocation_date=found.revocation_date,
                reason=found.reason,
                invalidity_date=found.invalidity_date,
            )
        )
    return (*known, *listed.values())


def differences(issued: Iterable[AdoptedCertificate], crl: bytes) -> list[str]:
    """Return in words where a CA's own records and its latest CRL disagree."""
    ours = {one.serial_number for one in issued if one.status == "revoked"}
    missing = sorted({one.serial_number for one in revoked_in(crl)} - ours)
    if not missing:
        return []
    named = ", ".join(f"{one:X}" for one in missing[:3])
    more = ", ..." if len(missing) > 3 else ""
    return [
        f"{len(missing)} certificates are in its latest CRL and not revoked in its "
        f"records, which count: {named}{more}"
    ]


def _is_by(crl: CertificateRevocationList, certificate: Certificate) -> bool:
    if crl.issuer != certificate.subject:
        return False
    try:
        if crl.is_signature_valid(certificate.public_key()):  # type: ignore[arg-type]
            return True
    except Exception:  # a kind of key that the library lacks
        return False
    return signed_with_old_hash(certificate, crl, crl.tbs_certlist_bytes)


def _encoded(crl: CertificateRevocationList) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return crl.public_bytes(Encoding.DER)


def _reason(entry: RevokedCertificate) -> str | None:
    from cryptography.x509 import CRLReason, ExtensionNotFound

    try:
        return entry.extensions.get_extension_for_class(CRLReason).value.reason.value
    except ExtensionNotFound:
        return None


def _invalidity_date(entry: RevokedCertificate) -> datetime | None:
    from cryptography.x509 import ExtensionNotFound, InvalidityDate

    try:
        found = entry.extensions.get_extension_for_class(InvalidityDate)
    except ExtensionNotFound:
        return None
    return found.value.invalidity_date_utc
