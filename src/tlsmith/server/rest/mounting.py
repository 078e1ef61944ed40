"""The API as the server mounts it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tlsmith.errors import MissingExtraError

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

    from tlsmith.authority.service import Authority
    from tlsmith.server.rate import RateLimit
    from tlsmith.server.rest.app import RestApp

PREFIX = "/api/v1"
MOST_BODY = 1024**2


def rest_app(
    authority: Authority,
    failures: RateLimit | None = None,
    *,
    prefix: str = PREFIX,
    most_body: int = MOST_BODY,
) -> RestApp:
    """Return the API over an authority, an ASGI application.

    Args:
        failures: after how many failed authentications an address is turned away.
        most_body: bytes of a request's body.

    Raises:
        MissingExtraError: the extra `server` is not installed.
    """
    try:
        from tlsmith.server.rest.app import RestApp
    except ModuleNotFoundError as error:
        if error.name != "msgspec":
            raise
        raise MissingExtraError("server", needed_for="the REST API") from error
    return RestApp(authority, prefix=prefix, failures=failures, most_body=most_body)


def rest_routes(
    authority: Authority,
    failures: RateLimit | None = None,
    most_body: int = MOST_BODY,
) -> Sequence[BaseRoute]:
    """Return the routes that `server.app.build_app` takes."""
    from starlette.routing import Mount

    return [Mount(PREFIX, rest_app(authority, failures, most_body=most_body))]
