"""Lengths of time as people type them."""

from datetime import UTC, datetime, timedelta

import pytest

from tlsmith.core.durations import parse_duration
from tlsmith.errors import InputError


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("90", timedelta(days=90)),
        ("36h", timedelta(hours=36)),
        (" 2w ", timedelta(weeks=2)),
        ("1000000d", timedelta(days=1_000_000)),
    ],
)
def test_lengths(text: str, length: timedelta) -> None:
    assert parse_duration(text) == length
    assert datetime(2026, 1, 1, tzinfo=UTC) + length  # is in the calendar


@pytest.mark.parametrize("text", ["", "0", "d", "-1d", "1y", "1000001d", "999999999w"])
def test_what_is_none(text: str) -> None:
    with pytest.raises(InputError):
        parse_duration(text)
