"""Verifying the audit log: no record changed, none missing."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from tlsmith.errors import InputError
from tlsmith.storage import Connection
from tlsmith.storage.audit import chained, head, records
from tlsmith.storage.moments import to_seconds

# Progress is told after so many records.
_STEP = 10_000


class Checked(NamedTuple):
    """What was found.

    Args:
        number: of records.
        head: hash of the last one, hexadecimal: written down elsewhere, it shows
            later whether records were cut off at the end and made anew.
        faults: what is wrong, in words; empty where nothing is.
    """

    number: int
    head: str
    faults: tuple[str, ...]


def check_audit(
    connection: Connection,
    *,
    known_head: str | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> Checked:
    """Verify the whole log.

    Args:
        known_head: a hash that was written down: some record must have it.
        progress: told how many were verified.
    """
    wanted = _wanted(known_head)
    previous, number, faults, seen = b"", 0, [], wanted is None
    for record in records(connection):
        if record.sequence != number + 1:
            faults.append(_missing(number + 1, record.sequence - 1))
        number = record.sequence
        fields = (number, to_seconds(record.at), *record[2:7])
        if chained(previous, fields) != record.hash:
            faults.append(f"record {number} was changed, or the one before it")
        previous = record.hash
        seen = seen or record.hash == wanted
        if number % _STEP == 0:
            progress(number)
    if not _is_whole(connection, number, previous):
        faults.append(f"records after {number} are missing: the log was cut off")
    if not seen:
        faults.append(f"no record has the hash {known_head}: the log was made anew")
    return Checked(number, previous.hex(), tuple(faults))


def _missing(first: int, last: int) -> str:
    if first == last:
        return f"record {first} is missing"
    return f"records {first} to {last} are missing"


def _is_whole(connection: Connection, number: int, last: bytes) -> bool:
    """Tell whether the log goes on to its head.

    The head is a later one where others write meanwhile; the records up to it are
    then there, and chained to the last one that was verified.
    """
    end, wanted = head(connection)
    for record in records(connection, after=number):
        if number == end:
            break
        fields = (record.sequence, to_seconds(record.at), *record[2:7])
        if record.sequence != number + 1 or chained(last, fields) != record.hash:
            return False
        number, last = record.sequence, record.hash
    return (number, last) == (end, wanted)


def _wanted(known_head: str | None) -> bytes | None:
    if known_head is None:
        return None
    try:
        wanted = bytes.fromhex(known_head)
    except ValueError:
        wanted = b""
    if len(wanted) != 32:
        raise InputError(
            f"not the hash of an audit record: {known_head!r}",
            hint="give the 64 hexadecimal digits that audit verify printed",
        )
    return wanted
