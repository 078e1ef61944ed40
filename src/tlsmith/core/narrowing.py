"""Name constraints below name constraints: a CA may be given less, and not more."""

from __future__ import annotations

import ipaddress

from tlsmith.core.constraints import NameConstraints, Subtree


def beyond(outer: NameConstraints, inner: NameConstraints | None) -> list[str]:
    """Return in words what `inner` allows and `outer` does not.

    Clients hold names to both (RFC 5280 section 6.1.4 g): a CA whose own constraints
    are wider would sign what no client accepts.
    """
    inner = inner or NameConstraints()
    found = []
    for kind in dict.fromkeys(tree.kind for tree in outer.permitted):
        wide = [tree for tree in outer.permitted if tree.kind == kind]
        own = [tree for tree in inner.permitted if tree.kind == kind]
        if not own:
            found.append(f"{kind}: every name")
        found += [
            f"{tree.kind}:{tree.base}"
            for tree in own
            if not any(_contains(one, tree) for one in wide)
        ]
    found += [
        f"{tree.kind}:{tree.base}"
        for tree in outer.excluded
        if not any(_contains(one, tree) for one in inner.excluded)
    ]
    return found


def narrowed(
    outer: NameConstraints | None, inner: NameConstraints | None
) -> NameConstraints | None:
    """Return what a CA below `outer` gets where it asks for `inner`.

    Kinds of names that `inner` does not speak of are as `outer` has them, and what
    `outer` excludes stays excluded.
    """
    if outer is None or inner is None:
        return outer or inner
    kinds = {tree.kind for tree in inner.permitted}
    kept = tuple(tree for tree in outer.permitted if tree.kind not in kinds)
    excluded = tuple(dict.fromkeys((*inner.excluded, *outer.excluded)))
    return NameConstraints((*inner.permitted, *kept), excluded)


def _contains(wide: Subtree, narrow: Subtree) -> bool:
    """Tell whether a name space lies in another."""
    if wide == narrow:
        return True
    if wide.kind != narrow.kind or wide.kind == "other":
        return False
    if wide.kind == "ip":
        outer, inner = (ipaddress.ip_network(one.base) for one in (wide, narrow))
        return outer.version == inner.version and inner.subnet_of(outer)  # type: ignore[arg-type]
    base = narrow.base.rpartition("@")[2]
    if base.startswith("."):
        return wide.base.startswith(".") and base.lower().endswith(wide.base.lower())
    return "@" not in wide.base and wide.covers(wide.kind, base)
