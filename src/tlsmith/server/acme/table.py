"""Which endpoint a path has."""

from __future__ import annotations

from typing import NamedTuple

from tlsmith.acme import problems
from tlsmith.server.acme import accounts, authorizations, directory, orders
from tlsmith.server.acme.call import Endpoint


class Route(NamedTuple):
    """An endpoint as it is found.

    Args:
        parts: of its path; None for one that varies.
        name: for metrics: bounded, unlike paths.
    """

    endpoint: Endpoint
    parts: tuple[str | None, ...]
    name: str


class Table:
    """Every endpoint, by the first part of its path and how many there are."""

    def __init__(self) -> None:
        every = (
            *directory.ENDPOINTS,
            *accounts.ENDPOINTS,
            *orders.ENDPOINTS,
            *authorizations.ENDPOINTS,
        )
        self._routes: dict[tuple[str, int], Route] = {}
        for endpoint in every:
            parts = endpoint.path.split("/")
            key = parts[0], len(parts)
            assert key not in self._routes  # noqa: S101 -- or one would not be found
            wanted = tuple(None if part == "{}" else part for part in parts)
            self._routes[key] = Route(endpoint, wanted, f"/acme/{endpoint.path}")

    def find(self, path: str) -> tuple[Route, tuple[str, ...]]:
        """Return what is at a path below `/acme/`, and the ids in it.

        Raises:
            ACMEProblem: malformed, where there is nothing.
        """
        parts = path.split("/")
        route = self._routes.get((parts[0], len(parts)))
        if route is None or any(
            wanted not in (None, part)
            for wanted, part in zip(route.parts, parts, strict=True)
        ):
            raise problems.malformed("there is nothing at this URL", status=404)
        ids = tuple(
            part
            for wanted, part in zip(route.parts, parts, strict=True)
            if wanted is None
        )
        return route, ids
