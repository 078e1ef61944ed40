"""Say what is trusted where, and what a change would do, without changing anything."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

from tlsmith.truststores.base import Host, Root, TrustStore
from tlsmith.truststores.changes import (
    check_changeable,
    guarded,
    meant,
    of_use,
    removable,
)
from tlsmith.truststores.outcome import Outcome, State, outcome
from tlsmith.truststores.places import peek


def status(stores: Iterable[TrustStore], roots: Sequence[Root]) -> list[Outcome]:
    """Tell for every store whether it trusts each of `roots`."""
    return [
        found
        for store, wanted in of_use(stores, roots)
        for found in guarded(store, wanted, _status)
    ]


def plan_install(
    stores: Iterable[TrustStore], roots: Sequence[Root], host: Host
) -> list[Outcome]:
    """Tell what `install` would do; `changed` says where it would change something."""
    work = partial(_plan_install, host=host)
    return [
        found
        for store, wanted in of_use(stores, roots)
        for found in guarded(store, wanted, work)
    ]


def plan_uninstall(
    stores: Iterable[TrustStore],
    roots: Sequence[Root],
    host: Host,
    owner: str,
    *,
    journalled_too: bool = True,
) -> list[Outcome]:
    """Tell what `uninstall` would do; arguments as there."""
    work = partial(
        _plan_uninstall, host=host, owner=owner, journalled_too=journalled_too
    )
    return [found for store in stores for found in guarded(store, roots, work)]


def _status(store: TrustStore, roots: Sequence[Root]) -> list[Outcome]:
    found = []
    for root in roots:
        if not store.contains(root):
            found.append(outcome(store, root, "not-trusted", "the root is not in it"))
        else:
            who = (
                ""
                if store.is_ours(root)
                else "put there by the system's store, or by hand"
            )
            found.append(outcome(store, root, "trusted", who))
    return found


def _plan_install(
    store: TrustStore, roots: Sequence[Root], host: Host
) -> list[Outcome]:
    missing = [root for root in roots if not store.contains(root)]
    if missing:
        check_changeable(store, host)
    steps = "; ".join(store.steps(missing))
    return [
        outcome(store, root, "not-trusted", f"would {steps}", changed=True)
        if root in missing
        else outcome(store, root, "trusted", "already there")
        for root in roots
    ]


def _plan_uninstall(
    store: TrustStore,
    roots: Sequence[Root],
    *,
    host: Host,
    owner: str,
    journalled_too: bool,
) -> list[Outcome]:
    journal = peek(host, store)
    known = meant(journal, roots, owner, journalled_too=journalled_too)
    ours = removable(journal, store, known.values(), owner)
    if ours and store.is_there:
        check_changeable(store, host)
    found = []
    for root in known.values():
        is_in = store.is_there and store.contains(root)
        if root in ours:
            text = "would take it out, and put back what was there before"
        else:
            text = (
                "would leave it: it was not put there by us" if is_in else "not there"
            )
        state: State = "trusted" if is_in else "not-trusted"
        found.append(outcome(store, root, state, text, changed=root in ours))
    return found
