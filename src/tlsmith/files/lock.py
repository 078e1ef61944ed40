"""One process at a time."""

import contextlib
import os
import sys
import time
from collections.abc import Iterable, Iterator

from tlsmith.errors import FileError
from tlsmith.files._errors import file_error

_PAUSE = 0.02
_PATIENCE = 30.0
# Else the opening of a pipe would wait for its other end.
_FOLDER = getattr(os, "O_DIRECTORY", 0)


@contextlib.contextmanager
def exclusive_lock(path: str, *, patience: float = _PATIENCE) -> Iterator[int]:
    """Hold the lock file at `path`; the system lets go of it if we die.

    Gives its descriptor: a child that inherits it holds the lock as long as it runs.

    Args:
        patience: seconds to wait for another process.

    Raises:
        FileError: the lock cannot be made, or was not let go of in time.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise file_error(error, path, "lock") from error
    try:
        try:
            _wait(descriptor, path, patience)
        except OSError as error:
            raise file_error(error, path, "lock") from error
        yield descriptor
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def folders_locked(
    folders: Iterable[str], *, patience: float = _PATIENCE
) -> Iterator[None]:
    """Hold `folders` against other processes that do the same, leaving no lock file.

    Where a folder cannot be locked (it is missing, or its system cannot), it is not.

    Raises:
        FileError: another process did not let go of one in time.
    """
    with contextlib.ExitStack() as held:
        for folder in sorted(set(folders)):  # in one order: none waits for another
            with contextlib.suppress(OSError):
                descriptor = os.open(folder, os.O_RDONLY | _FOLDER)
                held.callback(os.close, descriptor)
                _wait(descriptor, folder, patience)
        yield


def _wait(descriptor: int, path: str, patience: float) -> None:
    deadline = time.monotonic() + patience
    while not try_lock(descriptor):
        if time.monotonic() > deadline:
            raise FileError(
                f"another process has held {path!r} for {patience:g} seconds",
                path=path,
                code="locked",
                hint="wait for it to end, or end it, and try again",
            )
        time.sleep(_PAUSE)


if sys.platform == "win32":
    import msvcrt

    def try_lock(descriptor: int) -> bool:
        """Lock a file until it is closed; False where another process has it."""
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def try_lock(descriptor: int) -> bool:
        """Lock a file until it is closed; False where another process has it."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
