"""When to renew a certificate (RFC 9773)."""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from tlsmith.acme import problems
from tlsmith.authority.access import is_revoked
from tlsmith.authority.acme.context import ACMEContext
from tlsmith.authority.acme.replacing import certificate_of
from tlsmith.authority.issuance import is_key_blocked
from tlsmith.storage.certificates import GOOD, CertificateRecord

if TYPE_CHECKING:
    from tlsmith.acme.renewal_info import CertID

# The window's place and length, as parts of a lifetime; where in it a certificate's
# own begins is spread over as much again, so that a fleet does not come at once.
_BEGINS, _SPREAD, _LENGTH = 0.66, 0.08, 0.08
# How many parts of a lifetime may pass before a client asks again: one of hours must
# not miss that it was revoked.
_POLLS = 20
# One that is over began so long ago, and ended so long ago.
_SECOND = timedelta(seconds=1)
_PAST = timedelta(hours=2), timedelta(hours=1)


class Window(NamedTuple):
    """When a certificate is best renewed.

    Args:
        poll: in which to ask again.
        is_urgent: it is not good any more, and must be renewed now.
    """

    start: datetime
    end: datetime
    poll: timedelta
    is_urgent: bool = False


def renewal_window(context: ACMEContext, wanted: CertID) -> Window:
    """Return when the certificate that an identifier is for is to be renewed.

    Raises:
        ACMEProblem: malformed, where there is none.
    """
    now = context.now()
    with context.storage.look() as connection:
        record = certificate_of(connection, wanted)
        if record is None:
            raise problems.malformed("there is no such certificate", status=404)
        records = context.authority.issuers.records()
        is_bad = (
            record.status != GOOD
            or is_revoked(records, record.authority_id)
            or is_key_blocked(connection, record.certificate or b"")
        )
    lifetime = record.not_after - record.not_before
    poll = max(_SECOND, min(context.settings.renewal_poll, lifetime / _POLLS))
    if is_bad:
        return Window(now - _PAST[0], now - _PAST[1], poll, is_urgent=True)
    return Window(*usual_window(record), poll)


def usual_window(record: CertificateRecord) -> tuple[datetime, datetime]:
    """Return when a certificate that nothing befell is to be renewed.

    Two thirds through its life, and where exactly depends on its serial number.
    """
    lifetime = record.not_after - record.not_before
    digest = sha256(str(record.serial_number).encode()).digest()
    chance = int.from_bytes(digest[:4], "big") / 2**32
    start = record.not_before + lifetime * (_BEGINS + _SPREAD * chance)
    start = start.replace(microsecond=0)
    return start, start + max(lifetime * _LENGTH, _SECOND)
