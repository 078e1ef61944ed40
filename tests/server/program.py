"""Serve the small authority of a folder: `program.py FOLDER SETTINGS-FILE`."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parent.parent))

from server.small_authority import SmallAuthority
from tlsmith.errors import RequestRefusedError, TLSmithError
from tlsmith.server.config import load_settings
from tlsmith.server.ports import AuthorityPort, Meter
from tlsmith.server.rate import RateLimit
from tlsmith.server.secure import PEER_CERTIFICATE
from tlsmith.server.serve import serve
from tlsmith.server.settings import ServeSettings
from tlsmith.server.worker import Service

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute


def routes(_authority: AuthorityPort, failures: RateLimit) -> Sequence[BaseRoute]:
    """An API of a few routes, one for each thing the tests want to see."""
    import asyncio

    from starlette.responses import JSONResponse, PlainTextResponse
    from starlette.routing import Mount, Route

    async def whoami(request: Request) -> Response:
        certificate = request.scope[PEER_CERTIFICATE]
        return JSONResponse({"certificate": certificate and certificate.hex()})

    async def process(_request: Request) -> Response:
        return PlainTextResponse(str(os.getpid()))

    async def echo(request: Request) -> Response:
        return PlainTextResponse(str(len(await request.body())))

    async def slow(request: Request) -> Response:
        await asyncio.sleep(float(request.path_params["seconds"]))
        return PlainTextResponse("done")

    def mistake(_request: Request) -> Response:
        raise RuntimeError("a mistake, with a secret in it: hunter2")

    def hang(_request: Request) -> Response:
        time.sleep(60)
        return PlainTextResponse("done")

    def refused(_request: Request) -> Response:
        raise RequestRefusedError(403, "not yours", code="not-yours", hint="ask")

    def login(request: Request) -> Response:
        from tlsmith.server.envelope import too_many

        assert request.client is not None
        wait = failures.wait(request.client.host)
        if wait:
            raise too_many(wait)
        failures.spend(request.client.host)
        raise RequestRefusedError(401, "no such token")

    return [
        Route("/api/v1/whoami", whoami),
        Route("/api/v1/process", process),
        Route("/api/v1/echo", echo, methods=["POST"]),
        Route("/api/v1/slow/{seconds}", slow),
        Route("/api/v1/mistake", mistake),
        Route("/api/v1/refused", refused),
        Route("/api/v1/hang", hang),
        Mount("/api/v2", routes=[Route("/things/{name}", refused)]),
        Route("/api/v1/login", login),
    ]


def main() -> int:
    folder, path = Path(sys.argv[1]), sys.argv[2]

    def reload() -> ServeSettings:
        return load_settings(path, {}, {})

    def opened(meter: Meter) -> SmallAuthority:
        if (folder / "closed-to-all").exists():
            raise TLSmithError("the store is locked", code="locked", hint="unlock it")
        return SmallAuthority(folder, meter)

    def ready(addresses: Sequence[str]) -> None:
        sys.stderr.write(f"listening on {' '.join(addresses)}\n")
        sys.stderr.flush()

    try:
        serve(reload(), Service(opened, reload, routes), ready)
    except TLSmithError as error:
        sys.stderr.write(f"error: {error.message} ({error.code})\n")
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
