"""Which files a rule looks at, by their names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tlsmith.scan.pattern import compiled


def fits_name(asked: Mapping[str, Any], name: str) -> bool:
    """Whether `files` is found in a file's name, case aside, and `not_files` is not."""
    return all(
        bool(compiled(f"(?i){asked[key]}").search(name)) == wanted
        for key, wanted in (("files", True), ("not_files", False))
        if key in asked
    )
