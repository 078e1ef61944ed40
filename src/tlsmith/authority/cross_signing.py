"""Cross-signing: a new CA vouched for by an old root that clients trust."""

from __future__ import annotations

from datetime import datetime

from tlsmith.authority.intermediates import Terms
from tlsmith.authority.issuers import pointers_of
from tlsmith.authority.records import new_record
from tlsmith.core.issuer import Issuer
from tlsmith.core.narrowing import narrowed
from tlsmith.core.profiles import certificate_authority, validity
from tlsmith.core.signed import verify_signed_by
from tlsmith.core.view import CertificateView, view_certificate
from tlsmith.errors import InputError, NotACAError, PathLengthError
from tlsmith.storage.authorities import ROOT


def cross_sign(
    issuer: Issuer, certificate: bytes, terms: Terms, now: datetime
) -> bytes:
    """Return a certificate (DER) of a CA's key and name, signed by another root.

    Clients that trust the other root then trust what stands below this CA.

    Args:
        certificate: DER, of a root or of an issuing CA.

    Raises:
        NotACAError: it is no CA's.
        InputError: its signature does not hold, or both have one key.
        PathLengthError: the other root allows no CAs below this one.
    """
    view = view_certificate(certificate)
    if not view.is_ca or not view.may_sign_certificates:
        raise NotACAError(
            "only a CA is cross-signed, and this is none",
            hint="see what it is: tlsmith show FILE",
        )
    if view.is_self_issued:
        verify_signed_by(certificate, view.public_key_info, "the root")
    if view.public_key_info == issuer.view.public_key_info:
        raise InputError("both have the same key: there is nothing to cross-sign")
    length = _path_length(issuer.view.path_length, view, terms.path_length)
    above = new_record(issuer.certificate, "", ROOT, terms.urls, now)
    parameters = certificate_authority(
        view.subject,
        validity(now, terms.days, longest=terms.days, within=issuer.view),
        path_length=length,
        name_constraints=narrowed(
            issuer.name_constraints, terms.name_constraints or view.name_constraints
        ),
    )
    not_after = min(parameters.not_after, view.not_after)
    parameters = parameters._replace(not_after=not_after, extensions=pointers_of(above))
    return issuer.issue(parameters, view.public_key_info).der


def _path_length(
    old: int | None, view: CertificateView, asked: int | None
) -> int | None:
    """Return the path length of the certificate: a root needs room for a CA below."""
    if old is not None and old < 1 + view.is_self_issued:
        raise PathLengthError(
            f"the old root's path length is {old}, which leaves no room below it for "
            + ("this root and its issuing CA" if view.is_self_issued else "a CA"),
            code="cannot-cross-sign",
            hint="cross-sign the issuing CA itself: tlsmith ca export --chain prints it"
            if old
            else "have clients trust the new root before the old one is removed: "
            "tlsmith trust install --root new-root.pem",
        )
    lengths = (old and old - 1, view.path_length, asked)
    most = [length for length in lengths if length is not None]
    return min(most) if most else None
