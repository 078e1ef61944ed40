"""Waiting, in an event loop, for what is done elsewhere, or in a turn of this loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

Result = TypeVar("Result")


def when_done(future: Future[Result], call: Callable[[Future[Result]], object]) -> None:
    """Have something called in this event loop once a future is done.

    Where the loop itself does it, that is at once: to be woken costs more than most of
    what is done then.
    """
    loop, home = asyncio.get_running_loop(), threading.get_ident()

    def done(_: Future[Result]) -> None:
        if threading.get_ident() == home:
            call(future)
        else:
            loop.call_soon_threadsafe(call, future)

    future.add_done_callback(done)


async def result_of(future: Future[Result]) -> Result:
    """Wait for a future, and return its result or raise its error."""
    if not future.done():
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def wake(_: Future[Result]) -> None:
            if not waiter.done():
                waiter.set_result(None)

        when_done(future, wake)
        await waiter
    return future.result()
