"""Lengths of time as people type them: 90d, 36h, 15m."""

from __future__ import annotations

import re
from datetime import timedelta

from tlsmith.errors import InputError

# Longer ones lead out of the calendar, which ends with the year 9999.
_LONGEST = timedelta(days=1_000_000)
_UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds", "w": "weeks"}


def parse_duration(text: str) -> timedelta:
    """Return a length of time; a bare number is days.

    Raises:
        InputError: it is none, or nothing.
    """
    found = re.fullmatch(r"(\d{1,9})([dhmsw]?)", text.strip())
    length = timedelta(0)
    if found:
        try:
            length = timedelta(**{_UNITS[found[2] or "d"]: int(found[1])})
        except OverflowError:
            found = None
    if not found or not timedelta(0) < length <= _LONGEST:
        raise InputError(
            f"not a length of time: {text!r}", hint="write 90d, 36h or 15m"
        )
    return length
