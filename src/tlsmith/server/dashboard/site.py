"""The dashboard as the server mounts it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from importlib.resources import files
from typing import TYPE_CHECKING

from tlsmith.authority.acme.figures import acme_figures
from tlsmith.errors import TLSmithError
from tlsmith.server.dashboard.acme_page import acme_page
from tlsmith.server.dashboard.door import CHALLENGE, Door, may_try_again
from tlsmith.server.dashboard.html import element, page
from tlsmith.server.logs import request_id
from tlsmith.server.rest.faults import problem_of
from tlsmith.server.rest.who import Doorkeeper

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute
    from starlette.types import Scope

    from tlsmith.authority.service import Authority
    from tlsmith.server.rate import RateLimit

PREFIX = "/dashboard"
_FIRST = f"{PREFIX}/acme"
# No script, nothing of anybody else, in no frame.
_POLICY = (
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


def dashboard_routes(authority: Authority, failures: RateLimit) -> Sequence[BaseRoute]:
    """Return the routes that `server.app.build_app` takes.

    Args:
        failures: after how many failed authentications an address is turned away.
    """
    from starlette.routing import Route

    site = DashboardSite(authority, failures)
    return [
        Route(PREFIX, site.first),
        Route(f"{PREFIX}/", site.first),
        Route(f"{PREFIX}/style.css", site.style),
        Route(_FIRST, site.acme),
    ]


class DashboardSite:
    """The pages over an authority."""

    def __init__(self, authority: Authority, failures: RateLimit) -> None:
        self._authority = authority
        self._door = Door(Doorkeeper(authority, failures))
        self._style = (files(__package__) / "style.css").read_bytes()

    async def first(self, _request: Request) -> Response:
        """Lead to the first page there is."""
        from starlette.responses import RedirectResponse

        return RedirectResponse(_FIRST)

    async def style(self, _request: Request) -> Response:
        """Answer with what pages look like, which is for anybody."""
        from starlette.responses import Response

        fields = {"cache-control": "public, max-age=300"}
        return Response(self._style, media_type="text/css", headers=fields)

    async def acme(self, request: Request) -> Response:
        """Answer with the ACME page; who looks, and the store, take a thread."""
        from starlette.responses import Response

        fields = {"content-security-policy": _POLICY}
        try:
            body = await asyncio.to_thread(self._acme, request.scope)
        except TLSmithError as error:
            status, body, more = self._refusal(error)
            return Response(body, status, {**fields, **more}, "text/html")
        return Response(body, headers=fields, media_type="text/html")

    def _acme(self, scope: Scope) -> bytes:
        actor = self._door.admit(scope)
        now = self._authority.clock()
        with self._authority.storage.read() as connection:
            figures = acme_figures(connection, now)
        return acme_page(figures, actor.name, now)

    def _refusal(self, error: TLSmithError) -> tuple[int, bytes, dict[str, str]]:
        """Return a page that says what is wrong, with its status and fields."""
        store = self._authority.storage.url
        answer = problem_of(error, store, request_id.get())
        facts = json.loads(answer.body)
        status, fields = answer.status, dict(answer.fields)
        if may_try_again(error):
            status = 401
            fields[CHALLENGE[0]] = CHALLENGE[1]
            facts["hint"] = (
                "give a token as the password, with any name; an administrator makes "
                "one: tlsmith access token NAME --role viewer"
            )
        body = page(
            "Not to be seen" if status < 500 else "Not just now",
            "",
            element("p", facts["detail"]),
            element("p", facts.get("hint")),
        )
        words = {name.decode(): value.decode() for name, value in fields.items()}
        return status, body, words
