"""A server that is told to stop does not wait for clients that want nothing."""

from __future__ import annotations

import http.client
import ssl
import time
from pathlib import Path

from serving_ca import ServedCA


def test_an_idle_connection_holds_nothing_up(tmp_path: Path) -> None:
    ca = ServedCA(tmp_path)
    ca.init()
    context = ssl.create_default_context(cafile=ca.path("root.pem"))
    with ca.served() as replica:
        idle = http.client.HTTPSConnection(
            "localhost", replica.https_port, context=context
        )
        idle.request("GET", "/acme/directory")
        assert idle.getresponse().read()
        begun = time.monotonic()
        assert replica.stop() == 0
        # Seconds of the 20 that a running request has; it was all of them once.
        assert time.monotonic() - begun < 10
        idle.close()
