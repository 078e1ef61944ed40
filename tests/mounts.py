"""Small file systems in memory, for tests that run as root."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest


@contextlib.contextmanager
def mounted(place: Path, options: str) -> Iterator[None]:
    """A small file system in memory."""
    place.mkdir(exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(place: Path, *, free: int = 0) -> None:
    """Leave `free` bytes and no more."""
    with contextlib.suppress(OSError), (place / "filler").open("wb", 0) as stream:
        while True:
            stream.write(bytes(1024))
    size = (place / "filler").stat().st_size
    os.truncate(place / "filler", max(0, size - free))
