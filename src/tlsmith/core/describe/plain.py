"""Text that is safe to print, and times as people say them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

# Control characters, line ends, invisible and direction-changing characters, and halves
# of surrogate pairs: in a name they could rewrite what the terminal or a log shows.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202f\u2060-\u206f"
    "\ud800-\udfff\ufeff\ufff0-\ufffb\U000e0000-\U000e007f]"
)

_UNITS = (
    (365.25 * 86400, "year"),
    (30.44 * 86400, "month"),
    (86400.0, "day"),
    (3600.0, "hour"),
    (60.0, "minute"),
    (1.0, "second"),
)


def safe(text: str) -> str:
    """Return `text` with every character that could mislead a reader escaped."""
    return _UNSAFE.sub(lambda match: _escape(ord(match[0])), text)


def safe_json(text: str) -> str:
    """Return JSON `text` that says the same without such a character.

    JSON has escaped line ends inside strings already; those outside may stay.
    """
    if text.isascii() and "\x7f" not in text:
        return text
    return _UNSAFE.sub(lambda match: _escape_json(match[0]), text)


def _escape_json(character: str) -> str:
    if character == "\n":
        return character
    code = ord(character)
    if code < 0x10000:
        return f"\\u{code:04x}"
    code -= 0x10000  # a surrogate pair (RFC 8259 section 7)
    return f"\\u{0xD800 | code >> 10:04x}\\u{0xDC00 | code & 0x3FF:04x}"


def is_unsafe(text: str) -> bool:
    """Tell whether `text` holds a character that could mislead a reader."""
    return _UNSAFE.search(text) is not None


def _escape(code: int) -> str:
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def iso(moment: datetime | None) -> str | None:
    """Return a moment, which is in UTC, as ISO 8601, such as 2026-11-23T20:00:00Z."""
    if moment is None:
        return None
    return moment.replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def span(length: timedelta) -> str:
    """Return a length of time in its largest unit, such as "12 days" or "3 years"."""
    seconds = abs(length.total_seconds())
    for size, name in _UNITS:
        # Two of a unit at least, so that 13 months are not "1 year".
        if seconds >= 2 * size or (name == "second" and seconds >= 1):
            count = int(seconds / size)
            return f"{count} {name}" + ("" if count == 1 else "s")
    return "less than a second"


def bytes_text(count: int) -> str:
    """Return a count of bytes in words."""
    return "1 byte" if count == 1 else f"{count} bytes"
