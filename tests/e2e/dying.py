"""Processes that die at a chosen instant."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

from running import tlsmith_here

# What changes a file system, or is about to; each is an instant to die at.
_EVENTS = {
    "open",
    "os.rename",
    "os.link",
    "os.remove",
    "os.mkdir",
    "os.rmdir",
    "os.listdir",
    "os.scandir",
    "os.chmod",
    "fcntl.flock",
}


def run_and_die(words: list[str], place: Path, at: int, number: int) -> bool:
    """Run a command in a child that gets a signal at its `at`-th step; tell if it did.

    A step is anything that touches a file below `place`.
    """
    child = os.fork()
    if not child:
        _die_at(place, at, number)
        code = 1
        with contextlib.suppress(BaseException):
            code = tlsmith_here(*words).code
        # Without what pytest would do at an exit.
        os._exit(100 + code)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return True
    return os.WEXITSTATUS(status) != 100


def every_instant(words: list[str], place: Path, number: int) -> Iterator[int]:
    """Run a command again and again, killed a step later each time, until it ends.

    The caller looks at what was left, and mends it, between two.
    """
    at = 1
    while run_and_die(words, place, at, number):
        yield at
        at += 1
        assert at < 500, "it takes more steps each time"
    assert at > 5, "there were no steps to die at"


def _die_at(place: Path, at: int, number: int) -> None:
    steps = 0

    def count(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal steps
        if event not in _EVENTS or not _is_below(place, arguments):
            return
        steps += 1
        if steps == at:
            os.kill(os.getpid(), number)

    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.addaudithook(count)


def _is_below(place: Path, arguments: tuple[object, ...]) -> bool:
    """Tell whether one of the paths lies below `place`; a bare name is in it."""
    paths = [os.fsdecode(one) for one in arguments if isinstance(one, (str, bytes))]
    return any(not os.path.isabs(p) or p.startswith(str(place)) for p in paths)
