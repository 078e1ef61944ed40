"""`--registry`: container registries that are to be trusted."""

from __future__ import annotations

from collections.abc import Sequence

from tlsmith.errors import NameNotPermittedError
from tlsmith.truststores import (
    Host,
    Registry,
    Root,
    TrustStore,
    parse_registry,
    registry_stores,
)


def with_registries(
    stores: Sequence[TrustStore], host: Host, names: Sequence[str]
) -> tuple[list[TrustStore], list[Registry]]:
    """Return `stores` and the folders of the registries named, and those registries.

    Raises:
        InputError: a name is none of a registry.
        TrustStoreError: there is no container tool here.
    """
    registries = [parse_registry(name) for name in names]
    by_place = {(store.name, store.place): store for store in stores}
    for registry in registries:
        for store in registry_stores(host, registry):
            by_place.setdefault((store.name, store.place), store)
    return list(by_place.values()), registries


def check_registries(registries: Sequence[Registry], roots: Sequence[Root]) -> None:
    """Refuse registries that no root may vouch for: trusting it there is of no use.

    Raises:
        NameNotPermittedError: all of them.
    """
    outside = [
        where.host
        for where in registries
        if not any(root.may_vouch_for(where.kind, where.host) for root in roots)
    ]
    if outside:
        raise NameNotPermittedError(
            f"outside the CA's name constraints: {', '.join(outside)}",
            names=outside,
            hint="give the root of the CA that signs for it with --root, or make a "
            f"local one: tlsmith ca init --local --allow {outside[0]}",
        )
