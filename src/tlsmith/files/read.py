"""Files, read whole, with a clear error when that cannot be."""

import os
import sys

from tlsmith.errors import FileError
from tlsmith.files._errors import file_error

# Larger than any certificate bundle or revocation list a person would show; smaller
# than what would fill the memory of a small machine.
LARGEST = 256 * 1024 * 1024


def read_file(path: str | os.PathLike[str], *, largest: int = LARGEST) -> bytes:
    """Return the bytes of the file at `path`.

    Raises:
        FileError: it is missing, not ours to read, a folder, or over `largest` bytes.
    """
    try:
        with open(path, "rb") as stream:
            data = stream.read(largest + 1)
    except OSError as error:
        raise file_error(error, path, "read") from error
    except ValueError as error:  # a NUL in the name
        raise FileError(
            f"cannot read {os.fspath(path)!r}: not a file name",
            path=os.fspath(path),
            code="file-not-found",
        ) from error
    return _checked(data, repr(os.fspath(path)), os.fspath(path), largest)


def read_input(path: str, *, largest: int = LARGEST) -> bytes:
    """Return the bytes of a file, or of standard input where `path` is `-`.

    Raises:
        FileError: as `read_file`, or standard input is closed.
    """
    if path != "-":
        return read_file(path, largest=largest)
    try:
        # None where the shell closed it.
        data = sys.stdin.buffer.read(largest + 1) if sys.stdin else None
    except OSError as error:
        raise file_error(error, "standard input", "read") from error
    if data is None:
        raise FileError(
            "cannot read standard input: it is closed",
            path=path,
            hint="name a file, or send something to standard input",
        )
    return _checked(data, "standard input", path, largest)


def _checked(data: bytes, name: str, path: str, largest: int) -> bytes:
    if len(data) > largest:
        raise FileError(
            f"{name} is over {largest} bytes",
            path=path,
            code="file-too-large",
            hint="give a file that holds certificates, keys or the like",
        )
    return data
