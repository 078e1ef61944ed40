"""What a worker asks of its process: an event loop, signals, an end in any case."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import threading
from collections.abc import Callable, Coroutine
from typing import Any

from tlsmith.server.logs import event

_LOG = logging.getLogger("tlsmith.server")


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return what makes the event loop, or None for Python's own."""
    try:
        import uvloop
    except ImportError:  # there is none for Windows
        return None
    return uvloop.new_event_loop


def handle_signal(
    loop: asyncio.AbstractEventLoop, number: int, handler: Callable[[], None]
) -> None:
    """Have a signal handled in the event loop."""
    try:
        loop.add_signal_handler(number, handler)
    except NotImplementedError:  # Windows
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(handler))


def end_within(seconds: float) -> None:
    """End the process should something hang: a store that answers no more, say.

    Nothing is lost by it: what was answered is on disk.
    """

    def end() -> None:
        event(_LOG, logging.ERROR, "ended-while-something-hung")
        logging.shutdown()
        os._exit(0)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()


async def lasting(job: Coroutine[Any, Any, None]) -> None:
    """Run a job that lasts as long as the worker; its end is worth a line."""
    try:
        await job
    except Exception as error:
        event(_LOG, logging.CRITICAL, "job-ended", error=error)
        raise
