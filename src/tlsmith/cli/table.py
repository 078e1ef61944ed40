"""Short tables in words, as every command prints them."""

from __future__ import annotations

import os
from collections.abc import Sequence

_WIDEST_PLACE = 44


def table(
    rows: Sequence[Sequence[str]],
    hints: dict[int, str] | None = None,
    word: str = "hint",
) -> str:
    """Return rows in columns two spaces apart, each hint below its row.

    What a terminal obeys is shown, and not obeyed: names may be anybody's.
    """
    rows = [[_shown(cell) for cell in row] for row in rows]
    widths = [
        max((len(cell) for cell in column), default=0)
        for column in zip(*(row[:-1] for row in rows), strict=True)
    ]
    lines = []
    for number, row in enumerate(rows):
        padded = [c.ljust(w) for c, w in zip(row[:-1], widths, strict=True)]
        lines.append("  ".join([*padded, row[-1]]).rstrip())
        if hints and number in hints:
            lines.append(f"    {word}: {hints[number]}")
    return "\n".join(lines)


def _shown(cell: str) -> str:
    if cell.isprintable():
        return cell
    from tlsmith.core.describe.plain import safe

    return safe(cell)


def headed(
    title: str,
    rows: Sequence[Sequence[str]],
    hints: dict[int, str] | None = None,
    word: str = "hint",
) -> str:
    if not rows:
        return ""
    return "\n".join(
        [title, *(f"  {x}" for x in table(rows, hints, word).splitlines())]
    )


def short_place(path: str, home: str) -> str:
    """Return a path as short as it stays clear."""
    if home not in ("", "/") and path.startswith(home + os.sep):
        path = "~" + path[len(home) :]
    if len(path) > _WIDEST_PLACE:
        path = "..." + path[-_WIDEST_PLACE + 3 :]
    return path
