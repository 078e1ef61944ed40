"""The HTTPS side's application: its own few routes, and those of the API."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING

from tlsmith.errors import RequestRefusedError
from tlsmith.server.direct import fields_of
from tlsmith.server.envelope import ACME
from tlsmith.server.metrics import CONTENT_TYPE, Metrics, Sources
from tlsmith.server.status import StatusSite

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute
    from starlette.types import ASGIApp, Receive, Scope, Send

_OWN = (
    "/healthz",
    "/readyz",
    "/ocsp",
    "/ocsp/{path:path}",
    "/crl/{path:path}",
    "/ca/{path:path}",
)


def build_app(
    site: StatusSite,
    metrics: Metrics,
    sources: Sources,
    routes: Sequence[BaseRoute] = (),
    acme: ASGIApp | None = None,
) -> Application:
    """Return the application, without what surrounds it (`Envelope`).

    Args:
        routes: of the API and whatever else a room below brings.
        acme: what answers below `/acme/`.
    """
    from starlette.routing import Route

    status = StatusApp(site)
    own = [Route(path, status, methods=None) for path in _OWN]
    return Application(
        [*own, Route("/metrics", _metrics_of(metrics, sources)), *routes], acme
    )


class Application:
    """The framework's router alone: what it refuses is raised as an error of ours.

    Args:
        acme: what answers below `/acme/`.
    """

    def __init__(
        self, routes: Sequence[BaseRoute], acme: ASGIApp | None = None
    ) -> None:
        from starlette.routing import Router

        self._acme = acme
        self._router = Router(routes, redirect_slashes=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if self._acme is not None and scope["path"].startswith(ACME):
            # What is asked most has no need of a router.
            await self._acme(scope, receive, send)
            return
        from starlette.exceptions import HTTPException

        scope["app"] = self  # the router raises, instead of answering in plain text
        try:
            await self._router(scope, receive, send)
        except HTTPException as error:
            fields = [
                (name.lower().encode("latin-1"), value.encode("latin-1"))
                for name, value in (error.headers or {}).items()
            ]
            phrase = HTTPStatus(error.status_code).phrase.lower()
            raise RequestRefusedError(
                error.status_code, phrase, fields=fields
            ) from error


class StatusApp:
    """An ASGI application that replies as the plain side does."""

    def __init__(self, site: StatusSite) -> None:
        self._site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        from starlette.requests import Request

        target: bytes = scope["raw_path"]
        body = b""
        if scope["method"] == "POST":
            body = await Request(scope, receive).body()
        method = scope["method"].encode("ascii")
        reply = self._site.reply(method, target, dict(scope["headers"]), body)
        scope["tlsmith.route"] = reply.route
        fields = fields_of(reply.fields)
        if reply.status != 304:
            fields.append((b"content-length", b"%d" % len(reply.body)))
        await send(
            {
                "type": "http.response.start",
                "status": reply.status,
                "headers": fields,
            }
        )
        await send({"type": "http.response.body", "body": bytes(reply.body)})


def _metrics_of(
    metrics: Metrics, sources: Sources
) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(_request: Request) -> Response:
        from starlette.responses import Response

        body = await asyncio.to_thread(metrics.render, sources)
        return Response(body, headers={"content-type": CONTENT_TYPE})

    return endpoint
