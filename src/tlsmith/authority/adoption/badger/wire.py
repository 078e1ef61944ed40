"""What Badger's files are made of: varints, protocol buffers, checksums, Snappy."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from functools import cache

from tlsmith.errors import InputError

Buffer = bytes | mmap.mmap

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_LARGEST_BLOCK = 256 * 1024 * 1024


def read_varint(data: Buffer, offset: int) -> tuple[int, int]:
    """Return an unsigned varint, and the offset behind it.

    Raises:
        InputError: it is cut short, or too long.
    """
    value = 0
    for shift in range(0, 70, 7):
        if offset >= len(data):
            break
        byte = data[offset]
        offset += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, offset
    raise InputError("a number that is cut short")


def read_message(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield the number and the value of each field of a protocol buffer.

    Raises:
        InputError: it is cut short, or not one.
    """
    offset = 0
    while offset < len(data):
        tag, offset = read_varint(data, offset)
        kind = tag & 7
        if kind == _VARINT:
            value, offset = read_varint(data, offset)
            yield tag >> 3, value
            continue
        if kind == _BYTES:
            size, offset = read_varint(data, offset)
        elif kind in (_FIXED64, _FIXED32):
            size = 8 if kind == _FIXED64 else 4
        else:
            raise InputError(f"a field of the unknown kind {kind}")
        if offset + size > len(data):
            raise InputError("a field that is cut short")
        yield tag >> 3, data[offset : offset + size]
        offset += size


def crc32c(data: bytes) -> int:
    """Return the Castagnoli checksum of `data` (RFC 3720 appendix B.4)."""
    table = _table()
    crc = 0xFFFFFFFF
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


@cache
def _table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
        table.append(crc)
    return tuple(table)


def unpack_snappy(data: bytes) -> bytes:
    """Return what a block of Snappy holds.

    Raises:
        InputError: it is damaged.
    """
    size, offset = read_varint(data, 0)
    if size > _LARGEST_BLOCK:
        raise InputError("a Snappy block that is too large")
    out = bytearray()
    while offset < len(data) and len(out) <= size:
        tag = data[offset]
        offset += 1
        if tag & 3 == 0:
            length, offset = _literal_length(data, offset, tag >> 2)
            out += data[offset : offset + length]
            offset += length
            continue
        length, distance, offset = _copy(data, offset, tag)
        if not 0 < distance <= len(out):
            raise InputError("a Snappy block that copies from before its start")
        for _ in range(length):  # what is copied may overlap what it makes
            out.append(out[-distance])
    if len(out) != size:
        raise InputError("a Snappy block of another length than it says")
    return bytes(out)


def _literal_length(data: bytes, offset: int, short: int) -> tuple[int, int]:
    if short < 60:
        return short + 1, offset
    width = short - 59
    return int.from_bytes(data[offset : offset + width], "little") + 1, offset + width


def _copy(data: bytes, offset: int, tag: int) -> tuple[int, int, int]:
    """Return the length and distance of a copy, and the offset behind it."""
    kind = tag & 3
    if kind == 1:
        low = data[offset] if offset < len(data) else 0
        return 4 + (tag >> 2 & 7), (tag >> 5) << 8 | low, offset + 1
    width = 2 if kind == 2 else 4
    distance = int.from_bytes(data[offset : offset + width], "little")
    return 1 + (tag >> 2), distance, offset + width
