"""Requests that came in one turn of the event loop: their nonces are used up at once.

What is answered together, by one commit, is followed by requests that come together.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from tlsmith.storage.acme.nonces import Nonces, Use, Used


class Entry(Protocol):
    """A request that is to use up a nonce."""

    @property
    def use(self) -> Use:
        """That, and what is read with it."""
        ...


Waiter = TypeVar("Waiter")
Came = TypeVar("Came", bound=Entry)


class Turn(Generic[Waiter, Came]):
    """Those of the present turn.

    Args:
        go_on: does a request; raises nothing.
        fail: answers one whose nonce cannot be used up, for the reason given.
    """

    def __init__(
        self,
        nonces: Nonces,
        go_on: Callable[[Waiter, Came, Used], None],
        fail: Callable[[Waiter, Exception], None],
    ) -> None:
        self._nonces, self._go_on, self._fail = nonces, go_on, fail
        self._waiting: list[tuple[Waiter, Came]] = []

    def take(self, waiter: Waiter, came: Came) -> None:
        """Have a request done, once this turn of the running loop is over."""
        self._waiting.append((waiter, came))
        if len(self._waiting) == 1:
            asyncio.get_running_loop().call_soon(self._end)

    def _end(self) -> None:
        batch, self._waiting = self._waiting, []
        try:
            used = self._nonces.use_and_read([came.use for _, came in batch])
        except Exception as error:
            # Whatever it is, nobody is left waiting.
            for waiter, _ in batch:
                self._fail(waiter, error)
            return
        for (waiter, came), one in zip(batch, used, strict=True):
            self._go_on(waiter, came, one)
