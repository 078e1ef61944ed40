"""The folder of what is worked out once: written in one step, and never growing."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress

_MOST = 12
"""Files of a kind that are kept: each version of the rules has its own, and each
tree.
"""


def keep(name: str, data: bytes) -> None:
    """Write a file of a cache in one step, or leave it if that cannot be.

    Args:
        name: The file's path. What its name has before the first `-` is its kind, of
            which only the newest are kept.
        data: What to write.
    """
    with suppress(OSError):
        folder = os.path.dirname(name)
        os.makedirs(folder, mode=0o700, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=folder)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
            os.replace(temporary, name)
        except OSError:
            os.unlink(temporary)
            raise
        _prune(folder, os.path.basename(name).split("-")[0])


def _prune(folder: str, kind: str) -> None:
    """Take away the oldest files of a kind that are too many."""
    with os.scandir(folder) as entries:
        files = [entry for entry in entries if entry.name.startswith(f"{kind}-")]
    for file in sorted(files, key=lambda one: one.stat().st_mtime)[:-_MOST]:
        with suppress(OSError):  # another process was quicker
            os.unlink(file.path)
