"""The folder of a CA that is only read, and never left without saying so."""

from __future__ import annotations

import contextlib
import mmap
import os
import stat
from collections.abc import Iterator

from tlsmith.errors import FileError
from tlsmith.files import read_file


class SourceFolder:
    """A folder that is read and never written.

    A link inside it is followed; where it leads out of the folder, `notes` say so. What
    is no plain file is not opened: a pipe would wait for ever.

    Args:
        path: of the folder.
    """

    def __init__(self, path: str) -> None:
        self.path = os.path.abspath(path)
        self._real = os.path.realpath(path)
        self._notes: dict[str, str] = {}

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know of the files that were read, in words."""
        return tuple(self._notes.values())

    def place(self, *parts: str) -> str:
        """Return the path of something in the folder; an absolute one stays."""
        return os.path.join(self.path, *parts)

    def holds(self, path: str) -> bool:
        """Tell whether a path, its links followed, lies in the folder."""
        real = os.path.realpath(self.place(path))
        return real == self._real or real.startswith(os.path.join(self._real, ""))

    def has(self, *parts: str) -> bool:
        """Tell whether there is a plain file."""
        return _is_plain(self.place(*parts))

    def has_folder(self, *parts: str) -> bool:
        return os.path.isdir(self.place(*parts))

    def names(self, *parts: str) -> list[str]:
        """Return the names of what is in a folder, sorted; none where it is not there.

        Raises:
            FileError: it may not be listed.
        """
        path = self.place(*parts)
        try:
            return sorted(os.listdir(path))
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise FileError(
                f"cannot list {path!r}: {(error.strerror or str(error)).lower()}",
                path=path,
                code="permission-denied",
                hint="ask its owner, or run this as who may read it",
            ) from error

    def files(self, *parts: str) -> list[str]:
        """Return the paths of the plain files in a folder, sorted."""
        paths = (self.place(*parts, name) for name in self.names(*parts))
        return [path for path in paths if _is_plain(path)]

    def read(self, *parts: str) -> bytes:
        """Return the bytes of a plain file.

        Raises:
            FileError: it is missing, not ours to read, or no plain file.
        """
        path = self.place(*parts)
        if os.path.exists(path) and not os.path.isdir(path) and not _is_plain(path):
            raise FileError(
                f"cannot read {path!r}: it is a pipe, a socket or a device",
                path=path,
                code="not-a-file",
                hint="put a copy of the file itself in its place",
            )
        self.note_outside(path)
        return read_file(path)

    def read_key(self, path: str) -> bytes:
        """Return the bytes of a key's file; `notes` say so where others may read it.

        Raises:
            FileError: as `read`.
        """
        data = self.read(path)
        is_plain = b"ENCRYPTED" not in data
        if is_plain and os.name == "posix" and os.stat(path).st_mode & 0o077:
            self._notes.setdefault(
                f"mode of {path}",
                f"others than its owner may read or change {path!r}: if there are any, "
                "plan a new key",
            )
        return data

    @contextlib.contextmanager
    def mapped(self, path: str) -> Iterator[mmap.mmap]:
        """Give a file's bytes without reading them all.

        Raises:
            FileError: it is missing, empty, or not ours to read.
        """
        self.note_outside(path)
        with contextlib.ExitStack() as stack:
            try:
                stream = stack.enter_context(open(path, "rb"))
                size = os.fstat(stream.fileno()).st_size
                if size == 0:
                    raise FileError(
                        f"cannot read {path!r}: it is empty",
                        path=path,
                        hint="copy it once more from where it was",
                    )
                mapping = mmap.mmap(stream.fileno(), size, access=mmap.ACCESS_READ)
            except OSError as error:
                raise FileError(
                    f"cannot read {path!r}: {(error.strerror or str(error)).lower()}",
                    path=path,
                    hint="ask its owner, or run this as who may read it",
                ) from error
            yield stack.enter_context(mapping)

    def note_outside(self, path: str) -> None:
        """Write down that something is read from outside of the folder."""
        if self.holds(path):
            return
        real = os.path.realpath(path)
        lies_at = "" if real == os.path.abspath(path) else f", a link to {real!r}"
        self._notes.setdefault(
            path, f"{path!r}{lies_at} is outside of {self.path!r}, and was read there"
        )


def is_plain_name(name: str) -> bool:
    """Tell whether a name from a CA's records names a file and no way to one."""
    return (
        bool(name)
        and name not in (os.curdir, os.pardir)
        and not any(sign in name for sign in ("/", "\\", "\0", ":"))
    )


def _is_plain(path: str) -> bool:
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except (OSError, ValueError):
        return False
