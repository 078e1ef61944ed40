"""The present, and how long certificates last."""

import os
import time
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlsmith.api import CA
from tlsmith.api.moments import FIRST, LAST, in_utc, present, span
from tlsmith.errors import InputError, ValidityError

NOW = datetime(2026, 11, 23, 12, 0, 0, 999, tzinfo=UTC)
DAY, HOUR, SECOND = timedelta(days=1), timedelta(hours=1), timedelta(seconds=1)
ISSUER = CA(now=NOW).issuer.view
WHOLE = NOW.replace(microsecond=0)


def test_the_present_is_now() -> None:
    before = datetime.now(UTC)
    assert before - SECOND <= present() <= datetime.now(UTC) + SECOND


def test_a_frozen_clock_of_python_does_not_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """OpenSSL, which compares, goes by the system's."""
    before = datetime.now(UTC)
    monkeypatch.setattr(time, "time", lambda: 0.0)
    assert present() >= before - SECOND


def test_without_times_of_pipes_python_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As on Windows; the clock is the one thing that is faked."""
    monkeypatch.setattr(os, "fstat", lambda _: os.stat_result([0] * 10))
    monkeypatch.setattr(time, "time", lambda: 86400.0)
    assert present() == datetime(1970, 1, 2, tzinfo=UTC)


def test_no_descriptor_is_left_open() -> None:
    before = os.listdir("/proc/self/fd")
    present()
    assert len(os.listdir("/proc/self/fd")) == len(before)


@pytest.mark.parametrize(
    ("moment", "utc"),
    [
        (datetime(2026, 1, 1, 12), datetime(2026, 1, 1, 12, tzinfo=UTC)),
        (datetime(2026, 1, 1, 12, 0, 0, 7), datetime(2026, 1, 1, 12, tzinfo=UTC)),
        (
            datetime(2026, 1, 1, 12, tzinfo=timezone(2 * HOUR)),
            datetime(2026, 1, 1, 10, tzinfo=UTC),
        ),
    ],
)
def test_times_are_in_utc_and_whole(moment: datetime, utc: datetime) -> None:
    assert in_utc(moment) == utc
    assert in_utc(moment).utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    ("days", "not_before", "not_after", "expected"),
    [
        (None, None, None, (WHOLE - HOUR, WHOLE - HOUR + 199 * DAY - SECOND)),
        (7, None, None, (WHOLE - HOUR, WHOLE - HOUR + 7 * DAY - SECOND)),
        (None, None, WHOLE + DAY, (WHOLE - HOUR, WHOLE + DAY)),
        (None, None, WHOLE - DAY, (WHOLE - 200 * DAY + SECOND, WHOLE - DAY)),
        (7, None, WHOLE - DAY, (WHOLE - 8 * DAY + SECOND, WHOLE - DAY)),
        (7, None, WHOLE + DAY, (WHOLE - 6 * DAY + SECOND, WHOLE + DAY)),
        (None, WHOLE + DAY, None, (WHOLE + DAY, WHOLE + 200 * DAY - SECOND)),
        (7, WHOLE + DAY, None, (WHOLE + DAY, WHOLE + 8 * DAY - SECOND)),
        (None, WHOLE, WHOLE + HOUR, (WHOLE, WHOLE + HOUR)),
        (None, None, FIRST + HOUR, (FIRST, FIRST + HOUR)),
        (None, LAST - HOUR, None, (LAST - HOUR, LAST)),
    ],
)
def test_what_is_not_given_follows(
    days: int | None,
    not_before: datetime | None,
    not_after: datetime | None,
    expected: tuple[datetime, datetime],
) -> None:
    found = span(NOW, ISSUER, days=days, not_before=not_before, not_after=not_after)
    assert found == expected


def test_what_signs_itself_has_no_issuer_to_fit_in() -> None:
    early = datetime(1990, 1, 1, tzinfo=UTC)
    assert span(NOW, None, not_after=early)[0] == early - 199 * DAY + SECOND
    late = datetime(3000, 1, 1, tzinfo=UTC)
    assert span(NOW, None, not_before=late)[1] == late + 199 * DAY - SECOND


def test_three_of_them_are_one_too_many() -> None:
    with pytest.raises(InputError, match="all given"):
        span(NOW, ISSUER, days=1, not_before=NOW, not_after=NOW)


@pytest.mark.parametrize("days", [0, -1])
@pytest.mark.parametrize("end", ["neither", "not_before", "not_after"])
def test_less_than_a_day_is_none(days: int, end: str) -> None:
    ends = {} if end == "neither" else {end: NOW}
    with pytest.raises(ValidityError, match=f"{days} days"):
        span(NOW, ISSUER, days=days, **ends)


@given(
    st.datetimes(datetime(2001, 1, 1), datetime(2998, 1, 1)),
    st.integers(1, 300),
)
def test_one_end_and_the_days_give_the_other(moment: datetime, days: int) -> None:
    begin, end = span(NOW, ISSUER, days=days, not_before=moment)
    assert span(NOW, ISSUER, days=days, not_after=end) == (begin, end)
    assert end - begin == days * DAY - SECOND
