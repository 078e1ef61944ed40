"""The folder that worker processes count in, and those that dead servers left."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tlsmith.files.lock import try_lock
from tlsmith.server.metrics import FOLDER_VARIABLE

_PREFIX = "tlsmith-metrics-"
_LOCK = "in-use"


@contextmanager
def metrics_folder() -> Iterator[None]:
    """Have a private folder for what the workers count.

    It is locked as long as one of our processes lives: the folder of a server that
    was killed is not, and goes when the next one starts.
    """
    _remove_abandoned()
    folder = tempfile.mkdtemp(prefix=_PREFIX)
    name = os.path.join(folder, _LOCK)
    with open(f"{name}.new", "wb") as lock:
        with suppress(OSError):  # a file system that knows no locks
            try_lock(lock.fileno())
        os.replace(f"{name}.new", name)  # nobody sees it before it is locked
        os.environ[FOLDER_VARIABLE] = folder
        try:
            yield
        finally:
            del os.environ[FOLDER_VARIABLE]
            shutil.rmtree(folder, ignore_errors=True)


def _remove_abandoned() -> None:
    """Remove the folders that are ours and that no process has locked."""
    for file in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*/{_LOCK}"):
        with suppress(OSError):
            if _is_ours(file.parent) and _is_free(file):
                shutil.rmtree(file.parent, ignore_errors=True)


def _is_ours(folder: Path) -> bool:
    """Whether a folder is a real one, and this user's."""
    return not folder.is_symlink() and folder.stat().st_uid == os.geteuid()


def _is_free(file: Path) -> bool:
    with file.open("rb") as lock:
        return try_lock(lock.fileno())
