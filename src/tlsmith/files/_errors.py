"""What the operating system said of a file, as an error of ours."""

import errno
import os

from tlsmith.errors import FileError

_CODES = {
    errno.ENOENT: ("file-not-found", "check the name; see `ls` of its folder"),
    errno.EACCES: ("permission-denied", "choose a place you may use, or ask its owner"),
    errno.EPERM: ("permission-denied", "choose a place you may use, or ask its owner"),
    errno.EROFS: ("read-only", "choose a place that can be written"),
    errno.ENOSPC: ("disk-full", "free some space and try again; nothing was changed"),
    errno.EDQUOT: ("disk-full", "free some space and try again; nothing was changed"),
    errno.EISDIR: ("is-a-directory", "name a file inside it"),
    errno.ENOTDIR: ("not-a-directory", "check the folder part of the name"),
    errno.EEXIST: ("file-exists", "choose another name, or move that file away"),
    errno.ENAMETOOLONG: ("name-too-long", "choose a shorter name"),
}


def file_error(error: OSError, path: str | os.PathLike[str], doing: str) -> FileError:
    """Return the error to raise for `error`, met while `doing` something to `path`."""
    name = os.fspath(path)
    code, hint = _CODES.get(error.errno or 0, ("file-error", None))
    if doing == "read" and code == "permission-denied":
        hint = "ask its owner, or run this as who may read it"
    reason = os.strerror(error.errno).lower() if error.errno else str(error)
    return FileError(
        f"cannot {doing} {name!r}: {reason}", path=name, code=code, hint=hint
    )
