"""Accounts that this process has just seen: each request of a client is for one.

After every commit a reader of SQLite begins with an empty cache, so that to read an
account anew for each request is what most of them cost. Where other processes are few
and seldom change one, what they changed is seen a moment later; whatever promises
something looks at the account again, in its transaction.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict

from tlsmith.storage.acme.accounts import AccountRecord

_MOST = 4096


class KnownAccounts:
    """Accounts by their ids, for a moment.

    Args:
        patience: seconds that one is kept; 0 for not at all.
    """

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._kept: OrderedDict[str, tuple[float, AccountRecord]] = OrderedDict()
        self._lock = threading.Lock()
        # What was forgotten, so that nobody keeps what they read before.
        self._changes = 0

    @property
    def changes(self) -> int:
        """How many were forgotten so far; to be noted before reading one."""
        return self._changes

    def find(self, account_id: str) -> AccountRecord | None:
        """Return one that was seen a moment ago, or None."""
        kept = self._kept.get(account_id)
        if kept is None or time.monotonic() - kept[0] > self._patience:
            return None
        return kept[1]

    def keep(self, record: AccountRecord, changes: int) -> None:
        """Keep what was just read, unless one was changed since it was."""
        with self._lock:
            if self._patience and changes == self._changes:
                self._kept[record.id] = time.monotonic(), record
                self._kept.move_to_end(record.id)
                if len(self._kept) > _MOST:
                    self._kept.popitem(last=False)

    def forget(self, account_id: str) -> None:
        """Read an account anew when next asked: it has changed, or will have."""
        with self._lock:
            self._changes += 1
            self._kept.pop(account_id, None)
