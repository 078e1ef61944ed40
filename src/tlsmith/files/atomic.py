"""One file, written whole or not at all."""

import contextlib
import errno
import os
import stat

from tlsmith.errors import FileError
from tlsmith.files._errors import file_error

SECRET_MODE = 0o600
PUBLIC_MODE = 0o644
_STANDARD = {"/dev/stdout": 1, "/dev/stderr": 2}
TEMPORARY_MARK = ".tlsmith-tmp-"
# Tells our temporary files from those of an earlier process of our number: in a
# container, every run may be process 1.
_RUN = os.urandom(4).hex()
# What a file system answers that knows no second names, such as FAT.
_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}


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
    target = place_of(path)
    temporary = write_temporary(target, data, mode)
    try:
        if exclusive:
            _claim(temporary, target)
        else:
            os.replace(temporary, target)
    except BaseException as error:
        remove_quietly(temporary)
        if isinstance(error, OSError):
            raise file_error(error, path, "write") from error
        raise
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
    except (OSError, ValueError):  # ValueError: a NUL in the name
        return False
    return not (stat.S_ISREG(kind) or stat.S_ISDIR(kind))


def open_descriptor(path: str | os.PathLike[str]) -> int | None:
    """Return the number of the open file that `path` names; None for other paths."""
    name = os.fspath(path)
    if name in _STANDARD:
        return _STANDARD[name]
    number = name.removeprefix("/dev/fd/")
    return int(number) if number != name and number.isdigit() else None


def place_of(path: str | os.PathLike[str]) -> str:
    """Return where the file that `path` leads to is, or is to be.

    Raises:
        FileError: there can be no file of that name.
    """
    try:
        place = os.path.realpath(path)
        if os.path.islink(place):  # links that lead to each other
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    except OSError as error:
        raise file_error(error, path, "write") from error
    except ValueError as error:  # a NUL in the name
        raise FileError(
            f"cannot write {os.fspath(path)!r}: not a file name",
            path=os.fspath(path),
            code="file-not-found",
        ) from error
    return place


def name_beside(target: str, mark: str) -> str:
    """Return a hidden name beside `target`, short enough for every file system."""
    folder, name = os.path.split(target)
    start = os.fsencode(name)[:180].decode("utf-8", "ignore")
    return os.path.join(folder, f".{start}{mark}")


def temporary_name(target: str) -> str:
    """Return a new name beside `target` that tells which process made it."""
    mark = f"{TEMPORARY_MARK}{os.getpid()}-{_RUN}{os.urandom(4).hex()}"
    return name_beside(target, mark)


def is_of_this_process(mark: str) -> bool:
    """Tell whether a temporary name of this process ends so, after TEMPORARY_MARK."""
    return mark.startswith(f"{os.getpid()}-{_RUN}")


def write_temporary(target: str, data: bytes, mode: int) -> str:
    """Write `data` beside `target` under a name of its own, on disk; return that name.

    The name holds our process number, so that a later run can tell a file someone is
    still writing from one that was left behind.
    """
    temporary = temporary_name(target)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0)
    try:
        if os.path.isdir(target):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        descriptor = os.open(temporary, flags | getattr(os, "O_BINARY", 0), mode)
        try:
            _leave_to_owner(descriptor, target)
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


def _leave_to_owner(descriptor: int, target: str) -> None:
    """Give a new file to whoever has the one it replaces.

    Root renews what a server of another account reads; only root can give files away.
    """
    if not hasattr(os, "geteuid") or os.geteuid() != 0 or not os.path.isfile(target):
        return
    owner = os.stat(target)
    with contextlib.suppress(OSError):  # a file system without owners
        os.fchown(descriptor, owner.st_uid, owner.st_gid)


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


def _claim(temporary: str, target: str) -> None:
    """Give the file its name unless another has it."""
    try:
        os.link(temporary, target)
        os.unlink(temporary)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        # An empty file takes the name first, for there only making one is exclusive.
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, SECRET_MODE))
        os.replace(temporary, target)


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
