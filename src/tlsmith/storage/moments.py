"""Moments as the store keeps them: seconds since 1970, in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
DAY = 86_400


def to_seconds(moment: datetime) -> int:
    """Return a moment as the store keeps it."""
    return (moment - _EPOCH) // _SECOND


def to_day(moment: datetime) -> int:
    """Return the day of a moment, as tallies have it: days since 1970."""
    return to_seconds(moment) // DAY


def to_moment(seconds: int) -> datetime:
    """Return what the store keeps as a moment, in UTC."""
    return _EPOCH + timedelta(seconds=seconds)
