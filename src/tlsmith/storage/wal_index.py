"""Whether anybody has committed to a SQLite file: told by the index of its WAL.

The index is a file that every process with the store open has mapped; its header
changes with each commit, whoever makes it, and is what SQLite itself looks at to tell
whether its pages are still good (https://www.sqlite.org/walformat.html, section 2.1).
Mapped here as well, it is read in less than a tenth of a microsecond; to ask SQLite
takes five and more, and a connection that is in the middle of a commit cannot be asked.
"""

from __future__ import annotations

import mmap
import os
import struct
import threading

# The header is there twice, so that one that is being written can be told.
_SIZE = 48
# Where it counts the commits, and the frames of the WAL, and the first of its salts.
_COUNT, _FRAMES = struct.Struct("=8xI"), struct.Struct("=16xI")
_SALT = struct.Struct(">32xI")

# By device and inode. Neither these nor what they were made of is closed, for as long
# as the process lives: a process that closes a file loses all its locks on it, those of
# SQLite's connections too (POSIX).
_FILES: dict[tuple[int, int], mmap.mmap] = {}
_LOCK = threading.Lock()


class WALIndex:
    """The index of a store that this process has open.

    Args:
        path: of the store.

    Raises:
        OSError: there is none, or it cannot be read.
        ValueError: it is too short to be one.
    """

    def __init__(self, path: str) -> None:
        self._map = _opened(f"{path}-shm")
        self._seen: tuple[bytes, bytes | None] = (b"", None)

    def state(self) -> bytes | None:
        """Return what changes with each commit; None in the middle of a change."""
        headers = self._map[: 2 * _SIZE]
        seen, state = self._seen
        if headers != seen:
            header = headers[:_SIZE]
            if headers[_SIZE:] != header:
                return None
            if state is None or not _is_begun_anew(state, header):
                state = header
            self._seen = headers, state
        return state


def is_next(before: bytes, after: bytes) -> bool:
    """Tell whether at most one commit was made between two states."""
    (first,), (second,) = _COUNT.unpack_from(before), _COUNT.unpack_from(after)
    return before == after or (second - first) % (1 << 32) == 1


def _is_begun_anew(before: bytes, after: bytes) -> bool:
    """Tell whether the WAL is written from its beginning again, and nothing else is.

    Who writes next does that first, once all of the WAL is in the store's own file.
    """
    if _COUNT.unpack_from(before) != _COUNT.unpack_from(after):
        return False
    (former,), (salt,) = _SALT.unpack_from(before), _SALT.unpack_from(after)
    return _FRAMES.unpack_from(after) == (0,) and (salt - former) % (1 << 32) == 1


def _opened(path: str) -> mmap.mmap:
    with _LOCK:
        there = os.stat(path)
        key = there.st_dev, there.st_ino
        found = _FILES.get(key)
        if found is None:
            flags = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0)
            file = os.open(path, flags)
            # Its first page is there for as long as the file is: SQLite never cuts it.
            found = _FILES[key] = mmap.mmap(file, 2 * _SIZE, access=mmap.ACCESS_READ)
        return found
