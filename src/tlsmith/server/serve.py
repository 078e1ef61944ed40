"""`tlsmith serve`: from settings to sockets, workers, and a graceful end."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.util import find_spec
from typing import TYPE_CHECKING

from tlsmith.errors import ConfigError, MissingExtraError
from tlsmith.server.notify import notify
from tlsmith.server.settings import ServeSettings
from tlsmith.server.sockets import open_sockets
from tlsmith.server.worker import Service, run_worker

if TYPE_CHECKING:
    from tlsmith.server.supervisor import Supervisor

_NEEDED = ("uvicorn", "httptools", "starlette", "prometheus_client", "msgspec")


def serve(
    settings: ServeSettings,
    service: Service,
    on_ready: Callable[[Sequence[str]], None],
) -> None:
    """Serve until SIGTERM or SIGINT, then let end what runs.

    Args:
        on_ready: called once, when all workers answer, with the URLs they are at.

    Raises:
        MissingExtraError: the extra `server` is not installed.
        ConfigError: several workers, where processes cannot be forked.
        TLSmithError: an address cannot be had, or the authority not be opened.
    """
    check_extra()
    set_process_limits()
    sockets = open_sockets(settings.listen, settings.http)
    addresses = sockets.addresses

    def ready() -> None:
        on_ready(addresses)
        notify("READY=1", f"STATUS=listening on {', '.join(addresses)}")

    try:
        if settings.workers == 1:
            run_worker(settings, sockets, service, ready)
        else:
            _supervise()(settings, sockets, service, ready).run()
    finally:
        sockets.close()


def check_extra() -> None:
    """Refuse where the extra is not installed.

    Raises:
        MissingExtraError: naming it.
    """
    if any(find_spec(name) is None for name in _NEEDED):
        raise MissingExtraError("server", needed_for="tlsmith serve")


def set_process_limits() -> None:
    """Allow as many connections as the system lets us have, and no core dump.

    A dump would have the CA's key and its passphrase in it.
    """
    if sys.platform == "win32":
        return
    import resource

    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY:
        hard = max(soft, 1 << 20)
    if soft < hard:
        with suppress(OSError, ValueError):  # then there are as many as there are
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _supervise() -> type[Supervisor]:
    if not hasattr(os, "fork"):
        mistake = "workers: this system can run one only"
        raise ConfigError(mistake, mistakes=[mistake], hint="set workers to 1")
    from tlsmith.server.supervisor import Supervisor

    return Supervisor
