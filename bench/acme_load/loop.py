"""What waits for the network: one thread, epoll, and timers."""

from __future__ import annotations

import heapq
import select
import time
from collections.abc import Callable
from itertools import count


class Loop:
    """Calls whoever waits for a file descriptor, or for a time."""

    def __init__(self) -> None:
        self._poll = select.epoll()
        self._readers: dict[int, Callable[[], None]] = {}
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()

    def add(self, descriptor: int, reader: Callable[[], None]) -> None:
        self._readers[descriptor] = reader
        self._poll.register(descriptor, select.EPOLLIN)

    def remove(self, descriptor: int) -> None:
        del self._readers[descriptor]
        self._poll.unregister(descriptor)

    def call_later(self, delay: float, callback: Callable[[], None]) -> None:
        when = time.monotonic() + delay
        heapq.heappush(self._timers, (when, next(self._order), callback))

    def run_while(self, wanted: Callable[[], bool]) -> None:
        readers = self._readers
        while wanted():
            for descriptor, _ in self._poll.poll(self._patience()):
                # One that an earlier reader of this turn has removed is gone.
                reader = readers.get(descriptor)
                if reader is not None:
                    reader()

    def _patience(self) -> float:
        """Call whoever is due, and return how long nobody else is."""
        while self._timers:
            delay = self._timers[0][0] - time.monotonic()
            if delay > 0:
                return min(delay, 0.1)
            heapq.heappop(self._timers)[2]()
        return 0.1
