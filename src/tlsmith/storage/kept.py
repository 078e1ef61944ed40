"""Records as the store has them, kept until anybody writes.

A reading of a store that is written to all the time costs many times what it is worth:
each commit takes away the pages that were read before. What this process has just
written, or read, it need not read again, as long as nobody else has written since.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Mapping
from typing import Any, Protocol, TypeVar

Record = TypeVar("Record")
# Of records. Of an order and its parts they are asked for within seconds.
_MOST = 4096


class States(Protocol):
    """A store that can tell cheaply whether it was written to."""

    def state(self) -> bytes | None:
        """Return what changes with each commit; None where that is not known."""
        ...

    def is_next(self, before: bytes, after: bytes) -> bool:
        """Tell whether at most one commit was made between two states."""
        ...


class _Shown(threading.local):
    """What a thread was shown: see `Kept.show`."""

    def __init__(self) -> None:
        self.records: Mapping[Hashable, Any] | None = None


class Kept:
    """What is known of a store; nothing where it cannot tell whether that holds."""

    def __init__(self, store: States) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._records: dict[Hashable, Any] = {}
        # That of the store when everything kept was so.
        self._state: bytes | None = None
        self._shown = _Shown()
        # Those that were committed here where that cannot be told.
        self._former: dict[Hashable, Any] = {}
        # What it becomes by the commit that is under way here.
        self._coming: Mapping[Hashable, Any] | None = None

    def get(self, key: Hashable) -> Any:
        """Return a record, None where that is not known."""
        if (shown := self._shown.records) is not None:
            return shown.get(key)
        if self._state is None:
            return None
        state = self._store.state()
        if state != self._state and not self._follow(state):
            return None
        return self._records.get(key)

    def read(self, key: Hashable, find: Callable[[], Record]) -> Record:
        """Return a record, which `find` finds in the store where it is not known."""
        found: Record | None = self.get(key)
        if found is not None:
            return found
        before = self._store.state()
        record = find()
        if record is not None and before is not None:
            self._keep(key, record, before)
        return record

    def _keep(self, key: Hashable, record: Any, before: bytes) -> None:
        with self._lock:
            # Somebody wrote meanwhile: it may be one state's or the other's.
            if self._store.state() != before:
                return
            if before != self._state and not self._advance(before):
                self._begin_anew(before)
            self._put({key: record})

    def show(self, records: Mapping[Hashable, Any] | None) -> None:
        """Have this thread know what it has just read, until `hide`."""
        self._shown.records = records

    def hide(self) -> None:
        """Have this thread know no more what it was shown."""
        self._shown.records = None

    @property
    def shown(self) -> Mapping[Hashable, Any] | None:
        """What this thread was shown, None for nothing."""
        return self._shown.records

    @property
    def is_sure(self) -> bool:
        """Whether what is known is as of now, by itself."""
        return self._store.state() is not None

    def note(self, changes: Mapping[Hashable, Any]) -> None:
        """Take note of what was committed by somebody who does not `expect` it."""
        if not self.is_sure:
            if len(self._former) >= _MOST:
                self._former = {}
            known = ((key, one) for key, one in changes.items() if one is not None)
            self._former.update(known)

    def former(self, key: Hashable) -> Any:
        """Return a record as it was some time ago, None where that is not known.

        What never changes of it can be relied on.
        """
        return self.get(key) or self._former.get(key)

    def begin(self) -> None:
        """Take note that nobody else can write now."""
        with self._lock:
            state = self._store.state()
            if state != self._state:
                self._begin_anew(state)

    def expect(self, changes: Mapping[Hashable, Any] | None) -> None:
        """Take note of what whoever has begun commits now.

        Args:
            changes: every record that is another then, or None in its place; None for
                all of this where that is not known.
        """
        with self._lock:
            self._coming = changes

    def give_up(self) -> None:
        """Take note that this is not committed; still, nobody else can write."""
        self.expect(None)

    def settle(self) -> None:
        """Take note that what was expected is there."""
        self._follow(self._store.state())
        self.expect(None)

    def _follow(self, state: bytes | None) -> bool:
        """Take note of a state; tell whether what is kept is that."""
        with self._lock:
            return state == self._state or self._advance(state)

    def _advance(self, state: bytes | None) -> bool:
        """Take note that the store has changed; tell whether it is known how."""
        if state is None:  # somebody writes at this moment, most likely we
            return False
        before, changes, self._coming = self._state, self._coming, None
        if changes is None or before is None:
            return False
        # Another process may have written as soon as this one had.
        if not self._store.is_next(before, state):
            return False
        self._state = state
        self._put(changes)
        return True

    def _begin_anew(self, state: bytes | None) -> None:
        self._records, self._state, self._coming = {}, state, None

    def _put(self, changes: Mapping[Hashable, Any]) -> None:
        if len(self._records) >= _MOST:
            self._records = {}
        self._records.update(changes)
