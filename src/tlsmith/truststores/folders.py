"""Folders that were made for our files, and are to go with them."""

from __future__ import annotations

import os
from collections.abc import Collection

from tlsmith.files.atomic import TEMPORARY_MARK


def folders_of_ours(home: str, folder: str, ours: Collection[str]) -> list[str]:
    """Return the folders below home, up from `folder`, that hold nothing but `ours`.

    Of these, those that were not there before are taken away again.

    Args:
        ours: files, absolute.
    """
    found: list[str] = []
    home, ours = os.path.realpath(home), frozenset(ours)
    while folder.startswith(home + os.sep) and _holds_only(folder, ours):
        found.append(folder)
        folder = os.path.dirname(folder)
    return found


def _holds_only(folder: str, ours: Collection[str]) -> bool:
    """Tell whether all that is in a folder is one of `ours`, or on the way to one."""
    try:
        names = os.listdir(folder)
    except OSError:
        return not os.path.lexists(folder)
    for name in names:
        path = os.path.join(folder, name)
        if path in ours or TEMPORARY_MARK in name:
            continue
        is_on_the_way = any(one.startswith(path + os.sep) for one in ours)
        if not is_on_the_way or os.path.islink(path) or not _holds_only(path, ours):
            return False
    return True
