"""TLS handshakes without sockets: both sides in one thread, real on both."""

from __future__ import annotations

import ssl
from typing import NamedTuple


class Both(NamedTuple):
    """The two ends of a connection."""

    client: ssl.SSLObject
    server: ssl.SSLObject


def handshake(
    client_context: ssl.SSLContext,
    server_context: ssl.SSLContext,
    host: str | None = "localhost",
) -> Both:
    """Return the two ends of a new connection; raise what either side raised."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_context.wrap_bio(to_client, to_server, server_hostname=host)
    server = server_context.wrap_bio(to_server, to_client, server_side=True)
    waiting = [client, server]
    for _ in range(10):
        for side in list(waiting):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            waiting.remove(side)
        if not waiting:
            return Both(client, server)
    raise AssertionError("the handshake goes round in circles")
