"""Entries of certificate revocation lists (RFC 5280 section 5.3)."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from functools import lru_cache
from typing import Literal, NamedTuple, get_args

from tlsmith.core import der, oid
from tlsmith.core.extension_values import Extension
from tlsmith.core.view import read_extensions
from tlsmith.errors import InputError

RevocationReason = Literal[
    "unspecified",
    "keyCompromise",
    "cACompromise",
    "affiliationChanged",
    "superseded",
    "cessationOfOperation",
    "certificateHold",
    "removeFromCRL",
    "privilegeWithdrawn",
    "aACompromise",
]
REASONS: tuple[RevocationReason, ...] = get_args(RevocationReason)
# The numbers of CRLReason (5.3.1), which has no 7.
REASON_CODES: dict[str, int] = dict(
    zip(REASONS, (0, 1, 2, 3, 4, 5, 6, 8, 9, 10), strict=True)
)
_NAMES = dict(zip(REASON_CODES.values(), REASONS, strict=True))


class RevokedEntry(NamedTuple):
    """One revoked certificate.

    Args:
        revocation_date: in UTC.
        reason: one of `REASONS`; None is the same as "unspecified".
        invalidity_date: since when the key was not to be trusted (5.3.2).
    """

    serial_number: int
    revocation_date: datetime
    reason: str | None = None
    invalidity_date: datetime | None = None


def reason_code(reason: str) -> int:
    """Return the number of a reason.

    Raises:
        InputError: no reason is called that.
    """
    code = REASON_CODES.get(reason)
    if code is None:
        raise InputError(
            f"no reason for a revocation is called {reason!r}",
            hint=f"choose from {', '.join(REASONS)}",
        )
    return code


def reason_name(code: int | None) -> RevocationReason | None:
    """Return the name of a reason's number; None where it has none."""
    return None if code is None else _NAMES.get(code)


def encode_entry(entry: RevokedEntry) -> bytes:
    """Return one DER entry of revokedCertificates.

    Raises:
        InputError: the serial number is not positive, or there is no such reason.
    """
    if entry.serial_number <= 0:
        raise InputError(f"the serial number {entry.serial_number} is not positive")
    return der.sequence(
        der.integer(entry.serial_number),
        der.time(entry.revocation_date),
        _entry_extensions(entry.reason, entry.invalidity_date),
    )


@lru_cache(maxsize=256)
def _entry_extensions(reason: str | None, invalidity_date: datetime | None) -> bytes:
    parts = []
    if reason is not None and reason != "unspecified":  # left out then (5.3.1)
        parts.append(_reason_extension(reason_code(reason)))
    if invalidity_date is not None:
        value = der.generalized_time(invalidity_date)
        parts.append(Extension(oid.INVALIDITY_DATE, False, value).encode())
    return der.sequence(*parts) if parts else b""


def _reason_extension(code: int) -> bytes:
    value = der.encode(der.ENUMERATED, bytes((code,)))
    return Extension(oid.CRL_REASON, False, value).encode()


def read_entries(joined: bytes) -> Iterator[RevokedEntry]:
    """Yield what entries say, in their order; takes 10 us each.

    Raises:
        InputError: one is no entry, or gives a reason there is not.
    """
    for element in der.children(joined):
        fields = list(der.children(element.content))
        if element.tag != der.SEQUENCE or len(fields) not in (2, 3):
            raise InputError("not an entry of a CRL")
        extensions = read_extensions(fields[2].whole) if fields[2:] else {}
        yield RevokedEntry(
            der.read_integer(fields[0]),
            der.read_time(fields[1]),
            _read_reason(extensions),
            _read_invalidity_date(extensions),
        )


def count_entries(joined: bytes) -> int:
    """Return how many entries there are, without looking into any.

    Raises:
        InputError: they are no DER elements.
    """
    count = offset = 0
    end = len(joined)
    while offset < end:
        _, _, offset = der.locate(joined, offset, end)
        count += 1
    return count


def without_entries(joined: bytes, serial_numbers: Collection[int]) -> bytes:
    """Return the entries but for those of some certificates.

    For certificates no longer held, and for those that have expired (3.3).

    Raises:
        InputError: an entry is none.
    """
    serials = {der.integer(number) for number in serial_numbers}
    kept, first, offset, limit = [], 0, 0, len(joined)
    while offset < limit:
        _, start, end = der.locate(joined, offset, limit)
        _, _, behind = der.locate(joined, start, end)
        if joined[start:behind] in serials:
            kept.append(joined[first:offset])
            first = end
        offset = end
    kept.append(joined[first:])
    return b"".join(kept)


def has_removals(joined: bytes) -> bool:
    """Tell whether an entry's reason is removeFromCRL."""
    # To find the bytes that every such entry has takes a thousandth of reading all.
    removal = _reason_extension(REASON_CODES["removeFromCRL"])
    return removal in joined and any(
        entry.reason == "removeFromCRL" for entry in read_entries(joined)
    )


def _read_reason(
    extensions: dict[bytes, tuple[bool, bytes]],
) -> str | None:
    found = extensions.get(der.object_identifier(oid.CRL_REASON))
    if found is None:
        return None
    content = der.only(found[1], der.ENUMERATED).content
    name = _NAMES.get(content[0]) if len(content) == 1 else None
    if name is None:
        raise InputError(f"a reason for a revocation that is none: {content.hex()}")
    return name


def _read_invalidity_date(
    extensions: dict[bytes, tuple[bool, bytes]],
) -> datetime | None:
    found = extensions.get(der.object_identifier(oid.INVALIDITY_DATE))
    if found is None:
        return None
    return der.read_time(der.only(found[1], der.GENERALIZED_TIME))
