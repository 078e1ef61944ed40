"""Patterns of paths, as .gitignore writes them."""

from __future__ import annotations

import re
from functools import lru_cache

_PIECES = re.compile(r"\*\*/|/\*\*|\*\*|\*|\?|\[!?[^\]/]+\]|[^*?\[]+|\[")
_MEANT = {
    "**/": r"(?:[^/]+/)*",
    "/**": r"(?:/.*)?",
    "**": ".*",
    "*": "[^/]*",
    "?": "[^/]",
}


def is_match(pattern: str, path: str) -> bool:
    """Whether a path, or a folder it is in, is one the pattern means.

    Without a `/` but at its end a pattern means a name wherever it stands; with one it
    begins where the path does.
    """
    return _compiled(pattern).fullmatch(path.removeprefix("./")) is not None


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str]:
    meant = pattern.removeprefix("./").rstrip("/")
    before = "" if "/" in meant else "(?:.*/)?"
    return re.compile(f"{before}{expression(meant.lstrip('/'))}(?:/.*)?", re.DOTALL)


def expression(pattern: str) -> str:
    """Return the regular expression of a pattern that begins where the path does."""
    return "".join(_piece(found) for found in _PIECES.findall(pattern))


def _piece(piece: str) -> str:
    if piece in _MEANT:
        return _MEANT[piece]
    if piece.startswith("[") and piece.endswith("]"):
        inner = piece[1:-1].replace("\\", "\\\\")
        return f"[^{inner[1:]}]" if inner.startswith("!") else f"[{inner}]"
    return re.escape(piece)
