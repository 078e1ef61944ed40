"""A limit to the time that the judging of one file may take."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class TooLongError(BaseException):
    """The time is up. Nothing that handles errors on the way may take it for one."""


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Stop what is done within after so many seconds of processor time.

    Regular expressions are stopped as well: they look for signals. Where there are no
    timers (Windows), outside the main thread, and where somebody else uses this timer,
    there is no limit.

    Raises:
        TooLongError: The time was up.
    """
    if not _is_free():
        yield
        return
    armed = True

    def stop(number: int, frame: object) -> None:
        if armed:
            raise TooLongError

    before = signal.signal(signal.SIGVTALRM, stop)
    try:
        signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
        yield
    finally:
        armed = False
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _is_free() -> bool:
    return (
        hasattr(signal, "setitimer")
        and threading.current_thread() is threading.main_thread()
        and signal.getitimer(signal.ITIMER_VIRTUAL) == (0.0, 0.0)
    )
