"""The nonces of a store in a file: a bit for each, in memory that processes share.

Nonces are counted. Of the last few million, a file that is mapped into every process
has one bit each, set when a nonce is used. It outlives the processes; where the
machine itself was started anew, what had been set may be lost, so the key that nonces
are told by is a new one.
"""

from __future__ import annotations

import errno
import mmap
import os
import stat
import struct
import sys
import threading
from secrets import token_bytes

from tlsmith.errors import StorageError
from tlsmith.storage.acme.nonces import Nonces, sealed, unsealed

_MAGIC = b"tlsmith nonces 1"
# What the file begins with: that, the machine's start, the key, the next number.
_HEAD = struct.Struct(">16s16s32sQ")
_NEXT = struct.Struct(">Q")
_NEXT_AT = _HEAD.size - _NEXT.size
_BITS_AT = 4096
# How many can be told apart, and how many a process takes at a time.
WINDOW = 1 << 22
_BLOCK = 64
_SIZE = _BITS_AT + WINDOW // 8


class FileNonces(Nonces):
    """Nonces of all processes that have one file open.

    Args:
        path: of the file; made, 0600, where it is not there.

    Raises:
        StorageError: it cannot be made.
    """

    def __init__(self, path: str) -> None:
        self._lock = threading.Lock()
        self._file, self._map = _open(path)
        self._number = self._end = 0
        self._key = b""
        with self._lock:
            _lock(self._file, on=True)
            try:
                self._begin()
            finally:
                _lock(self._file, on=False)

    def _begin(self) -> None:
        """Take the key there is, or a new one where it holds no more."""
        magic, start, key, _ = _HEAD.unpack_from(self._map)
        if magic != _MAGIC or start != _machine_start():
            key = token_bytes(32)
            _HEAD.pack_into(self._map, 0, _MAGIC, _machine_start(), key, WINDOW)
            self._map[_BITS_AT:] = bytes(WINDOW // 8)
        self._key = key

    def give(self) -> str:
        """See the base."""
        with self._lock:
            (following,) = _NEXT.unpack_from(self._map, _NEXT_AT)
            # What others gave out meanwhile may have left this block behind.
            if self._number == self._end or following - self._number > WINDOW // 2:
                self._take_block()
            number = self._number
            self._number += 1
        return sealed(_NEXT.pack(number), self._key)

    def _take_block(self) -> None:
        """Take the next numbers for this process, none of them used."""
        _lock(self._file, on=True)
        try:
            (first,) = _NEXT.unpack_from(self._map, _NEXT_AT)
            _NEXT.pack_into(self._map, _NEXT_AT, first + _BLOCK)
            at = _BITS_AT + first % WINDOW // 8
            self._map[at : at + _BLOCK // 8] = bytes(_BLOCK // 8)
        finally:
            _lock(self._file, on=False)
        self._number, self._end = first, first + _BLOCK

    def use(self, nonce: str) -> bool:
        """See the base."""
        body = unsealed(nonce, self._key, _NEXT.size)
        if body is None:
            return False
        (number,) = _NEXT.unpack(body)
        at, bit = _BITS_AT + number % WINDOW // 8, 1 << number % 8
        with self._lock:
            _lock(self._file, on=True)
            try:
                (following,) = _NEXT.unpack_from(self._map, _NEXT_AT)
                if number < following - WINDOW or self._map[at] & bit:
                    return False
                self._map[at] |= bit
            finally:
                _lock(self._file, on=False)
        return True

    def close(self) -> None:
        """See the base."""
        self._map.close()
        os.close(self._file)


def _open(path: str) -> tuple[int, mmap.mmap]:
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
    try:
        file = os.open(path, flags | getattr(os, "O_CLOEXEC", 0), 0o600)
        try:
            _keep_to_ourselves(file)
            _reserve(file)
            return file, mmap.mmap(file, _SIZE)
        except BaseException:
            os.close(file)
            raise
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise StorageError(
            f"cannot keep nonces in {path!r}: {reason}",
            hint="the folder of the store must be one that can be written",
        ) from error


def _keep_to_ourselves(file: int) -> None:
    """Have nobody else read the key, as where a copy lost the file's mode."""
    if os.name == "posix" and stat.S_IMODE(os.fstat(file).st_mode) & 0o077:
        os.fchmod(file, 0o600)


def _reserve(file: int) -> None:
    """Have room on the disk: without, a write to the mapping would kill the process."""
    if os.fstat(file).st_size < _SIZE:
        os.ftruncate(file, _SIZE)
    if hasattr(os, "posix_fallocate"):
        try:
            os.posix_fallocate(file, 0, _SIZE)
        except OSError as error:
            # Some file systems cannot say.
            if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL):
                raise


def _machine_start() -> bytes:
    """Return what changes whenever the machine starts, where that can be known."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return bytes.fromhex(file.read().strip().replace("-", ""))
    except (OSError, ValueError):
        return bytes(16)


if sys.platform == "win32":

    def _lock(file: int, *, on: bool) -> None:
        import msvcrt

        os.lseek(file, 0, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_LOCK if on else msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _lock(file: int, *, on: bool) -> None:
        # Not lockf: a process would not keep itself out that has the file open twice.
        fcntl.flock(file, fcntl.LOCK_EX if on else fcntl.LOCK_UN)
