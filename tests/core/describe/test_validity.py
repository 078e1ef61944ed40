from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from strategies import NOW
from tlsmith.core.describe.validity import is_soon_over, read_validity

DAY = timedelta(days=1)
FOREVER = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("first", "last", "status", "remaining", "days"),
    [
        (NOW - DAY, NOW + 12 * DAY, "current", "expires in 12 days", 13),
        (NOW - DAY, NOW, "current", "expires in less than a second", 1),
        (
            NOW - 1200 * DAY,
            NOW - 1100 * DAY,
            "expired",
            "expired 3 years ago",
            100,
        ),
        (NOW + 2 * DAY, NOW + 9 * DAY, "not-yet-valid", "starts in 2 days", 7),
        (NOW + 9 * DAY, NOW - 2 * DAY, "expired", "expired 2 days ago", -11),
        (NOW, FOREVER, "current", "never expires", (FOREVER - NOW).days),
        (None, NOW + 2 * DAY, "current", "expires in 2 days", None),
        (NOW + 2 * DAY, None, "not-yet-valid", "starts in 2 days", None),
        (NOW - DAY, None, "unknown", "unknown", None),
        (None, None, "unknown", "unknown", None),
    ],
)
def test_a_validity_is_told_from_now(
    first: datetime | None,
    last: datetime | None,
    status: str,
    remaining: str,
    days: int | None,
) -> None:
    assert read_validity(first, last, NOW) == {
        "status": status,
        "remaining": remaining,
        "lifetime_days": days,
    }


@pytest.mark.parametrize(
    ("first", "last", "soon"),
    [
        (NOW - 80 * DAY, NOW + 10 * DAY, True),
        (NOW - 80 * DAY, NOW + 15 * DAY, False),
        (NOW - DAY, NOW + 5 * DAY, False),
        (NOW - 5 * DAY, NOW + DAY, True),
        (NOW - 5 * DAY, NOW - DAY, False),
        (None, NOW + DAY, False),
        (NOW, None, False),
    ],
)
def test_soon_is_measured_against_the_whole_life(
    first: datetime | None, last: datetime | None, soon: bool
) -> None:
    assert is_soon_over(first, last, NOW) == soon
