"""Every trust store, by name."""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence

from tlsmith.errors import InputError
from tlsmith.truststores.alpine import AlpineStore
from tlsmith.truststores.arch import ArchStore
from tlsmith.truststores.base import Host, TrustStore
from tlsmith.truststores.bundle_image import BundleStore
from tlsmith.truststores.debian import DebianStore
from tlsmith.truststores.docker import DockerStore
from tlsmith.truststores.firefox import FirefoxStore
from tlsmith.truststores.image import FAMILIES
from tlsmith.truststores.java import JavaStore
from tlsmith.truststores.macos import MacOSStore
from tlsmith.truststores.nss import NSSStore
from tlsmith.truststores.places import journalled
from tlsmith.truststores.profile_places import profile_places
from tlsmith.truststores.profiles import ProfileStore
from tlsmith.truststores.registries import Registry, places_for
from tlsmith.truststores.rhel import RHELStore
from tlsmith.truststores.suse import SUSEStore
from tlsmith.truststores.windows import WindowsStore
from tlsmith.truststores.windows_environment import WindowsEnvironmentStore
from tlsmith.truststores.wsl import WSLStore
from tlsmith.truststores.wsl_windows import WSLWindowsStore

# In the order they are installed to: a system's store may feed those after it. The
# person's environment is there only once something of ours is in it.
STORES: tuple[type[TrustStore], ...] = (
    DebianStore,
    AlpineStore,
    RHELStore,
    ArchStore,
    SUSEStore,
    BundleStore,
    MacOSStore,
    WindowsStore,
    WSLStore,
    WSLWindowsStore,
    JavaStore,
    NSSStore,
    FirefoxStore,
    DockerStore,
    ProfileStore,
    WindowsEnvironmentStore,
)

NAMES = tuple(store.name for store in STORES)


def choose(names: Collection[str] = ()) -> list[type[TrustStore]]:
    """Return the stores of those names, or of those families; all where none is named.

    Raises:
        InputError: there is no such store.
    """
    unknown = [n for n in names if not any(n in (s.name, s.family) for s in STORES)]
    if unknown:
        families = {store.family for store in STORES}
        known = ", ".join(dict.fromkeys((*NAMES, *sorted(families))))
        raise InputError(
            f"no trust store is called {unknown[0]!r}",
            code="unknown-store",
            hint=f"there are: {known}",
        )
    return [s for s in STORES if not names or {s.name, s.family} & set(names)]


def find_stores(
    host: Host, names: Collection[str] = (), *, remembered: bool = False
) -> list[TrustStore]:
    """Return the stores that are on this machine.

    Args:
        names: stores or families; empty for all.
        remembered: also those that a journal tells of, found or not.

    Raises:
        InputError: there is no store of that name.
    """
    kinds = choose(names)
    if host.image:
        kinds = [kind for kind in kinds if kind.family in FAMILIES]
    found: list[TrustStore] = [store for kind in kinds for store in kind.detect(host)]
    if remembered:
        known = {(store.name, store.place) for store in found}
        by_name = {kind.name: kind for kind in kinds}
        for journal in journalled(host):
            if journal.store in by_name and (journal.store, journal.place) not in known:
                found.append(by_name[journal.store](host, journal.place))
    return found


def environment_stores(
    host: Host, variables: Sequence[tuple[str, str]] = (), bundle: str = ""
) -> list[TrustStore]:
    """Return every place that should set variables for all of a person's programs.

    Args:
        variables: those to set; none to look only.
        bundle: the file they lead to.
    """
    if sys.platform == "win32":
        return [WindowsEnvironmentStore.here(host, variables, bundle)]
    return [
        ProfileStore(host, place, tuple(variables), bundle)
        for place in profile_places(host)
    ]


def registry_stores(host: Host, registry: Registry) -> list[TrustStore]:
    """Return the folders of a registry for the container tools here, made or not.

    Raises:
        TrustStoreError: there is no container tool here.
    """
    return [DockerStore(host, place) for place in places_for(host, registry)]
