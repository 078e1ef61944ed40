"""Which endpoint a path has."""

from __future__ import annotations

from typing import NamedTuple

from tlsmith.acme import problems
from tlsmith.errors import ACMEProblem
from tlsmith.server.acme import accounts, authorizations, directory, orders
from tlsmith.server.acme.call import Endpoint


class Route(NamedTuple):
    """An endpoint as it is found.

    Args:
        fixed: parts of its path that are as they are, by their places.
        varying: the places of those that vary.
        name: for metrics: bounded, unlike paths.
    """

    endpoint: Endpoint
    fixed: tuple[tuple[int, str], ...]
    varying: tuple[int, ...]
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
            places = list(enumerate(parts))
            self._routes[key] = Route(
                endpoint,
                tuple((place, part) for place, part in places[1:] if part != "{}"),
                tuple(place for place, part in places if part == "{}"),
                f"/acme/{endpoint.path}",
            )

    def find(self, path: str) -> tuple[Route, tuple[str, ...]]:
        """Return what is at a path below `/acme/`, and the ids in it.

        Raises:
            ACMEProblem: malformed, where there is nothing.
        """
        parts = path.split("/")
        route = self._routes.get((parts[0], len(parts)))
        if route is None:
            raise _nothing()
        for place, part in route.fixed:
            if parts[place] != part:
                raise _nothing()
        return route, tuple([parts[place] for place in route.varying])


def _nothing() -> ACMEProblem:
    return problems.malformed("there is nothing at this URL", status=404)
