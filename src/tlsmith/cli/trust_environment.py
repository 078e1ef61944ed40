"""What `tlsmith trust` does about the variables of a person's programs."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence

from tlsmith.cli.output import say, warn
from tlsmith.errors import FileError, TLSmithError
from tlsmith.truststores import Host, Outcome, Root, TrustStore, environment_stores

FAMILY = "env"
_NAMES = ("env", "windows-env")


def is_meant(names: Sequence[str], *, env: bool) -> bool:
    """Tell whether the environment is to be changed: by --env, or by its name."""
    return env or any(name in _NAMES for name in names)


def with_environment(
    stores: Sequence[TrustStore], host: Host, home: str, roots: Sequence[Root]
) -> list[TrustStore]:
    """Return `stores` and the person's environment, with the variables it is to have.

    Args:
        home: the folder of the local CA; the bundles are brought up to date.
        roots: those to install.
    """
    from tlsmith.local.bundle import keep_roots, known_roots
    from tlsmith.local.environment import prepare_environment

    keep_roots(home, [root.der for root in roots])
    environment = prepare_environment(
        home, known_roots(home), host.environment, locate=host.path
    )
    for warning in environment.warnings:
        warn(warning)
    values = tuple(environment.values.items())
    others = [store for store in stores if store.family != FAMILY]
    return [*others, *environment_stores(host, values, environment.bundle.path)]


def looked_at(stores: Sequence[TrustStore], host: Host) -> list[TrustStore]:
    """Return `stores` and the person's environment, to look at."""
    others = [store for store in stores if store.family != FAMILY]
    return [*others, *environment_stores(host)]


def of_this_home(stores: Sequence[TrustStore], home: str) -> list[TrustStore]:
    """Leave out variables that lead to the bundles of another home."""
    start = os.path.join(home, "")
    return [
        store
        for store in stores
        if store.family != FAMILY or getattr(store, "bundle", "").startswith(start)
    ]


def refresh(home: str, host: Host) -> None:
    """Bring the bundles up to date with the system's roots and with ours."""
    from tlsmith.local.bundle import known_roots, refresh_all

    # Where it cannot be done, the stores below say what is wrong with them.
    with contextlib.suppress(TLSmithError):
        refresh_all(home, known_roots(home), host.path)


def take_out(home: str, host: Host, roots: Sequence[Root] | None) -> None:
    """Take roots out of the bundles that programs still running may read.

    Args:
        roots: None for all of ours.
    """
    from tlsmith.local.bundle import drop_roots, known_roots, refresh_all

    try:
        drop_roots(home, None if roots is None else [root.der for root in roots])
        left = [] if roots is None else known_roots(home)
        refresh_all(home, left, host.path)
    except FileError as error:
        warn(error.message)


def say_what_is_next(outcomes: Sequence[Outcome]) -> None:
    """Tell how programs that are running come to have what was set."""
    changed = [one for one in outcomes if one.store in _NAMES and one.changed]
    if changed and any(one.state == "trusted" for one in changed):
        say('The variables are set from the next login; here: eval "$(tlsmith env)"')
    elif changed:
        say("The variables are gone from the next login on.")
