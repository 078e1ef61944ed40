"""Certificate revocation lists of CAs for tests (RFC 5280 section 5)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

from tlsmith.core.profiles import BACKDATE, DAY
from tlsmith.errors import InputError

if TYPE_CHECKING:
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
    from tlsmith.core.crl import CRLParameters, RevokedEntry, encode_entry, sign_crl
    from tlsmith.core.formats import encode_pem
    from tlsmith.core.issuer import Issuer

    # Later ones are to have higher numbers (5.2.3).
    number, begin = int(now.timestamp() * 1000), now - BACKDATE
    entries = [encode_entry(RevokedEntry(*one)) for one in revoked]
    parameters = CRLParameters(number, begin, begin + _WEEK)
    crl = sign_crl(Issuer(issuer.der, key), parameters, entries)
    return encode_pem("X509 CRL", crl)
