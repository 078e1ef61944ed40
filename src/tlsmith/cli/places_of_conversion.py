"""Where a conversion reads and writes: names, permissions and terminals."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Sequence

from tlsmith.cli.output import standard_or
from tlsmith.errors import FileError
from tlsmith.files import is_stream, read_file

_SECRET, _PUBLIC = 0o600, 0o644
_OWNER = 0o600


def title(path: str) -> str:
    """Return what messages call an input."""
    return "standard input" if path == "-" else repr(path)


def mode_for(inputs: Sequence[str], destination: str, *, secret: bool) -> int:
    """Return the permissions of what is made: no wider than any file it comes from.

    Nor wider than those of the file that is replaced.

    Args:
        inputs: paths, or `-` for standard input.
        secret: it holds a private key.
    """
    mode = _SECRET if secret else _PUBLIC
    found = [_status(path, standard=0) for path in inputs]
    for there in (*found, _status(destination)):
        if there is not None and stat.S_ISREG(there.st_mode):
            mode &= stat.S_IMODE(there.st_mode)
    return mode | _OWNER


def existing(destination: str) -> bytes | None:
    """Return what is in the file that would be replaced; None where there is none.

    Raises:
        FileError: it cannot be read.
    """
    if is_stream(standard_or(destination)):
        return None
    try:
        return read_file(destination)
    except FileError as error:
        if error.code == "file-not-found":
            return None
        raise


def is_same_file(source: str, destination: str) -> bool:
    """Tell whether replacing `destination` takes `source` away.

    Standard input is gone once it is read.
    """
    if source == "-":
        return True
    first, second = _status(source), _status(destination)
    return first is not None and second is not None and os.path.samestat(first, second)


def is_terminal(destination: str) -> bool:
    """Tell whether what is written there is shown to whoever sits before it."""
    path = standard_or(destination)
    if path == "/dev/stdout":
        return sys.stdout.isatty()
    there = _status(path)
    if there is None or not stat.S_ISCHR(there.st_mode):
        return False  # to open a pipe would be to wait for its reader
    try:
        descriptor = os.open(path, os.O_WRONLY | getattr(os, "O_NOCTTY", 0))
    except OSError:
        return False
    try:
        return os.isatty(descriptor)
    finally:
        os.close(descriptor)


def has_terminal() -> bool:
    """Tell whether there is someone to ask for a passphrase."""
    return sys.stdin.isatty()


def _status(path: str, standard: int | None = None) -> os.stat_result | None:
    """Return what the system says of a file; of `-` that of an open one, if any."""
    try:
        if path != "-":
            return os.stat(path)
        return None if standard is None else os.fstat(standard)
    except (OSError, ValueError):
        return None
