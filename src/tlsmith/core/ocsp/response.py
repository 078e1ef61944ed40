"""OCSP responses (RFC 6960 section 4.2): what they say of certificates, and errors."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Literal, NamedTuple

from tlsmith.core import der
from tlsmith.core.crl import reason_code
from tlsmith.errors import InputError

CertStatus = Literal["good", "revoked", "unknown"]

# OCSPResponseStatus (4.2.1), which has no 4.
_ERRORS = {
    "malformedRequest": 1,
    "internalError": 2,
    "tryLater": 3,
    "sigRequired": 5,
    "unauthorized": 6,
}
_GOOD, _UNKNOWN = der.context(0), der.context(2)


class SingleResponse(NamedTuple):
    """What is said of one certificate.

    Args:
        cert_id: DER, as the request has it.
        this_update: when that was known to be so, in UTC.
        next_update: until when it may be relied on; None where newer is always there.
        revocation_time: of a revoked one.
        reason: as RFC 5280 spells it; None is the same as "unspecified".
    """

    cert_id: bytes
    status: CertStatus
    this_update: datetime
    next_update: datetime | None
    revocation_time: datetime | None = None
    reason: str | None = None

    def encode(self) -> bytes:
        """Return the DER SingleResponse.

        Raises:
            InputError: revoked without a time, or the other way round; or there is no
                such status or reason.
        """
        return der.sequence(
            self.cert_id,
            _status(self.status, self.revocation_time, self.reason),
            _updates(self.this_update, self.next_update),
        )


def error_response(status: str) -> bytes:
    """Return a DER OCSPResponse that says why there is no answer.

    Raises:
        InputError: there is no such status.
    """
    number = _ERRORS.get(status)
    if number is None:
        raise InputError(
            f"no error of OCSP is called {status!r}",
            hint=f"choose from {', '.join(_ERRORS)}",
        )
    return der.sequence(der.encode(der.ENUMERATED, bytes((number,))))


@lru_cache(maxsize=1024)
def _status(status: str, revocation_time: datetime | None, reason: str | None) -> bytes:
    if status == "revoked" and revocation_time is not None:
        return der.context(
            1, der.generalized_time(revocation_time), _reason(reason), constructed=True
        )
    if revocation_time is not None or reason is not None:
        raise InputError(f"a certificate that is {status!r}, with when or why it was")
    if status == "good":
        return _GOOD
    if status == "unknown":
        return _UNKNOWN
    raise InputError(f"a certificate that is {status!r}, without when")


def _reason(reason: str | None) -> bytes:
    if reason in (None, "unspecified"):
        return b""
    if reason == "removeFromCRL":  # it says something of lists alone
        raise InputError("an OCSP response whose reason is removeFromCRL")
    code = der.encode(der.ENUMERATED, bytes((reason_code(reason),)))
    return der.context(0, code, constructed=True)


@lru_cache(maxsize=64)
def _updates(this_update: datetime, next_update: datetime | None) -> bytes:
    first = der.generalized_time(this_update)
    if next_update is None:
        return first
    if next_update < this_update:
        raise InputError("an OCSP response that is out of date before it begins")
    last = der.generalized_time(next_update)
    return first + der.context(0, last, constructed=True)
