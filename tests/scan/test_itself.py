"""The project's own tree has nothing that its settings do not give a reason for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_our_own_tree_is_clean() -> None:
    words = ["--config", f"{ROOT}/pyproject.toml", "--fail-on", "info"]
    done = subprocess.run(
        [sys.executable, "-m", "tlsmith", "scan", str(ROOT), *words],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
