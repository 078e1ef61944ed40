"""Badger's value log (`*.vlog`): larger values, and what is in no table yet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tlsmith.authority.adoption.badger.table import Entry, split_key
from tlsmith.authority.adoption.badger.wire import Buffer, crc32c, read_varint
from tlsmith.errors import InputError

HEADER = 20  # the number of an encryption key, and where its stream starts
_IN_TRANSACTION, _END_OF_TRANSACTION = 0x40, 0x80
_LONGEST_KEY = 1 << 16


class Pointer(NamedTuple):
    """Where in the value log an entry is."""

    file: int
    size: int
    offset: int


class _Record(NamedTuple):
    meta: int
    key: bytes
    value: bytes
    end: int


def read_pointer(data: bytes) -> Pointer:
    """Return a pointer as tables hold it.

    Raises:
        InputError: it has not the twelve bytes of one.
    """
    if len(data) != 12:
        raise InputError("a pointer into the value log that is none")
    file, size, offset = (
        int.from_bytes(data[at : at + 4], "little") for at in (0, 4, 8)
    )
    return Pointer(file, size, offset)


def is_encrypted(log: Buffer) -> bool:
    """Tell whether a file of the log needs a key."""
    return any(log[:8])


def value_at(log: Buffer, pointer: Pointer) -> bytes:
    """Return the value that a pointer points to.

    Raises:
        InputError: there is none, or its checksum is wrong.
    """
    record = _record(log, pointer.offset)
    if record is None or record.end - pointer.offset != pointer.size:
        raise InputError(f"the value log has nothing at byte {pointer.offset}")
    return record.value


def replay(log: Buffer, offset: int) -> Iterator[Entry]:
    """Yield what whole transactions wrote from `offset` on.

    What a crash left of the last one is passed by, as Badger itself does.
    """
    pending: list[Entry] = []
    offset = max(offset, HEADER)
    while (record := _record(log, offset)) is not None:
        offset = record.end
        if record.meta & _END_OF_TRANSACTION:
            yield from pending
            pending = []
            continue
        # The value stands here, whatever the bit for a pointer said.
        entry = Entry(*split_key(record.key), record.meta & 1, record.value)
        if record.meta & _IN_TRANSACTION:
            if pending and pending[0].version != entry.version:
                return
            pending.append(entry)
        else:
            yield entry


def _record(log: Buffer, offset: int) -> _Record | None:
    """Return the record at `offset`, None where there is no whole one."""
    try:
        key_size, at = read_varint(log, offset + 2)
        value_size, at = read_varint(log, at)
        _, at = read_varint(log, at)  # when it expires, which step-ca never uses
    except InputError:
        return None
    key_end, end = at + key_size, at + key_size + value_size
    if not 8 <= key_size <= _LONGEST_KEY or end + 4 > len(log):
        return None
    if crc32c(log[offset:end]) != int.from_bytes(log[end : end + 4], "big"):
        return None
    return _Record(log[offset], log[at:key_end], log[key_end:end], end + 4)
