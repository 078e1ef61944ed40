"""A server that is measured, and what all of them share."""

from __future__ import annotations

import contextlib
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from . import cost
from .load import Load, Measured, StuckError
from .loop import Loop
from .responder import Resolver, Responder
from .servers import Place, Server

ACCOUNTS = 32
# How long a client waits before it asks again for what was not ready, in seconds for
# each client that there is. Pebble 2.4 deadlocks if polled fast, so a server that has
# got stuck is started again, and waited for half as long again.
PATIENCE = 0.0004


class Subject:
    """A server that is measured, and started again when it has got stuck.

    Args:
        start: starts it in a new folder, below the words given.
    """

    def __init__(self, label: str, start: Callable[..., Server], bench: Bench) -> None:
        self.label, self._start, self._bench = label, start, bench
        self.results: dict[int, list[Measured]] = {}
        self.stuck = 0
        self._slower: Counter[int] = Counter()
        self.memory = 0.0
        self._running = contextlib.ExitStack()
        self.begin()

    def begin(self, *wrap: str | Path) -> None:
        """Start the server, anew if it runs."""
        self._running.close()
        self.server = self._start(self._bench.place(self._running, wrap))
        responder = self._bench.responder
        accounts = [responder.new_account() for _ in range(ACCOUNTS)]
        self.load = Load(self._bench.loop, self.server.directory, accounts)

    def end(self) -> None:
        """End the server."""
        self._running.close()

    def measure(self, clients: int, seconds: float) -> Measured:
        """Have clients place orders for some seconds, and keep what was measured."""
        while True:
            self.load.patience = self.patience(clients)
            try:
                found = self.load.run(clients, seconds, self._cpu, self._expected())
            except StuckError:
                self.stuck += 1
                self._slower[clients] += 1
                self.begin()
            else:
                self.results.setdefault(clients, []).append(found)
                self.memory = cost.peak_memory(*self.server.processes)
                return found

    def patience(self, clients: int) -> float:
        """Return the seconds after which a client asks again."""
        return PATIENCE * 1.5 ** self._slower[clients] * clients

    def _cpu(self) -> tuple[float, float]:
        return cost.cpu(*self.server.processes), cost.cpu(*self.server.database)

    def _expected(self) -> int:
        """Return how many orders to prepare: some more than there were last time."""
        seen = [one.orders for found in self.results.values() for one in found]
        return max(seen, default=1000) * 3 // 2


class Bench:
    """What all subjects share: the network, and folders."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.loop = Loop()
        self._resolver = Resolver(self.loop)
        self.responder = Responder(self.loop)

    def place(
        self, running: contextlib.ExitStack, wrap: Sequence[str | Path] = ()
    ) -> Place:
        """Return a new folder to run in."""
        folder = Path(tempfile.mkdtemp(dir=self._folder))
        folder.chmod(0o755)
        return Place(
            folder, self._resolver.address, self.responder.port, running, tuple(wrap)
        )
