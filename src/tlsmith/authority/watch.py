"""Whether a store can be reached, and whether something in it changed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from tlsmith.errors import StorageError, TLSmithError
from tlsmith.storage import Storage
from tlsmith.storage.status import changed_serials

# Seconds in which a change that another process made is seen: in a file, which costs
# microseconds to look at, and in a database over the network.
_FILE_PATIENCE, _REMOTE_PATIENCE = 0.02, 0.1
# Where more were changed at once, nothing that is known holds.
_MOST_CHANGED = 1_000


class StoreWatch:
    """Looks at a store now and then, so that whoever answers need not wait for it.

    A file is looked at by who asks, in microseconds. A database over the network is
    looked at in a thread of its own: where it is away, looking takes seconds, in which
    answers that are known are still given.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._is_remote = storage.dialect != "sqlite"
        self.patience = _REMOTE_PATIENCE if self._is_remote else _FILE_PATIENCE
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self._looking = threading.Lock()
        self._looked_at = self._seen_at = 0.0
        self._revision = -1
        self._listeners: list[Callable[[list[int] | None], None]] = []
        self.is_reachable = True

    def listen(self, tell: Callable[[list[int] | None], None]) -> None:
        """Have the serial numbers told whose status changed; None for too many."""
        self._listeners.append(tell)

    def look(self) -> None:
        """See whether something changed, unless that was just done."""
        if self._is_remote:
            if self._thread is None:
                self._start()
            return
        now = time.monotonic()
        if now - self._looked_at > self.patience:
            self._look()
            self._looked_at = now

    def check(self) -> None:
        """See at once what this process itself has changed."""
        self._look()

    @property
    def is_fresh(self) -> bool:
        """Whether the store was seen a moment ago: what is known is the latest."""
        return time.monotonic() - self._seen_at <= 5 * self.patience

    def require(self) -> None:
        """Refuse at once where the store is known to be away.

        Raises:
            StorageError: it is.
        """
        if not self.is_reachable:
            raise StorageError(
                f"the store {self._storage.url} cannot be reached",
                code="store-unavailable",
                hint="what was asked before is still answered; try again in a moment",
            )

    def close(self) -> None:
        """Stop looking."""
        self._stopping.set()
        thread = self._thread
        if thread is not None:
            thread.join()

    def _start(self) -> None:
        with self._lock:
            if self._thread is None and not self._stopping.is_set():
                self._look()
                self._thread = threading.Thread(
                    target=self._run, name="tlsmith-watch", daemon=True
                )
                self._thread.start()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._look()
            self._stopping.wait(self.patience)

    def _look(self) -> None:
        with self._looking:
            try:
                revision = self._storage.revision()
                if revision != self._revision:
                    changed = self._changed_since(self._revision)
                    for tell in self._listeners:
                        tell(changed)
                    self._revision = revision
            except TLSmithError:
                # What is known is told; what changed meanwhile is, when it is back.
                self.is_reachable = False
            else:
                self.is_reachable = True
                self._seen_at = time.monotonic()

    def _changed_since(self, revision: int) -> list[int] | None:
        if revision < 0:
            return None
        with self._storage.read() as connection:
            return changed_serials(connection, revision, _MOST_CHANGED)
