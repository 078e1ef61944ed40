"""Every endpoint there is, and finding the one that a request is for."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import unquote_to_bytes

from tlsmith.errors import RequestRefusedError
from tlsmith.server.rest import (
    acme,
    auditing,
    authorities,
    certificates,
    figures,
    granting,
    issuing,
    openapi,
    revoking,
)
from tlsmith.server.rest.endpoint import Endpoint
from tlsmith.server.rest.faults import refused

ENDPOINTS: tuple[Endpoint, ...] = (
    *issuing.ENDPOINTS,
    *certificates.ENDPOINTS,
    *revoking.ENDPOINTS,
    *authorities.ENDPOINTS,
    *auditing.ENDPOINTS,
    *granting.ENDPOINTS,
    *acme.ENDPOINTS,
    *figures.ENDPOINTS,
    *openapi.ENDPOINTS,
)

Found = tuple[Endpoint, dict[str, str]]


class Table:
    """Endpoints by path and method."""

    def __init__(self, endpoints: Sequence[Endpoint] = ENDPOINTS) -> None:
        self._paths: dict[tuple[str, ...], dict[str, Endpoint]] = {}
        # Those that are spelt out come before those with a name in them.
        for one in sorted(endpoints, key=lambda one: one.path.count("{")):
            parts = tuple(one.path.split("/"))
            self._paths.setdefault(parts, {})[one.method] = one

    def find(self, method: str, path: bytes) -> Found:
        """Return the endpoint at a path, still encoded, and what is named in it.

        Raises:
            RequestRefusedError: with 404 or 405.
        """
        given = [_decoded(part) for part in path.split(b"/")]
        for parts, methods in self._paths.items():
            if len(parts) == len(given) and None not in given:
                names = _names(parts, given)
                if names is not None:
                    return _of(methods, method), names
        raise refused(
            404,
            "there is nothing at this path",
            "no-such-path",
            "see what there is: GET /api/v1/openapi.json",
        )


def _of(methods: dict[str, Endpoint], method: str) -> Endpoint:
    found = methods.get("GET" if method == "HEAD" else method)
    if found is None:
        allowed = sorted(methods) + (["HEAD"] if "GET" in methods else [])
        raise RequestRefusedError(
            405,
            "this path has not that method",
            code="no-such-method",
            hint=f"it has {', '.join(allowed)}",
            fields=[(b"allow", ", ".join(allowed).encode())],
        )
    return found


def _names(parts: tuple[str, ...], given: list[str | None]) -> dict[str, str] | None:
    names = {}
    for part, there in zip(parts, given, strict=True):
        if part.startswith("{"):
            if not there:
                return None
            names[part[1:-1]] = there
        elif part != there:
            return None
    return names


def _decoded(part: bytes) -> str | None:
    """Return a part of a path as text; a slash in it was encoded, and is no end."""
    try:
        return unquote_to_bytes(part).decode("utf-8")
    except UnicodeDecodeError:
        return None
