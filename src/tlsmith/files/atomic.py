"""One file, written whole or not at all."""

import contextlib
import os
import stat

from tlsmith.files._errors import file_error

SECRET_MODE = 0o600
PUBLIC_MODE = 0o644
_STANDARD = {"/dev/stdout": 1, "/dev/stderr": 2}
TEMPORARY_MARK = ".tlsmith-tmp-"


def write_file(
    path: str | os.PathLike[str],
    data: bytes,
    *,
    mode: int = PUBLIC_MODE,
    exclusive: bool = False,
) -> None:
    """Write `data` to `path` so that a reader sees the old file or the new one, whole.

    A link is followed, a device or pipe written through. `mode` is the file's own,
    whatever the umask adds is taken off a public one.

    Args:
        mode: permission bits; `SECRET_MODE` for anything that holds a key.
        exclusive: refuse when there is a file already.

    Raises:
        FileError: the folder is missing, full, read-only, or not ours to write.
    """
    if is_stream(path):
        return _write_through(path, data)
    target = os.path.realpath(path)
    temporary = write_temporary(target, data, mode)
    try:
        if exclusive:
            os.link(temporary, target)
            os.unlink(temporary)
        else:
            os.replace(temporary, target)
    except OSError as error:
        remove_quietly(temporary)
        raise file_error(error, path, "write") from error
    sync_folder(os.path.dirname(target))
    return None


def is_stream(path: str | os.PathLike[str]) -> bool:
    """Tell whether `path` is a device, pipe or socket: nothing to replace there.

    The names of our own open files are, whatever they lead to: `> file` makes
    `/dev/stdout` a regular file, whose place in the folder is not ours to change.
    """
    if open_descriptor(path) is not None:
        return True
    try:
        kind = os.stat(path).st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(kind) or stat.S_ISDIR(kind))


def open_descriptor(path: str | os.PathLike[str]) -> int | None:
    """Return the number of the open file that `path` names; None for other paths."""
    name = os.fspath(path)
    if name in _STANDARD:
        return _STANDARD[name]
    number = name.removeprefix("/dev/fd/")
    return int(number) if number != name and number.isdigit() else None


def write_temporary(target: str, data: bytes, mode: int) -> str:
    """Write `data` beside `target` under a name of its own, on disk; return that name.

    The name holds our process number, so that a later run can tell a file someone is
    still writing from one that was left behind.
    """
    folder, name = os.path.split(target)
    mark = f"{TEMPORARY_MARK}{os.getpid()}-{os.urandom(4).hex()}"
    temporary = os.path.join(folder, f".{name[:180]}{mark}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0)
    try:
        if os.path.isdir(target):
            raise IsADirectoryError(21, "is a directory")
        descriptor = os.open(temporary, flags | getattr(os, "O_BINARY", 0), mode)
        try:
            _write_all(descriptor, data)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except BaseException as error:
        remove_quietly(temporary)
        if isinstance(error, OSError):
            raise file_error(error, target, "write") from error
        raise
    return temporary


def sync_folder(folder: str) -> None:
    """Have the folder's new names on disk, where the system can do that."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder or ".", os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def remove_quietly(path: str) -> None:
    """Remove a file of ours that may or may not be there."""
    with contextlib.suppress(OSError):
        os.unlink(path)


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _write_through(target: str | os.PathLike[str], data: bytes) -> None:
    number = open_descriptor(target)
    try:
        # Opened anew, a regular file behind our output would be written from its start.
        opened = os.open(target, os.O_WRONLY) if number is None else os.dup(number)
        try:
            _write_all(opened, data)
        finally:
            os.close(opened)
    except OSError as error:
        raise file_error(error, target, "write") from error
