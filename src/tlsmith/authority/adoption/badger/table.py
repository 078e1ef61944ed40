"""Badger's sorted tables (`*.sst`) and the list of those that count (`MANIFEST`)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tlsmith.authority.adoption.badger.wire import (
    crc32c,
    read_message,
    read_varint,
    unpack_snappy,
)
from tlsmith.errors import InputError

MAGIC = b"Bdgr"
VERSION = 7  # of Badger 2; its first edition wrote 4, its third writes 8
_NEWEST = 0xFFFFFFFFFFFFFFFF
_NONE, _SNAPPY = 0, 1  # and 2 for Zstandard
_CREATE = 0


class Entry(NamedTuple):
    """One version of one key.

    Args:
        meta: bits: 1 deleted, 2 the value is a pointer into the value log.
    """

    key: bytes
    version: int
    meta: int
    value: bytes


class LiveTable(NamedTuple):
    """A table that the manifest counts.

    Args:
        key_id: of the key it is encrypted with; 0 for none.
    """

    number: int
    compression: int
    key_id: int


def manifest_version(data: bytes) -> int | None:
    """Return the version of a MANIFEST, None where it is none."""
    if data[:4] != MAGIC or len(data) < 8:
        return None
    return int.from_bytes(data[4:8], "big")


def live_tables(manifest: bytes) -> list[LiveTable]:
    """Return the tables that count, by number.

    Raises:
        InputError: the manifest is damaged. One cut short at its end is as a crash
            leaves it, and was never acted on.
    """
    tables: dict[int, LiveTable] = {}
    offset = 8
    while offset + 8 <= len(manifest):
        size = int.from_bytes(manifest[offset : offset + 4], "big")
        checksum = int.from_bytes(manifest[offset + 4 : offset + 8], "big")
        changes = manifest[offset + 8 : offset + 8 + size]
        if len(changes) < size:
            break
        if crc32c(changes) != checksum:
            raise InputError("its MANIFEST is damaged")
        for _, change in read_message(changes):
            if isinstance(change, bytes):
                _apply(change, tables)
        offset += 8 + size
    return [tables[number] for number in sorted(tables)]


def _apply(change: bytes, tables: dict[int, LiveTable]) -> None:
    fields = {number: value for number, value in read_message(change)}
    number, operation, key_id, compression = (
        _number(fields.get(at, 0)) for at in (1, 2, 4, 6)
    )
    if operation == _CREATE:
        tables[number] = LiveTable(number, compression, key_id)
    else:
        tables.pop(number, None)


def read_table(data: bytes, compression: int) -> Iterator[Entry]:
    """Yield the entries of a table.

    Raises:
        InputError: it is damaged, or compressed in a way that cannot be undone here.
    """
    size = int.from_bytes(data[-4:], "big")
    end = len(data) - 4 - size - 4
    index_size = int.from_bytes(data[end : end + 4], "big")
    if end < 0 or index_size > end:
        raise InputError("a table that is cut short")
    index = data[end - index_size : end]
    _check(index, data[end + 4 : end + 4 + size])
    for number, value in read_message(index):
        if number == 1 and isinstance(value, bytes):
            fields = dict(read_message(value))
            start, length = _number(fields.get(2, 0)), _number(fields.get(3, 0))
            yield from _block(_unpacked(data[start : start + length], compression))


def _unpacked(block: bytes, compression: int) -> bytes:
    if compression == _NONE:
        return block
    if compression == _SNAPPY:
        return unpack_snappy(block)
    raise InputError(
        "its tables are compressed with Zstandard, which is not read here",
        code="unsupported-database",
    )


def _block(block: bytes) -> Iterator[Entry]:
    """Yield the entries of a block: each has what of its key the first has not."""
    size = int.from_bytes(block[-4:], "big")
    end = len(block) - 4 - size
    if end < 4:
        raise InputError("a block that is cut short")
    body = block[:end]
    _check(body, block[end : end + size])
    count = int.from_bytes(body[-4:], "big")
    starts_at = end - 4 - 4 * count
    if starts_at < 0:
        raise InputError("a block that is cut short")
    starts = [
        int.from_bytes(body[at : at + 4], "little")
        for at in range(starts_at, end - 4, 4)
    ]
    base = b""
    for start, stop in zip(starts, [*starts[1:], starts_at], strict=True):
        overlap = int.from_bytes(body[start : start + 2], "little")
        different = int.from_bytes(body[start + 2 : start + 4], "little")
        value_at = start + 4 + different
        key = base[:overlap] + body[start + 4 : value_at]
        base = base or key
        _, value_start = read_varint(body, value_at + 2)  # behind when it expires
        yield Entry(*split_key(key), body[value_at], body[value_start:stop])


def split_key(key: bytes) -> tuple[bytes, int]:
    """Return a key without its version, and the version; the newest sorts first.

    Raises:
        InputError: it is too short to have one.
    """
    if len(key) < 8:
        raise InputError("a key without a version")
    return key[:-8], _NEWEST - int.from_bytes(key[-8:], "big")


def _check(data: bytes, checksum: bytes) -> None:
    fields = dict(read_message(checksum))
    # 0 for CRC-32C, which is what is written; any other is not ours to judge.
    if fields.get(1, 0) == 0 and fields.get(2, 0) != crc32c(data):
        raise InputError("a table whose checksum is wrong")


def _number(value: int | bytes) -> int:
    if isinstance(value, bytes):
        raise InputError("bytes where a number should be")
    return value
