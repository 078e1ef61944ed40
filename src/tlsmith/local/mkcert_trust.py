"""mkcert's root in the machine's trust stores, and out of them without a trace.

Out means out: an entry that mkcert itself made goes too, with the links and Java's copy
that mkcert leaves behind.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from tlsmith.core.view import view_certificate
from tlsmith.local.mkcert import MkcertAuthority
from tlsmith.truststores.base import Host, Root, TrustStore
from tlsmith.truststores.changes import guarded, install, uninstall
from tlsmith.truststores.outcome import outcome
from tlsmith.truststores.registry import STORES, find_stores
from tlsmith.truststores.roots import check_root
from tlsmith.truststores.status import status

if TYPE_CHECKING:
    from tlsmith.truststores.outcome import Outcome

# In the order they are installed to: the system's store may feed Java's.
FAMILIES = ("system", "java", "nss")


class Chosen(NamedTuple):
    """The families of stores that TRUST_STORES names, and what else is in it."""

    families: tuple[str, ...]
    unknown: tuple[str, ...] = ()


def chosen_families(environment: Mapping[str, str]) -> Chosen:
    """Return which stores are meant: all, unless `TRUST_STORES` lists some."""
    text = environment.get("TRUST_STORES", "")
    if not text:
        return Chosen(FAMILIES)
    words = [word.strip() for word in text.split(",")]
    return Chosen(
        tuple(family for family in FAMILIES if family in words),
        tuple(word for word in words if word and word not in FAMILIES),
    )


def is_trusted(authority: MkcertAuthority, host: Host, family: str) -> bool:
    """Tell whether every store of a family has the root; those not there count not."""
    found = status(_stores(host, family), [Root(authority.root)])
    return all(one.state == "trusted" for one in found)


def check_installable(authority: MkcertAuthority, now: datetime) -> None:
    """Refuse a root that clients would not take.

    Args:
        now: in UTC.

    Raises:
        ProfileError: every reason not to trust it.
    """
    check_root(Root(authority.root), now, authority.root_file)


def install_root(authority: MkcertAuthority, host: Host, family: str) -> list[Outcome]:
    """Have every store of a family trust the root."""
    stores = _stores(host, family)
    return install(stores, [Root(authority.root)], host, _owner(authority.folder))


def uninstall_root(
    folder: str, authority: MkcertAuthority | None, host: Host, families: Sequence[str]
) -> list[Outcome]:
    """Take the root out of every store of these families, whoever put it there.

    Args:
        folder: CAROOT; roots that were installed from it go, too.
        authority: None where the folder has no root any more.
    """
    if not families:
        return []
    stores = find_stores(host, families, remembered=True)
    roots = [] if authority is None else [Root(authority.root)]
    found = {
        (one.store, one.place, one.fingerprint): one
        for one in uninstall(stores, roots, host, _owner(folder))
    }
    for store in stores:
        if store.is_there:
            for one in guarded(store, roots, _remove_mkcerts_own):
                found[one.store, one.place, one.fingerprint] = one
    return list(found.values())


def families_of(outcomes: Sequence[Outcome]) -> list[str]:
    """Return the families of the stores these outcomes are of."""
    names = {one.store for one in outcomes}
    return list(dict.fromkeys(s.family for s in STORES if s.name in names))


def _stores(host: Host, family: str) -> list[TrustStore]:
    """Return the stores that are there: mkcert makes none."""
    return [s for s in find_stores(host, [family]) if not s.is_to_be_made]


@dataclass(frozen=True)
class _NamedRoot(Root):
    """A root under another name than ours."""

    name: str = ""

    @property
    def label(self) -> str:
        return self.name


def _remove_mkcerts_own(store: TrustStore, roots: Sequence[Root]) -> list[Outcome]:
    """Take out what mkcert put in; return an outcome for the roots that had any."""
    results = []
    for root in roots:
        named = [_NamedRoot(root.der, name=name) for name in _mkcerts_names(root)]
        entries = [entry for entry in named if store.is_ours(entry)]
        if not entries:
            continue
        store.check_changeable()
        store.remove(entries)
        if store.contains(root):
            text = "mkcert's entry was taken out; somebody else put one there, too"
            results.append(outcome(store, root, "trusted", text, changed=True))
        else:
            text = "mkcert's entry was taken out"
            results.append(outcome(store, root, "not-trusted", text, changed=True))
    return results


def _mkcerts_names(root: Root) -> list[str]:
    """Return what mkcert calls a root: nickname, file name, and both in lower case.

    Java knows aliases in lower case only.
    """
    nickname = f"mkcert development CA {view_certificate(root.der).serial_number}"
    file_name = nickname.replace(" ", "_")
    # The file before Java's copy of it: removing that one first would undo nothing.
    return [file_name, nickname, file_name.lower(), nickname.lower()]


def _owner(folder: str) -> str:
    """Return for whom the root is installed: another CAROOT may hold the same root."""
    return os.path.realpath(folder)
