"""Limits a minute for each client address: token buckets, in bounded memory."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence

from tlsmith.core.clients import counted_as, parse_client
from tlsmith.server.readers import Network

MOST = 100_000


class RateLimit:
    """So many a minute from one address, saved up to a minute's worth.

    IPv6 addresses count by their /64, which is what one client has.

    Args:
        per_minute: 0 for any number.
        exempt: networks without a limit.
        clock: seconds, monotonic.
    """

    def __init__(
        self,
        per_minute: int,
        exempt: Sequence[Network] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.per_minute = per_minute
        self.exempt = tuple(exempt)
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def spend(self, address: str) -> float:
        """Count one, and return 0, or the seconds until it would be allowed."""
        wait, key, left = self._look(address)
        if not wait and key is not None:
            self._keep(key, left - 1)
        return wait

    def wait(self, address: str) -> float:
        """Return 0, or the seconds until one more would be allowed; count nothing."""
        return self._look(address)[0]

    def _look(self, address: str) -> tuple[float, str | None, float]:
        key = self._key(address) if self.per_minute else None
        if key is None:
            return 0.0, None, 0.0
        now = self._clock()
        left, seen = self._buckets.get(key, (float(self.per_minute), now))
        left = min(self.per_minute, left + (now - seen) * self.per_minute / 60)
        wait = 0.0 if left >= 1 else (1 - left) * 60 / self.per_minute
        return wait, key, left

    def _keep(self, key: str, left: float) -> None:
        self._buckets[key] = left, self._clock()
        self._buckets.move_to_end(key)
        if len(self._buckets) > MOST:
            self._buckets.popitem(last=False)

    def _key(self, address: str) -> str | None:
        """Return what an address counts as, or None where it has no limit."""
        client = parse_client(address)
        if client is None:
            return address
        if any(client in network for network in self.exempt):
            return None
        return counted_as(client)
