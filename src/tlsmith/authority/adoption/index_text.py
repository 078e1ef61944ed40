"""The `index.txt` of `openssl ca`: one line for every certificate it issued."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from tlsmith.errors import ConfigError

# A tab in a field has a backslash in front; other backslashes stand for themselves.
_TAB = re.compile(r"(?<!\\)\t")
_ESCAPED = re.compile(rb"\\x([0-9A-Fa-f]{2})")
_TIME = re.compile(r"(\d{2}|\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})?Z")
_STATES = {"V": "good", "R": "revoked", "E": "expired"}
_REASONS = {
    "unspecified": "unspecified",
    "keyCompromise": "keyCompromise",
    "CACompromise": "cACompromise",
    "affiliationChanged": "affiliationChanged",
    "superseded": "superseded",
    "cessationOfOperation": "cessationOfOperation",
    "certificateHold": "certificateHold",
    "removeFromCRL": "removeFromCRL",
    # What `openssl ca` writes for its options -crl_hold, -crl_compromise and
    # -crl_CA_compromise; a further word follows.
    "holdInstruction": "certificateHold",
    "keyTime": "keyCompromise",
    "CAkeyTime": "cACompromise",
}


class Revocation(NamedTuple):
    """When and why, and what more the index says of it.

    Args:
        hold_instruction: an OID, which RFC 5280 has no more.
    """

    date: datetime
    reason: str | None = None
    invalidity_date: datetime | None = None
    hold_instruction: str | None = None


class IndexEntry(NamedTuple):
    """One line.

    Args:
        status: "good", "revoked" or "expired".
        file: its name, or "unknown".
        subject: as OpenSSL writes it on one line, its escapes undone.
    """

    line: int
    status: str
    not_after: datetime
    revocation: Revocation | None
    serial_number: int
    file: str
    subject: str


class Index(NamedTuple):
    """What was read, and what could not be, in words."""

    entries: tuple[IndexEntry, ...]
    notes: tuple[str, ...]


def parse_index(data: bytes, source: str) -> Index:
    """Return the lines of an index, and notes on those that cannot be read.

    Args:
        source: what messages call the file.

    Raises:
        ConfigError: lines that might be of revoked certificates cannot be read; without
            them those certificates would be good again.
    """
    entries: list[IndexEntry] = []
    notes: list[str] = []
    mistakes: list[str] = []
    for number, text in _lines(data):
        try:
            entries.append(_entry(number, text))
        except ValueError as error:
            fault = f"{source}, line {number}: {error}"
            harmless = text[:1] in ("V", "E")
            (notes if harmless else mistakes).append(fault)
    if mistakes:
        raise ConfigError(
            f"{source} has lines that cannot be read, perhaps of revoked certificates:"
            f" {'; '.join(mistakes[:3])}{' and more' if len(mistakes) > 3 else ''}",
            mistakes=mistakes,
            hint="put them right in a copy of the folder, and adopt that",
        )
    return Index(tuple(entries), tuple(f"passed by: {note}" for note in notes))


def _lines(data: bytes) -> Iterator[tuple[int, str]]:
    # Only a line feed ends a line: a name may hold characters that look like one.
    for number, line in enumerate(data.split(b"\n"), 1):
        text = line.decode("utf-8", "surrogateescape").rstrip("\r")
        if text.strip() and not text.startswith("#"):
            yield number, text


def _entry(number: int, text: str) -> IndexEntry:
    fields = [field.replace("\\\t", "\t") for field in _TAB.split(text)]
    if len(fields) != 6:
        raise ValueError(f"{len(fields)} fields where six should be")
    state, not_after, revoked, serial_number, file, subject = fields
    if state not in _STATES:
        raise ValueError(f"the status {state!r} is none of V, R and E")
    if (state == "R") != bool(revoked):
        raise ValueError("a revocation without its date, or one of what is not revoked")
    if not re.fullmatch(r"[0-9A-Fa-f]+", serial_number):
        raise ValueError(f"the serial number {serial_number!r} is not hexadecimal")
    return IndexEntry(
        number,
        _STATES[state],
        parse_time(not_after),
        _revocation(revoked) if revoked else None,
        int(serial_number, 16),
        file,
        unescape_name(subject),
    )


def parse_time(text: str) -> datetime:
    """Return what a UTCTime or a GeneralizedTime says (RFC 5280 4.1.2.5).

    Raises:
        ValueError: it is neither.
    """
    found = _TIME.fullmatch(text)
    if not found:
        raise ValueError(f"not a time: {text!r}")
    year, *rest = (int(part or 0) for part in found.groups())
    if len(found[1]) == 2:
        year += 1900 if year >= 50 else 2000
    month, day, hour, minute, second = rest
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC)


def unescape_name(text: str) -> str:
    r"""Return a name with OpenSSL's `\xC3\xBC` as the character it stands for."""
    raw = text.encode("utf-8", "surrogateescape")
    plain = _ESCAPED.sub(lambda found: bytes((int(found[1], 16),)), raw)
    try:
        return plain.decode()
    except UnicodeDecodeError:
        return raw.decode("utf-8", "backslashreplace")


def _revocation(text: str) -> Revocation:
    date, _, rest = text.partition(",")
    word, _, more = rest.partition(",")
    if not word:
        return Revocation(parse_time(date))
    if word not in _REASONS:
        raise ValueError(f"the reason {word!r} is none of RFC 5280's")
    return Revocation(
        parse_time(date),
        _REASONS[word],
        parse_time(more) if word in ("keyTime", "CAkeyTime") else None,
        more if word == "holdInstruction" else None,
    )
