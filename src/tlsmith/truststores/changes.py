"""Install roots and take them out again, with a journal, all or nothing per store."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from tlsmith.errors import (
    FileError,
    PrivilegeError,
    TLSmithError,
    TrustStoreError,
    VerifyInstallError,
)
from tlsmith.files.atomic import TEMPORARY_MARK
from tlsmith.truststores.base import Host, Root, TrustStore, nearest
from tlsmith.truststores.journal import Journal
from tlsmith.truststores.keystore import JKS_DIGEST
from tlsmith.truststores.outcome import Outcome, failures, outcome
from tlsmith.truststores.places import open_journal, peek, tidy
from tlsmith.truststores.snapshot import State, folders_above, put_back, scan

# Bytes: less than what is left where a tool of a store could not write its file.
_ALMOST_NOTHING = 64 * 1024


def install(
    stores: Iterable[TrustStore], roots: Sequence[Root], host: Host, owner: str
) -> list[Outcome]:
    """Have every store trust `roots`; a store that does already is not changed.

    Args:
        owner: the TLSMITH_HOME this is done for.
    """
    work = partial(_install, host=host, owner=owner)
    return [
        result
        for store, wanted in of_use(stores, roots)
        for result in guarded(store, wanted, work)
    ]


def of_use(
    stores: Iterable[TrustStore], roots: Sequence[Root]
) -> Iterator[tuple[TrustStore, list[Root]]]:
    """Return the stores that can use any of `roots`, and which."""
    for store in stores:
        wanted = [root for root in roots if store.can_use(root)]
        if wanted or not roots:
            yield store, wanted


def uninstall(
    stores: Iterable[TrustStore],
    roots: Sequence[Root],
    host: Host,
    owner: str,
    *,
    journalled_too: bool = True,
) -> list[Outcome]:
    """Take out what was put in for `owner`; what others put in stays.

    Args:
        roots: those meant.
        journalled_too: also every other root in the journals of `owner`.
    """
    results = []
    # Last in, first out: two stores may have changed the same file. Those we did not
    # change come last, since another may just have been feeding them.
    for store in sorted(stores, key=lambda store: -_age(host, store)):
        work = partial(
            _uninstall, host=host, owner=owner, journalled_too=journalled_too
        )
        results += guarded(store, roots, work)
    tidy(host)
    return results


def _install(
    store: TrustStore, roots: Sequence[Root], host: Host, owner: str
) -> list[Outcome]:
    missing = [root for root in roots if not store.contains(root)]
    if not missing and not _is_unfinished(host, store):
        _share(store, roots, host, owner)
        return [outcome(store, r, "trusted", "already there") for r in roots]
    check_changeable(store, host)
    with open_journal(host, store) as (journal, working):
        _recover(journal, working)
        if host.image and not any(working.is_ours(root) for root in journal.roots):
            journal.forget()  # it was unpacked anew, and nothing of ours is in it
        missing = [root for root in roots if not working.contains(root)]
        if missing:
            _add(journal, working, missing, owner)
    added = {root.fingerprint for root in missing}
    return [
        outcome(store, root, "trusted", "added", changed=True)
        if root.fingerprint in added
        else outcome(store, root, "trusted", "already there")
        for root in roots
    ]


def _add(
    journal: Journal, store: TrustStore, roots: Sequence[Root], owner: str
) -> None:
    """Add roots, check that they are in, and undo all of it where they are not."""
    noted = [replace(root, note=store.note(root)) for root in roots]
    journal.begin("install", noted, owner, _scan(store), time.time())
    try:
        store.install(roots)
        for root in roots:
            if not store.contains(root):
                raise VerifyInstallError(
                    f"{store.place!r} was changed, and still does not trust the root",
                    store=store.name,
                )
        now = _scan(store)
        _check_keystores(journal.base, now, store)
        journal.commit(now, alone=True)
    except BaseException as error:
        if isinstance(error, TrustStoreError):
            _say_if_full(error, store.place, journal.folder)
        try:
            _recover(journal, store)
        except (TLSmithError, OSError) as obstacle:
            raise TrustStoreError(
                f"{getattr(error, 'message', error)}; and it could not all be put "
                f"back: {getattr(obstacle, 'message', obstacle)}",
                store=store.name,
                code="not-undone",
                hint="mend that, and run `tlsmith trust uninstall`: what there was is "
                f"kept in {journal.folder!r}",
            ) from error
        raise


def _check_keystores(before: State, now: State, store: TrustStore) -> None:
    """Raise where a keystore of Java's was one, and is none any more.

    Debian's hook writes into the file itself, and a full disk does not stop it.
    """
    for path, entry in before.items():
        is_one = path in now and now[path].digest.startswith(JKS_DIGEST)
        if entry.digest.startswith(JKS_DIGEST) and not is_one:
            raise VerifyInstallError(
                f"{path!r} was damaged by the store's own tool", store=store.name
            )


def _say_if_full(error: TrustStoreError, *paths: str) -> None:
    """Have an error say that a disk is full, which few tools do."""
    for path in paths:
        if shutil.disk_usage(nearest(path)).free < _ALMOST_NOTHING:
            error.hint = f"the disk {path!r} is on is full: free some space, try again"


def _uninstall(
    store: TrustStore,
    roots: Sequence[Root],
    *,
    host: Host,
    owner: str,
    journalled_too: bool,
) -> list[Outcome]:
    journal = peek(host, store)
    known = meant(journal, roots, owner, journalled_too=journalled_too)
    removed: list[Root] = []
    if journal.pending or removable(journal, store, known.values(), owner):
        if store.is_there:
            check_changeable(store, host)
        with open_journal(host, store) as (journal, working):
            removed = _recover(journal, working)
            ours = removable(journal, working, known.values(), owner)
            gone = _disown(journal, ours, owner)
            if gone:
                _take_out(journal, working, gone)
                removed += gone
            elif ours:
                journal.save()
    known |= {root.fingerprint: root for root in removed}
    return [
        _outcome_of_removal(store, journal, root, changed=root in removed)
        for root in known.values()
    ]


def meant(
    journal: Journal, roots: Iterable[Root], owner: str, *, journalled_too: bool
) -> dict[str, Root]:
    """Return, by fingerprint, the roots that uninstalling is about."""
    owned = journal.owned(owner) if journalled_too else []
    return {root.fingerprint: root for root in (*roots, *owned)}


def removable(
    journal: Journal, store: TrustStore, roots: Iterable[Root], owner: str
) -> list[Root]:
    """Return the roots that `owner` put there, or that we did for nobody known."""
    found = []
    for root in roots:
        held = journal.held.get(root.fingerprint)
        if held is not None:
            is_removable = owner in held.owners
        else:
            is_removable = store.is_there and store.is_ours(root)
        if is_removable:
            found.append(root)
    return found


def _disown(journal: Journal, roots: Sequence[Root], owner: str) -> list[Root]:
    """Strike `owner` out, and return the roots that nobody asks for any more."""
    gone = []
    for root in roots:
        held = journal.held.get(root.fingerprint)
        if held is not None:
            held.owners = [other for other in held.owners if other != owner]
        if held is None or not held.owners:
            gone.append(root)
    return gone


def _take_out(journal: Journal, store: TrustStore, roots: Sequence[Root]) -> None:
    # Nobody else's: `begin` for an uninstall adds no owner.
    journal.begin("uninstall", roots, "", _scan(store), time.time())
    _undo(journal, store, roots)


def _recover(journal: Journal, store: TrustStore) -> list[Root]:
    """Undo a change that did not come to its end, and return the roots it was about."""
    if journal.pending is None:
        return []
    roots = [
        journal.held[fingerprint].root
        for fingerprint in journal.pending.fingerprints
        if fingerprint in journal.held
    ]
    _undo(journal, store, roots)
    return roots


def _undo(journal: Journal, store: TrustStore, roots: Sequence[Root]) -> None:
    """Take `roots` out: by putting back what was there, else with the store's tool."""
    gone = {root.fingerprint for root in roots}
    stay = [print_ for print_ in journal.held if print_ not in gone]
    held = {print_: held.root for print_, held in journal.held.items()}
    roots = [held.get(root.fingerprint, root) for root in roots]
    if store.is_there:
        knows_before = not stay and gone <= set(journal.held)
        done = knows_before and not store.in_use() and _put_back(journal, store)
        # What came after us may have copied the root: Java, installed since, does.
        if not done or any(
            store.is_ours(root) or not store.is_sound(root) for root in roots
        ):
            store.remove(roots)
        store.remove_copies(roots)
        for root in roots:
            if store.is_ours(root):
                raise VerifyInstallError(
                    f"{store.place!r} was changed, and still has our root",
                    store=store.name,
                )
    journal.held = {print_: journal.held[print_] for print_ in stay}
    if stay:
        now = _scan(store)
        journal.commit(now, alone=_is_alone(journal, store, now))
    else:
        journal.pending = None
        journal.save()


def _put_back(journal: Journal, store: TrustStore) -> bool:
    now = _scan(store)
    alone = _is_alone(journal, store, now)
    wanted, complete = journal.to_put_back(now, alone=alone)
    try:
        put_back(wanted, journal.folder)
    except ValueError:  # a kept copy is damaged: the tool does what it can
        return False
    except PermissionError as error:
        raise PrivilegeError(
            f"{error.filename!r} is not ours to write", store=store.name
        ) from error
    return complete


def _is_alone(journal: Journal, store: TrustStore, now: State) -> bool:
    """Tell whether all that is new since a change began can have come from that."""
    return all(
        path in journal.base or TEMPORARY_MARK in path or store.may_make(path)
        for path in now
    )


def _outcome_of_removal(
    store: TrustStore, journal: Journal, root: Root, *, changed: bool
) -> Outcome:
    if not store.is_there:
        return outcome(store, root, "not-trusted", "the store is gone", changed=changed)
    if not store.contains(root):
        message = "taken out" if changed else "was not there"
        return outcome(store, root, "not-trusted", message, changed=changed)
    held = journal.held.get(root.fingerprint)
    if held is not None:
        message = f"left for {', '.join(held.owners)}, which installed it as well"
    else:
        message = "left as it is: somebody else put it there"
    return outcome(store, root, "trusted", message, changed=changed)


def _share(store: TrustStore, roots: Sequence[Root], host: Host, owner: str) -> None:
    """Note that `owner` relies on roots that another put there through us."""
    try:
        held = peek(host, store).held
    except TrustStoreError:
        return  # nobody but root can note it
    shared = [
        root.fingerprint
        for root in roots
        if root.fingerprint in held and owner not in held[root.fingerprint].owners
    ]
    if shared:
        with open_journal(host, store) as (journal, _):
            for fingerprint in shared:
                journal.held[fingerprint].owners.append(owner)
            journal.save()


def _is_unfinished(host: Host, store: TrustStore) -> bool:
    try:
        return peek(host, store).pending is not None
    except PrivilegeError:
        return False


def check_changeable(store: TrustStore, host: Host) -> None:
    """Raise what would stop a change of `store`, before anything is touched."""
    if not store.machine_wide and host.is_sudo_at_users_home:
        # What we would leave in that home, its owner could not read.
        raise TrustStoreError(
            f"{store.place!r} belongs to the person behind sudo",
            store=store.name,
            hint="run the same without sudo",
        )
    store.check_changeable()
    if store.machine_wide:
        store.require_writable(host.machine_journal)


def _scan(store: TrustStore) -> State:
    try:
        touched = store.touches()
        # Where we have to make a folder for another, both have to go again.
        return folders_above(touched) | scan(touched)
    except PermissionError as error:
        raise PrivilegeError(
            f"{error.filename!r} is not ours to read", store=store.name
        ) from error


def _age(host: Host, store: TrustStore) -> float:
    try:
        return peek(host, store).since
    except TrustStoreError:
        return 0.0


def guarded(
    store: TrustStore,
    roots: Sequence[Root],
    work: Callable[[TrustStore, Sequence[Root]], list[Outcome]],
) -> list[Outcome]:
    """Return what `work` returns, or for each root the error that stopped it."""
    try:
        return work(store, roots)
    except TLSmithError as error:
        return failures(store, roots, error)
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        told = FileError(
            f"cannot change {error.filename or store.place!r}: {reason}",
            path=str(error.filename or store.place),
        )
        return failures(store, roots, told)
