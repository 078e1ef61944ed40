"""What is made once, and judged by many."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from interop.gallery import Piece, make_kind, pieces
from interop.tools import one_at_a_time


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder that all processes of this run share."""
    base = tmp_path_factory.getbasetemp()
    return base if worker_id == "master" else base.parent


@pytest.fixture(scope="session")
def gallery(shared: Path) -> Callable[[str], list[Piece]]:
    """Give all that is made with one kind of key; it is made at first need."""

    def of_kind(kind: str) -> list[Piece]:
        folder = shared / "gallery" / kind
        with one_at_a_time(shared / f"gallery-{kind}.lock"):
            if not folder.exists():
                unfinished = folder.with_name(f"{kind}-unfinished")
                make_kind(unfinished, kind)
                unfinished.rename(folder)
        return pieces(kind, folder)

    return of_kind
