"""Regular expressions as rules have them, each compiled once."""

from __future__ import annotations

import re
from functools import lru_cache


@lru_cache(maxsize=4096)
def compiled(pattern: str) -> re.Pattern[str]:
    """A regular expression of a rule."""
    return re.compile(pattern)
