"""Whether a store can be reached, and whether something in it changed."""

from __future__ import annotations

import threading
import time

from tlsmith.errors import StorageError, TLSmithError
from tlsmith.storage import Storage

# Seconds in which a change that another process made is seen: in a file, which costs
# microseconds to look at, and in a database over the network.
_FILE_PATIENCE, _REMOTE_PATIENCE = 0.02, 0.1


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
        self._wake = threading.Event()
        self._looked_at = 0.0
        self.revision = -1
        self.is_reachable = True

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

    def look_now(self) -> None:
        """See at the next question what this process itself has changed."""
        self._looked_at = 0.0
        self._wake.set()

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
        self._wake.set()
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
            self._wake.wait(self.patience)
            self._wake.clear()

    def _look(self) -> None:
        try:
            self.revision = self._storage.revision()
        except TLSmithError:
            self.is_reachable = False
        else:
            self.is_reachable = True
