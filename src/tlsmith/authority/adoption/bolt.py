"""bbolt, the single-file database that step-ca can keep its records in, read only."""

from __future__ import annotations

import mmap
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tlsmith.errors import InputError

_MAGIC, _VERSION = 0xED0CDAED, 2
_HEADER, _META_SIZE = 16, 64
_BRANCH, _LEAF = 0x01, 0x02
_IS_BUCKET = 0x01
_DEEPEST = 64  # a tree of four children a page that deep fills any disk

Buffer = bytes | mmap.mmap
Tables = dict[bytes, dict[bytes, bytes]]


class _Meta(NamedTuple):
    page_size: int
    root: int
    transaction: int


def read_bolt(data: Buffer, tables: Iterable[bytes], source: str) -> Tables:
    """Return the keys and values of some buckets of a bbolt database.

    Args:
        source: what messages call the file.

    Raises:
        InputError: it is damaged, or no bbolt database.
    """
    try:
        file = _File(data)
        found = dict(file.buckets())
        return {name: dict(file.pairs(found.get(name))) for name in tables}
    except InputError as error:
        raise InputError(
            f"the bbolt database {source} cannot be read: {error.message}",
            code="database-damaged",
            hint="stop step-ca, copy the file once more, and adopt that",
        ) from error


class _File:
    def __init__(self, data: Buffer) -> None:
        self._data = data
        self._meta = _newest_meta(data)

    def buckets(self) -> Iterator[tuple[bytes, bytes]]:
        for is_bucket, key, value in self._walk(self._page(self._meta.root), 0):
            if is_bucket:
                yield key, value

    def pairs(self, bucket: bytes | None) -> Iterator[tuple[bytes, bytes]]:
        """Yield what is in a bucket; a small one stands whole in its parent's page."""
        if bucket is None:
            return
        if len(bucket) < 16:
            raise InputError("a bucket that is cut short")
        root = int.from_bytes(bucket[:8], "little")
        page = self._page(root) if root else bucket[16:]
        for is_bucket, key, value in self._walk(page, 0):
            if not is_bucket:
                yield key, value

    def _page(self, number: int) -> bytes:
        size = self._meta.page_size
        start = number * size
        overflow = int.from_bytes(self._data[start + 12 : start + 16], "little")
        page = self._data[start : start + (1 + overflow) * size]
        if len(page) < size:
            raise InputError(f"page {number} is not there")
        if int.from_bytes(page[:8], "little") != number:
            raise InputError(f"page {number} is damaged")
        return page

    def _walk(self, page: bytes, depth: int) -> Iterator[tuple[bool, bytes, bytes]]:
        flags, count = _u16(page, 8), _u16(page, 10)
        if depth > _DEEPEST or _HEADER + 16 * count > len(page):
            raise InputError("a page that is damaged")
        for at in range(_HEADER, _HEADER + 16 * count, 16):
            if flags & _BRANCH:
                child = int.from_bytes(page[at + 8 : at + 16], "little")
                yield from self._walk(self._page(child), depth + 1)
            elif flags & _LEAF:
                yield _leaf(page, at)
            else:
                raise InputError("a page of an unknown kind")


def _leaf(page: bytes, at: int) -> tuple[bool, bytes, bytes]:
    flags, offset, key_size, value_size = (
        _u32(page, at + step) for step in (0, 4, 8, 12)
    )
    start = at + offset
    end = start + key_size + value_size
    if end > len(page):
        raise InputError("an entry that is cut short")
    key = page[start : start + key_size]
    return bool(flags & _IS_BUCKET), key, page[start + key_size : end]


def _newest_meta(data: Buffer) -> _Meta:
    """Return the newer of the two descriptions that is whole: a crash spoils one."""
    first = _meta(data, 0)
    sizes = [first.page_size] if first else [1 << bits for bits in range(9, 17)]
    found = [first, *(_meta(data, size) for size in sizes)]
    whole = [meta for meta in found if meta is not None]
    if not whole:
        raise InputError("neither of its two headers is whole")
    return max(whole, key=lambda meta: meta.transaction)


def _meta(data: Buffer, page: int) -> _Meta | None:
    raw = data[page + _HEADER : page + _HEADER + _META_SIZE]
    if len(raw) < _META_SIZE or _u32(raw, 0) != _MAGIC or _u32(raw, 4) != _VERSION:
        return None
    if _fnv1a(raw[:-8]) != int.from_bytes(raw[-8:], "little"):
        return None
    return _Meta(
        _u32(raw, 8),
        int.from_bytes(raw[16:24], "little"),
        int.from_bytes(raw[48:56], "little"),
    )


def _fnv1a(data: bytes) -> int:
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return value


def _u16(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 2], "little")


def _u32(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "little")
