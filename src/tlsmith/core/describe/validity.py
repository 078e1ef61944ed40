"""How long something is good for, seen from now, in words."""

from __future__ import annotations

from datetime import datetime, timedelta

from tlsmith.core.describe.facts import Facts
from tlsmith.core.describe.plain import span

_DAY = timedelta(days=1)
_SOON = 14 * _DAY
# RFC 5280 section 4.1.2.5: 99991231235959Z stands for no expiry.
_NEVER = 9999

CURRENT, EXPIRED, FUTURE, UNKNOWN = "current", "expired", "not-yet-valid", "unknown"


def read_validity(
    first: datetime | None, last: datetime | None, now: datetime
) -> Facts:
    """Return {"status", "remaining", "lifetime_days"} of what starts and ends so.

    Args:
        now: with a time zone.
    """
    facts: Facts = {"status": UNKNOWN, "remaining": "unknown", "lifetime_days": None}
    if first is not None and last is not None:
        facts["lifetime_days"] = (last - first) // _DAY
    if last is not None:
        facts["status"] = CURRENT
        facts["remaining"] = f"expires in {span(last - now)}"
        if last.year == _NEVER:
            facts["remaining"] = "never expires"
        elif last < now:
            facts["status"] = EXPIRED
            facts["remaining"] = f"expired {span(now - last)} ago"
    if first is not None and first > now and facts["status"] != EXPIRED:
        facts["status"] = FUTURE
        facts["remaining"] = f"starts in {span(first - now)}"
    return facts


def is_soon_over(first: datetime | None, last: datetime | None, now: datetime) -> bool:
    """Tell whether under 14 days are left, and under a third of its life."""
    if first is None or last is None or not now <= last:
        return False
    return last - now < min(_SOON, (last - first) / 3)
