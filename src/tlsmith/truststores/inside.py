"""Files of an unpacked image, reached as its own kernel would, never outside of it.

Links in an image mean its own paths: `/etc/ssl/certs -> /etc/pki/tls/certs` is not a
link to this machine's folder. A device or pipe where a file should be is not opened.
"""

from __future__ import annotations

import errno
import fnmatch
import os
import stat
from collections import deque

from tlsmith.errors import FileError, TrustStoreError
from tlsmith.files import write_file

_MOST_LINKS = 40  # as Linux has it
_LARGEST = 64 * 1024 * 1024  # bytes; a whole bundle has a quarter of a million


def resolve(root: str, path: str) -> str:
    """Return where `path` leads with `root` as "/", all links followed, there or not.

    Raises:
        TrustStoreError: its links lead to each other.
    """
    left, at, links = deque(path.split("/")), list[str](), 0
    while left:
        part = left.popleft()
        if part in ("", "."):
            continue
        if part == "..":
            at = at[:-1]
            continue
        try:
            target = os.readlink(os.path.join(root, *at, part))
        except OSError:  # no link, or nothing there
            at.append(part)
            continue
        links += 1
        if links > _MOST_LINKS:
            raise TrustStoreError(
                f"the links of {path!r} in {root!r} lead to each other",
                store="image",
                code="link-loop",
                hint="mend the image, or unpack it again",
            )
        if target.startswith("/"):
            at = []
        left.extendleft(reversed(target.split("/")))
    return os.path.join(root, *at)


def matching(root: str, pattern: str) -> list[str]:
    """Return the paths, below `root`, that a pattern such as "/opt/jdk*" stands for."""
    found = [""]
    for part in pattern.strip("/").split("/"):
        if "*" not in part:
            found = [f"{path}/{part}" for path in found]
            continue
        found = [
            f"{path}/{name}"
            for path in found
            for name in _names(resolve(root, path))
            if fnmatch.fnmatchcase(name, part)
        ]
    return [path for path in found if os.path.lexists(resolve(root, path))]


def _names(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return []


def read_regular(path: str) -> bytes | None:
    """Return the bytes of a file; None where there is none.

    Raises:
        FileError: it is a device, a pipe or a socket, too large, or not ours to read.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(path, flags)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        if error.errno == errno.ENXIO:  # a socket, or a device that is not there
            raise _not_a_file(path) from error
        reason = (error.strerror or "").lower()
        raise FileError(f"cannot read {path!r}: {reason}", path=path) from error
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise _not_a_file(path)
        if status.st_size > _LARGEST:
            raise FileError(f"{path!r} is over {_LARGEST} bytes", path=path)
        with open(descriptor, "rb", closefd=False) as stream:
            return stream.read(_LARGEST)
    finally:
        os.close(descriptor)


def write_regular(path: str, data: bytes, mode: int = 0o644) -> None:
    """Write a file whole, with the permissions and owner of the one it replaces.

    A new one belongs to whoever has its folder.

    Args:
        mode: of a new file, whatever our umask is.

    Raises:
        FileError: it cannot be written, or something else is there.
    """
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        status = None
    if status is not None and not stat.S_ISREG(status.st_mode):
        raise _not_a_file(path)
    mode = mode if status is None else stat.S_IMODE(status.st_mode)
    write_file(path, data, mode=mode)
    os.chmod(path, mode)
    if status is None:
        give_to_owner_of_folder(path)


def give_to_owner_of_folder(path: str) -> None:
    """Let a new file or link belong to whoever has the folder it is in."""
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        owner = os.stat(os.path.dirname(path))
        os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


def make_folder(path: str) -> None:
    """Make a folder that everybody can read, and those above it, where missing."""
    if os.path.isdir(path):
        return
    make_folder(os.path.dirname(path))
    os.mkdir(path)
    os.chmod(path, 0o755)  # noqa: S103
    give_to_owner_of_folder(path)


def _not_a_file(path: str) -> FileError:
    return FileError(f"{path!r} is not a regular file", path=path, code="not-a-file")
