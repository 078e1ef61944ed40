"""What files and folders were like, kept so that they can be put back exactly."""

from __future__ import annotations

import base64
import contextlib
import glob
import hashlib
import os
import secrets
import shutil
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tlsmith.errors import FileError
from tlsmith.files import read_file, write_file
from tlsmith.files.atomic import TEMPORARY_MARK, sync_folder, write_temporary
from tlsmith.truststores.keystore import content_digest

_BLOCK = 512  # bytes; divides every page size of SQLite
_PAGE = 4096  # what a file system gives at once, most often

Blocks = tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class Entry:
    """One path at one time.

    Args:
        kind: "file", "link", "folder", "absent", "other" for what we leave alone, or
            "lost" where somebody else has changed it since.
        digest: of a file's contents: equal where they say the same.
        sha256: of a file's bytes, which names its copy.
        target: of a link.
        mode, owner, modified: of a file: permission bits, (user, group), nanoseconds.
        patch: blocks (offset, base64) that turn what we left into this file of `size`
            bytes, where no copy is kept.
        changed: when it was last touched, in seconds; 0 when read from a journal.
    """

    kind: str
    digest: str = ""
    sha256: str = ""
    target: str = ""
    mode: int = 0
    owner: tuple[int, int] = (0, 0)
    modified: int = 0
    size: int = 0
    patch: Blocks | None = None
    changed: float = 0.0

    def is_like(self, other: Entry | None) -> bool:
        """Tell whether both say the same; a file's bytes may differ even so."""
        return other is not None and (self.kind, self.digest, self.target) == (
            other.kind,
            other.digest,
            other.target,
        )

    def facts(self) -> dict[str, Any]:
        """Return what goes into a journal."""
        blank = vars(_BLANK)
        facts = {
            name: value for name, value in vars(self).items() if value != blank[name]
        }
        return facts | {"kind": self.kind}

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> Entry:
        """Return the entry that `facts` tells."""
        patch = facts.get("patch")
        return cls(
            **{
                **facts,
                "owner": tuple(facts.get("owner", (0, 0))),
                "patch": None if patch is None else tuple(map(tuple, patch)),
                "changed": 0.0,
            }
        )


_BLANK = Entry("")
ABSENT, LOST = Entry("absent"), Entry("lost")

State = dict[str, Entry]


def scan(paths: Iterable[str]) -> State:
    """Return how `paths`, and all that is below the folders among them, are now.

    What is not there is not in the result. What a killed run of ours left beside a file
    is.

    Raises:
        FileError, OSError: something cannot be read.
    """
    return dict(
        found
        for path in paths
        for place in (path, *_left_beside(path))
        for found in _walk(place)
    )


def folders_above(paths: Iterable[str]) -> State:
    """Return how the folders above `paths` are, without what else is in them."""
    above: set[str] = set()
    for path in paths:
        at = os.path.dirname(path)
        while at not in above:
            above.add(at)
            at = os.path.dirname(at)
    return {path: _look(path) for path in above if os.path.lexists(path)}


def _left_beside(path: str) -> list[str]:
    folder, name = os.path.split(path)
    start = glob.escape(os.path.join(folder, f".{name}{TEMPORARY_MARK}"))
    return glob.glob(f"{start}*")


def _walk(path: str) -> Iterator[tuple[str, Entry]]:
    try:
        entry = _look(path)
    except FileNotFoundError:
        return
    yield path, entry
    if entry.kind == "folder":
        for name in sorted(os.listdir(path)):
            yield from _walk(os.path.join(path, name))


def _look(path: str) -> Entry:
    status = os.lstat(path)
    changed = status.st_ctime
    if stat.S_ISLNK(status.st_mode):
        return Entry("link", target=os.readlink(path), changed=changed)
    if stat.S_ISDIR(status.st_mode):
        return Entry("folder", mode=stat.S_IMODE(status.st_mode), changed=changed)
    if not stat.S_ISREG(status.st_mode):
        return Entry("other", changed=changed)
    data = read_file(path)
    return Entry(
        "file",
        digest=content_digest(data),
        sha256=hashlib.sha256(data).hexdigest(),
        mode=stat.S_IMODE(status.st_mode),
        owner=(status.st_uid, status.st_gid),
        modified=status.st_mtime_ns,
        size=len(data),
        changed=changed,
    )


def keep_copy(path: str, entry: Entry, folder: str) -> Entry:
    """Keep the bytes of a file in `folder`, on disk, and return what to journal."""
    if entry.kind != "file":
        return entry
    data = original(path, entry, folder)
    place = os.path.join(folder, entry.sha256)
    if not os.path.exists(place):
        write_file(place, data, mode=0o600)
    return replace(entry, patch=None)


def keep_patch(path: str, entry: Entry, folder: str, left: Entry) -> Entry:
    """Return `entry` with the few blocks that restore it, where those are enough.

    The copy of a browser's whole database, keys and all, then need not be kept.

    Args:
        left: the same file as it is now.
    """
    bytes_count = left.kind == "file" and left.digest == left.sha256
    if entry.kind != "file" or entry.patch is not None or not bytes_count:
        return entry
    old, new = original(path, entry, folder), read_file(path)
    starts = range(0, len(old), _BLOCK)
    differing = [at for at in starts if old[at : at + _BLOCK] != new[at : at + _BLOCK]]
    if 2 * len(differing) > len(starts):
        return entry
    blocks = ((at, base64.b64encode(old[at : at + _BLOCK])) for at in differing)
    return replace(entry, patch=tuple((at, block.decode()) for at, block in blocks))


def original(path: str, entry: Entry, folder: str) -> bytes:
    """Return the bytes of a file as `entry` has it: a patch, a copy, or itself.

    Raises:
        FileError, ValueError: they cannot be had any more.
    """
    if entry.patch is not None:
        data = bytearray(read_file(path)[: entry.size].ljust(entry.size, b"\0"))
        for at, block in entry.patch:
            decoded = base64.b64decode(block)
            data[at : at + len(decoded)] = decoded
    else:
        copy = os.path.join(folder, entry.sha256)
        data = bytearray(read_file(copy if os.path.exists(copy) else path))
    if hashlib.sha256(data).hexdigest() != entry.sha256:
        raise ValueError(f"the kept copy of {path!r} is damaged")
    return bytes(data)


def put_back(wanted: Mapping[str, Entry], folder: str) -> None:
    """Make each path what it was; what was absent goes, a folder only when empty.

    Each path is replaced in one step, so that no reader sees it half written.

    Raises:
        FileError, OSError, ValueError: a path cannot be changed.
    """
    for path, entry in sorted(wanted.items()):
        if entry.kind == "folder":
            os.makedirs(path, mode=entry.mode, exist_ok=True)
        elif entry.kind == "file":
            _put_file(path, entry, folder)
        elif entry.kind == "link":
            _put_link(path, entry.target)
    for path, entry in sorted(wanted.items(), reverse=True):
        if entry.kind == "absent":
            _remove(path)
    for parent in {os.path.dirname(path) for path in wanted}:
        sync_folder(parent)


def _put_file(path: str, entry: Entry, folder: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        if _look(path).sha256 == entry.sha256:
            return
    data = original(path, entry, folder)
    try:
        temporary = write_temporary(path, data, entry.mode)
    except FileError as error:
        if error.code != "disk-full" or not _would_fit_instead(path, len(data)):
            raise
        os.unlink(path)  # the copy that we keep stays
        temporary = write_temporary(path, data, entry.mode)
    os.chmod(temporary, entry.mode)
    if hasattr(os, "chown"):
        with contextlib.suppress(PermissionError):
            os.chown(temporary, *entry.owner)
    os.utime(temporary, ns=(entry.modified, entry.modified))
    os.replace(temporary, path)


def _would_fit_instead(path: str, size: int) -> bool:
    """Tell whether a file of `size` bytes would fit where `path` is not there."""
    with contextlib.suppress(OSError):
        taken = getattr(os.stat(path), "st_blocks", 0) * 512
        free = shutil.disk_usage(os.path.dirname(path)).free
        return taken + free >= size + 2 * _PAGE
    return False


def _put_link(path: str, target: str) -> None:
    if os.path.islink(path) and os.readlink(path) == target:
        return
    folder, name = os.path.split(path)
    mark = f".{name[:180]}{TEMPORARY_MARK}{os.getpid()}-{secrets.token_hex(4)}"
    temporary = os.path.join(folder, mark)
    os.symlink(target, temporary)
    os.replace(temporary, path)


def _remove(path: str) -> None:
    if os.path.isdir(path) and not os.path.islink(path):
        with contextlib.suppress(OSError):  # somebody else's files are in it
            os.rmdir(path)
        return
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
