"""Files for secrets that are made here: new ones, for their owner alone to read."""

from __future__ import annotations

import os

from tlsmith.errors import InputError


def check_place(path: str) -> None:
    """Refuse a secret's place where a file is, or none can be, before it is made.

    Raises:
        InputError: there is a file.
        FileError: no file can be written there.
    """
    from tlsmith.files import is_stream
    from tlsmith.files.atomic import place_of, remove_quietly, write_temporary

    if is_stream(path):
        return
    if os.path.lexists(path):
        raise InputError(
            f"{path!r} is there already",
            code="file-exists",
            hint="name a new file, or move that one away",
        )
    remove_quietly(write_temporary(place_of(path), b"", 0o600))


def write_secret(path: str, text: str) -> None:
    """Write a secret, mode 0600."""
    from tlsmith.files import NewFile, write_together

    write_together([NewFile(path, text.encode(), secret=True)])
