"""The bytes of regular files, without a wait for what is none."""

from __future__ import annotations

import os
import stat

_PART = 1 << 20
_HEAD = 8192
_MARKS = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")
"""How text begins that holds NUL: UTF-16 and UTF-32."""


def is_binary(data: bytes) -> bool:
    """Whether bytes are no text, going by their beginning."""
    return data.find(b"\0", 0, _HEAD) >= 0 and not data.startswith(_MARKS)


def is_regular(path: str) -> bool:
    """Whether a path leads to a regular file. It is not opened for that.

    Raises:
        OSError: It leads nowhere, or may not be followed.
    """
    return stat.S_ISREG(os.stat(path).st_mode)


def read(path: str, largest: int, *, follow: bool = True) -> bytes | None:
    """The bytes of a regular file; None if it is none.

    Of a file above a megabyte that is binary only the beginning.

    Args:
        path: Where it is.
        largest: How many bytes it may have.
        follow: Whether a link is followed.

    Raises:
        OSError: It cannot be read; without a number, it is too large.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    if not follow:
        flags |= getattr(os, "O_NOFOLLOW", 0)
    handle = os.open(path, flags)
    try:
        facts = os.fstat(handle)
        if not stat.S_ISREG(facts.st_mode):
            return None
        size = facts.st_size
        if size > largest:
            raise OSError("too large")
        if 0 < size <= _PART:
            return os.read(handle, size + 1)
        return _in_parts(handle, largest)
    finally:
        os.close(handle)


def _in_parts(handle: int, largest: int) -> bytes:
    """All of a large file, or of one that tells no size, as those of /proc."""
    parts = [os.read(handle, _HEAD)]
    if is_binary(parts[0]):
        return parts[0]
    left = largest + 1 - len(parts[0])
    while left > 0 and parts[-1]:
        parts.append(os.read(handle, min(left, _PART)))
        left -= len(parts[-1])
    if left <= 0:
        raise OSError("too large")
    return b"".join(parts)
