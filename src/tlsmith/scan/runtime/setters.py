"""Where the variables of an environment are set."""

from __future__ import annotations

import os
import re
from collections.abc import Collection

from tlsmith.scan.regular import read
from tlsmith.scan.runtime.machine import Machine
from tlsmith.scan.runtime.places import places
from tlsmith.scan.source import decode

_LARGEST = 1 << 20
_MOST = 3


def where_set(names: Collection[str], machine: Machine) -> dict[str, list[str]]:
    """The lines that set variables, as `path:line` by name, a few for each."""
    found: dict[str, list[str]] = {}
    if not names:
        return found
    either = "|".join(map(re.escape, names))
    setting = re.compile(
        rf"^(?!\s*#).*?(?:(?<![\w$])(?:\$env:)?(?P<assigned>{either})\s?="
        rf"|\bset\s(?:.*\s)?(?P<fish>{either})\s)",
        re.IGNORECASE if os.name == "nt" else 0,
    )
    for place in places(machine):
        if place.sets_variables:
            for number, line in enumerate(_lines(place.path), 1):
                one = setting.match(line)
                if one:
                    name = one["assigned"] or one["fish"]
                    found.setdefault(name, []).append(f"{place.path}:{number}")
    return {name: lines[:_MOST] for name, lines in found.items()}


def _lines(path: str) -> list[str]:
    try:
        data = read(path, _LARGEST)
    except OSError:
        return []
    return decode(data or b"").splitlines()
