"""Work that a file may have been made to drag out, in a process that can be stopped."""

from __future__ import annotations

import os
import pickle
import select
import signal
from collections.abc import Callable
from contextlib import suppress
from typing import Any

_SECONDS = 5.0


class TookTooLongError(Exception):
    """The work was not done in time."""


def apart(work: Callable[[], Any], seconds: float = _SECONDS) -> Any:
    """What some work gives, which must fit into a pipe; None if it came to nothing.

    Raises:
        TookTooLongError: It took longer than that, and was stopped.
    """
    if not hasattr(os, "fork"):
        return work()
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        _do(work, theirs)
    os.close(theirs)
    try:
        ready, _, _ = select.select([ours], [], [], seconds)
        if not ready:
            raise TookTooLongError
        with os.fdopen(os.dup(ours), "rb") as stream:
            told = stream.read()
        return pickle.loads(told) if told else None  # noqa: S301 - of our own child
    finally:
        os.close(ours)
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _do(work: Callable[[], Any], pipe: int) -> None:
    """Do the work, tell what came of it and end, whatever happens."""
    try:
        told = pickle.dumps(work())
        with os.fdopen(pipe, "wb") as stream:
            stream.write(told)
    finally:
        os._exit(0)
