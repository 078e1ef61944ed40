"""A certificate that somebody wants."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from tlsmith.core.asked import NOTHING_ASKED, AskedExtensions
from tlsmith.core.asked_names import in_one_form
from tlsmith.core.view import view_certificate
from tlsmith.errors import InputError

if TYPE_CHECKING:
    from tlsmith.core.keys import PublicKey
    from tlsmith.core.names import GeneralName
    from tlsmith.storage.certificates import CertificateRecord


class Wanted(NamedTuple):
    """A certificate somebody wants.

    Args:
        names: in their one form.
        profile: None for the policy's default.
        lifetime: None for the profile's.
        asked: extensions that a CSR asks for.
        clamp: end it with its issuer where it would outlive it.
        issuer: the CA to sign, by slug or name; None for the latest that issues.
        renews: the serial number of the one it takes the place of.
        public_key_info: DER SubjectPublicKeyInfo, where that is at hand.
    """

    names: tuple[GeneralName, ...]
    public_key: PublicKey
    profile: str | None = None
    subject: bytes | None = None
    asked: AskedExtensions = NOTHING_ASKED
    lifetime: timedelta | None = None
    not_after: datetime | None = None
    clamp: bool = False
    issuer: str | None = None
    renews: int | None = None
    public_key_info: bytes | None = None


def renewal_of(
    old: CertificateRecord, public_key: PublicKey, lifetime: timedelta | None = None
) -> Wanted:
    """Return what is wanted where a certificate is to be issued again.

    Raises:
        InputError: the store has not the certificate itself, or it was adopted, with
            names that are none.
    """
    if old.certificate is None:
        raise InputError(f"of {old.serial_number:x} the number alone is known")
    names = map(in_one_form, view_certificate(old.certificate).names)
    return Wanted(
        tuple(dict.fromkeys(names)),
        public_key,
        old.profile,
        lifetime=lifetime,
        renews=old.serial_number,
    )
