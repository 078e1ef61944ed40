"""A large tree of text to scan, copied from what is installed on this machine."""

from __future__ import annotations

import os
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

BYTES = 400 << 20
FILES = 40_000
_LARGEST = 1 << 20
_HEAD = 8192
_INSTALLED = ("/usr/share", "/usr/include", "/usr/lib", "/usr/local", "/opt")
_RENAMED = {
    "node_modules": "modules",
    "site-packages": "packages",
    "dist-packages": "packages",
    "vendor": "others",
    "third_party": "others",
    "_vendor": "others",
}
"""Folders that are left out for their names: under others they are really read."""


def build(top: Path) -> Counter[str]:
    """Copy text files until there are enough, chosen by their content's hash.

    Each content once, none above a megabyte and no binaries: every tool is to read all
    that is there. Returns how many there are of each ending.
    """
    chosen = sorted(_texts().items())
    endings: Counter[str] = Counter()
    size = 0
    for number, (_, source) in enumerate(chosen):
        if number >= FILES and size >= BYTES:
            break
        target = top / _place(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        size += target.stat().st_size
        endings[target.suffix] += 1
    if endings.total() < FILES or size < BYTES:
        raise SystemExit("too few text files are installed here for a tree this large")
    return endings


def _texts() -> dict[str, str]:
    """Paths of text files by the hash of what is in them."""
    found: dict[str, str] = {}
    for path in _installed():
        try:
            if not 0 < os.path.getsize(path) <= _LARGEST:
                continue
            data = Path(path).read_bytes()
        except OSError:
            continue
        if b"\0" not in data[:_HEAD]:
            found.setdefault(sha256(data).hexdigest(), path)
    return found


def _installed() -> Iterator[str]:
    library = os.path.dirname(os.__file__)
    for top in (*_INSTALLED, library):
        for folder, folders, names in os.walk(top):
            folders.sort()
            for name in sorted(names):
                path = os.path.join(folder, name)
                if os.path.isfile(path) and not os.path.islink(path):
                    yield path


def _place(source: str) -> str:
    """Where a file goes: as it lies there, but in no folder that is left out."""
    return "/".join(_RENAMED.get(part, part) for part in Path(source).parts[1:])


if __name__ == "__main__":
    print(build(Path(sys.argv[1])).most_common(25))
