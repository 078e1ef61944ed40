"""What is asked of the authority, and what its issuer's own certificate allows."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from tlsmith.core.asked import NOTHING_ASKED, AskedExtensions
from tlsmith.core.constraints import NameConstraints
from tlsmith.core.names import GeneralName

if TYPE_CHECKING:
    from tlsmith.core.keys import PublicKey
    from tlsmith.core.requested import RequestedCertificate
    from tlsmith.core.view import CertificateView


class IssuanceRequest(NamedTuple):
    """What somebody asks for.

    Args:
        names: in their one form, as `parse_name` returns them.
        requester: who, such as "token:ci", "certificate:web-1", "cli:root".
        subject: DER Name; None where the profile is to choose.
        lifetime: from the first to the last second; None for the profile's default.
        not_after: the last second asked for, in place of a lifetime.
        clamp: make it end with its issuer where it would live longer.
        public_key_info: DER SubjectPublicKeyInfo, where that is at hand.
    """

    names: tuple[GeneralName, ...]
    public_key: PublicKey
    requester: str
    subject: bytes | None = None
    asked: AskedExtensions = NOTHING_ASKED
    lifetime: timedelta | None = None
    not_after: datetime | None = None
    clamp: bool = False
    public_key_info: bytes | None = None


def asked_by(requested: RequestedCertificate, requester: str) -> IssuanceRequest:
    """Return what somebody asks for with a certification request."""
    return IssuanceRequest(
        requested.names,
        requested.public_key,
        requester,
        subject=requested.subject,
        asked=requested.asked,
        public_key_info=requested.public_key_info,
    )


class IssuerLimits(NamedTuple):
    """What an issuer's own certificate allows it (RFC 5280 section 6.1)."""

    not_before: datetime
    not_after: datetime
    path_length: int | None = None
    name_constraints: NameConstraints | None = None


def limits_of(view: CertificateView) -> IssuerLimits:
    """Return the limits of an issuer, read once of its certificate."""
    return IssuerLimits(
        view.not_before, view.not_after, view.path_length, view.name_constraints
    )
