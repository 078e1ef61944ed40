"""Time: the present, and how long a certificate is to last."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tlsmith.core.profiles import BACKDATE, DAY, LOCAL_DAYS, validity
from tlsmith.errors import InputError

if TYPE_CHECKING:
    from tlsmith.core.view import CertificateView

_SECOND = timedelta(seconds=1)
# CAs for tests last from before anything to after everything, so that a certificate
# below them may have expired, or begin, at any time a test thinks of.
FIRST = datetime(2000, 1, 1, tzinfo=UTC)
LAST = datetime(2999, 12, 31, 23, 59, 59, tzinfo=UTC)
# More than there are between the two: what the issuer allows is checked by then.
_LONGEST = 366_000


def present() -> datetime:
    """Return the time that OpenSSL goes by.

    It is the system's, also while a test has Python's clock frozen (freezegun,
    time-machine): a certificate made by the frozen one would be refused. A new pipe
    carries the system's time; where it has none, as on Windows, Python is asked.
    """
    reader, writer = os.pipe()
    try:
        seconds = os.fstat(reader).st_mtime
    finally:
        os.close(reader)
        os.close(writer)
    return datetime.fromtimestamp(seconds or time.time(), UTC)


def in_utc(moment: datetime) -> datetime:
    """Return a time in whole seconds of UTC; one without a zone is taken for UTC."""
    moment = moment.replace(microsecond=0)
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC)


def span(
    now: datetime,
    issuer: CertificateView | None,
    *,
    days: int | None = None,
    not_before: datetime | None = None,
    not_after: datetime | None = None,
) -> tuple[datetime, datetime]:
    """Return (not_before, not_after), both included, from what the caller gave.

    What was not given follows: `days` (199 by default) after one end or before the
    other, beginning an hour ago where that leaves anything, within the issuer's own.

    Args:
        issuer: None for a certificate that signs itself.

    Raises:
        InputError: all three were given.
        ValidityError: fewer than 1 day, or an issuer that has expired.
    """
    if days is not None and not_before is not None and not_after is not None:
        raise InputError(
            "days, not_before and not_after were all given",
            hint="give two of them: the third follows",
        )
    length = LOCAL_DAYS if days is None else days
    if not_before is None and not_after is None:
        return validity(now, length, longest=_LONGEST, within=issuer)
    begin = None if not_before is None else in_utc(not_before)
    end = None if not_after is None else in_utc(not_after)
    if begin is None:
        assert end is not None  # noqa: S101 -- one of the two was given
        begin = now.replace(microsecond=0) - BACKDATE
        if days is not None or begin >= end:
            begin, _ = _of_days(end + _SECOND - length * DAY, length)
        begin = begin if issuer is None else max(begin, issuer.not_before)
    if end is None:
        _, end = _of_days(begin, length)
        end = end if issuer is None else min(end, issuer.not_after)
    return begin, end


def _of_days(begin: datetime, days: int) -> tuple[datetime, datetime]:
    return validity(begin + BACKDATE, days, longest=_LONGEST)
