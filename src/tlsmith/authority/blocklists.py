"""Files of keys never to certify."""

from __future__ import annotations

from collections.abc import Iterable

from tlsmith.core.blocklist import NO_KEYS, Blocklist, load_blocklist
from tlsmith.files import read_file

_LARGEST = 256 * 1024 * 1024


def read_blocklists(paths: Iterable[str]) -> Blocklist:
    """Return the keys of some files, together.

    Raises:
        FileError: a file cannot be read.
        InputError: it holds no list of keys.
    """
    found = NO_KEYS
    for path in paths:
        found |= load_blocklist(read_file(path, largest=_LARGEST))
    return found
