"""How far a scan is, for whoever watches a terminal."""

from __future__ import annotations

import sys
import time

_STEP = 0.2


class Progress:
    """A line on standard error that counts files, once it takes a while.

    Nothing is written where standard error is no terminal.

    Args:
        patience: Seconds before the first word.
    """

    def __init__(self, patience: float = 1.0) -> None:
        self._is_shown = sys.stderr.isatty()
        self._next = time.monotonic() + patience
        self._written = False

    def __call__(self, files: int) -> None:
        """Tell how many files have been read."""
        if not self._is_shown or time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _STEP
        self._written = True
        sys.stderr.write(f"\r{files:,} files read ...")
        sys.stderr.flush()

    def end(self) -> None:
        """Take the line away."""
        if self._written:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
