"""What we changed in one store, on disk before it is changed, so it can be undone.

A journal holds what each touched path was like before our first root came (`base`),
what it was like when we last let go of it (`left`), and whose roots are in. A change
that did not come to its end stays `pending` in it.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tlsmith.errors import FileError, PrivilegeError, TrustStoreError
from tlsmith.files import read_file, write_file
from tlsmith.files.atomic import TEMPORARY_MARK, remove_quietly
from tlsmith.truststores.base import Root
from tlsmith.truststores.snapshot import (
    ABSENT,
    LOST,
    Entry,
    State,
    keep_copy,
    keep_patch,
)

VERSION = 1
# Seconds after the start of a change in which a tool of ours may have been at work: it
# is ended after 120, and its lock held as long.
_WINDOW = 125.0
_FILE = "journal.json"


@dataclass
class Held:
    """A root that we put in, and for whom.

    Args:
        owners: the TLSMITH_HOME of each who asked for it.
    """

    root: Root
    owners: list[str]


@dataclass(frozen=True)
class Pending:
    """A change that was begun.

    Args:
        action: "install" or "uninstall".
        since: seconds since 1970.
    """

    action: str
    fingerprints: tuple[str, ...]
    since: float


@dataclass
class Journal:
    """The journal of one store; `folder` holds it and the copies.

    Args:
        since: when our first root came, in seconds since 1970.
        held: by fingerprint.
    """

    folder: str
    store: str
    place: str
    since: float = 0.0
    base: State = field(default_factory=dict)
    left: State = field(default_factory=dict)
    held: dict[str, Held] = field(default_factory=dict)
    pending: Pending | None = None

    @property
    def is_empty(self) -> bool:
        return not self.held and self.pending is None

    @property
    def roots(self) -> list[Root]:
        """The roots that we put in and have not taken out."""
        return [held.root for held in self.held.values()]

    def forget(self) -> None:
        """Start afresh: what it tells of is not there any more."""
        self.base, self.left, self.held, self.since = {}, {}, {}, 0.0

    def owned(self, owner: str) -> list[Root]:
        """Return the roots that were put in for `owner`."""
        return [h.root for h in self.held.values() if owner in h.owners]

    def begin(
        self, action: str, roots: Sequence[Root], owner: str, now: State, time: float
    ) -> None:
        """Have on disk what there is, and that it is about to change.

        Args:
            now: how the touched paths are.
            time: seconds since 1970.
        """
        earlier = self.since, self.base, self.held, self.pending
        self.held = {
            print_: Held(held.root, held.owners) for print_, held in self.held.items()
        }
        try:
            os.makedirs(self.folder, mode=0o700, exist_ok=True)
            self._begin(action, roots, owner, now, time)
        except BaseException:
            self.since, self.base, self.held, self.pending = earlier
            self._drop_copies()
            raise

    def _begin(
        self, action: str, roots: Sequence[Root], owner: str, now: State, time: float
    ) -> None:
        # Whole: until the change is done, what is not in it was not there.
        base = {**now, **{path: self._still(path, now) for path in self.base}}
        if action == "install":
            for root in roots:
                held = self.held.setdefault(root.fingerprint, Held(root, []))
                held.owners = [*dict.fromkeys((*held.owners, owner))]
        self.base = {path: self._kept(path, entry) for path, entry in base.items()}
        self.since = self.since or time
        prints = tuple(root.fingerprint for root in roots)
        self.pending = Pending(action, prints, time)
        self.save()

    def _still(self, path: str, now: State) -> Entry:
        """Return what `path` was before us; lost where another changed it since."""
        current, before = now.get(path, ABSENT), self.base[path]
        is_ours = current.is_like(self.left.get(path)) or current.is_like(before)
        return before if is_ours else LOST

    def _kept(self, path: str, entry: Entry) -> Entry:
        try:
            return keep_copy(path, entry, self.folder)
        except ValueError:  # an earlier copy is damaged
            return LOST

    def commit(self, now: State, *, alone: bool) -> None:
        """Note how the touched paths were left; forget what came out unchanged.

        Args:
            alone: as for `to_put_back`.
        """
        changed = {}
        for path in {*self.base, *now}:
            before, after = self.base.get(path, ABSENT), now.get(path, ABSENT)
            if not _is_same(before, after) and self._is_ours(path, now, alone):
                changed[path] = before
            elif path in self.left and not _is_same(before, after):
                changed[path] = LOST
        self.base = {
            path: keep_patch(path, entry, self.folder, now.get(path, ABSENT))
            for path, entry in changed.items()
        }
        self.left = {path: now.get(path, ABSENT) for path in changed}
        self.pending = None
        self.save()
        self._drop_copies()

    def to_put_back(self, now: State, *, alone: bool) -> tuple[State, bool]:
        """Return what each path of ours should be, and whether that undoes it all.

        It does not where somebody else has changed one of them since.

        Args:
            alone: whether nobody else can have been at work during a pending change.
        """
        paths = {*self.base, *(path for path in now if TEMPORARY_MARK in path)}
        if self.pending is not None:
            paths |= set(now)
        wanted, complete = {}, True
        for path in paths:
            before, current = self.base.get(path, ABSENT), now.get(path, ABSENT)
            if _is_same(before, current):
                continue
            if before.kind == "lost" or not self._is_ours(path, now, alone):
                complete = False
            elif before.kind != "other":
                wanted[path] = before
        return wanted, complete

    def _is_ours(self, path: str, now: State, alone: bool) -> bool:
        """Tell whether it was us who left `path` as it is now."""
        current = now.get(path, ABSENT)
        if TEMPORARY_MARK in path or current.is_like(self.left.get(path)):
            return True
        if current.is_like(self.base.get(path)):
            return True
        if self.pending is None or not alone:
            return False
        # Where something is gone, its folder knows when.
        witness = now.get(os.path.dirname(path)) if current == ABSENT else current
        return witness is not None and witness.changed <= self.pending.since + _WINDOW

    def save(self) -> None:
        """Have the journal on disk.

        Raises:
            FileError: it cannot be written.
        """
        facts = {
            "version": VERSION,
            "store": self.store,
            "place": self.place,
            "since": self.since,
            "roots": [_held_facts(held) for held in self.held.values()],
            "pending": None if self.pending is None else vars(self.pending),
            "base": {path: entry.facts() for path, entry in self.base.items()},
            "left": {path: entry.facts() for path, entry in self.left.items()},
        }
        text = json.dumps(facts, indent=1).encode()
        write_file(os.path.join(self.folder, _FILE), text, mode=0o600)

    def _drop_copies(self) -> None:
        needed = {e.sha256 for e in self.base.values() if e.patch is None}
        with contextlib.suppress(OSError):
            for name in os.listdir(self.folder):
                if name not in (_FILE, *needed):
                    remove_quietly(os.path.join(self.folder, name))


def load_journal(folder: str) -> Journal | None:
    """Return the journal in `folder`, or None where there is none.

    Raises:
        TrustStoreError: it cannot be read, is damaged, or is a newer tlsmith's.
    """
    path = os.path.join(folder, _FILE)
    try:
        facts = json.loads(read_file(path))
        return _journal(folder, facts)
    except FileError as error:
        if error.code in ("file-not-found", "not-a-directory"):
            return None
        if error.code == "is-a-directory":
            raise _damaged(folder) from error
        if error.code == "permission-denied":
            raise PrivilegeError(error.message, store="journal") from error
        raise TrustStoreError(
            error.message, store="journal", hint=error.hint
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(folder) from error


def _damaged(folder: str) -> TrustStoreError:
    return TrustStoreError(
        f"the journal in {folder!r} is damaged",
        store="journal",
        code="journal-damaged",
        hint=f"move it away: mv {shlex.quote(folder)} ~; then `tlsmith trust "
        "uninstall` takes our root out, and puts nothing else back",
    )


def _journal(folder: str, facts: Mapping[str, Any]) -> Journal:
    if facts["version"] != VERSION:
        _refuse_newer(folder, facts["version"])
    pending = facts["pending"]
    return Journal(
        folder,
        str(facts["store"]),
        str(facts["place"]),
        float(facts["since"]),
        {path: Entry.of(entry) for path, entry in facts["base"].items()},
        {path: Entry.of(entry) for path, entry in facts["left"].items()},
        dict(_held(facts["roots"])),
        None
        if pending is None
        else Pending(
            str(pending["action"]),
            tuple(pending["fingerprints"]),
            float(pending["since"]),
        ),
    )


def _refuse_newer(folder: str, version: object) -> None:
    if not isinstance(version, int) or version < VERSION:
        raise ValueError(version)
    raise TrustStoreError(
        f"the journal in {folder!r} was written by a newer tlsmith (version {version})",
        store="journal",
        code="journal-newer",
        hint="use that one, or update this: pip install --upgrade tlsmith",
    )


def _held_facts(held: Held) -> dict[str, Any]:
    return {
        "fingerprint": held.root.fingerprint,
        "owners": held.owners,
        "der": base64.b64encode(held.root.der).decode(),
        "note": held.root.note,
    }


def _held(entries: Iterable[Mapping[str, Any]]) -> Iterable[tuple[str, Held]]:
    for entry in entries:
        # Earlier versions noted nothing.
        der = base64.b64decode(entry["der"], validate=True)
        root = Root(der, entry.get("note", ""))
        if root.fingerprint != entry["fingerprint"]:
            raise ValueError("a root that is another")
        yield root.fingerprint, Held(root, list(entry["owners"]))


def _is_same(one: Entry, other: Entry) -> bool:
    """Tell whether both are the same to the byte."""
    return (one.kind, one.sha256, one.target) == (
        other.kind,
        other.sha256,
        other.target,
    )
