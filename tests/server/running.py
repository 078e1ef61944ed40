"""A real server in a process of its own, on ports of its choosing."""

from __future__ import annotations

import os
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from pathlib import Path
from urllib.parse import urlsplit

from server.small_authority import make_root

PROGRAM = Path(__file__).with_name("program.py")


class Running:
    """A server that runs.

    Args:
        settings: TOML, beside the addresses and the store.
    """

    def __init__(
        self,
        folder: Path,
        settings: str = "",
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = folder
        if not (folder / "root.pem").exists():
            make_root(folder)
        self.configuration = folder / "serve.toml"
        self.configure(settings)
        self.log = folder / "log"
        self._environment = {**os.environ, **(environment or {})}
        self.launch()
        self.https, self.http = "", ""

    def launch(self) -> None:
        """Start the process."""
        with self.log.open("wb") as stream:
            self.process = subprocess.Popen(
                [sys.executable, PROGRAM, self.folder, self.configuration],
                stderr=stream,
                env=self._environment,
            )

    def configure(self, settings: str) -> None:
        """Write the settings; SIGHUP has them read again."""
        self.configuration.write_text(
            'store = "sqlite:///unused"\nlisten = "127.0.0.1:0"\nhttp = "127.0.0.1:0"\n'
            + settings,
            encoding="utf-8",
        )

    def begun(self) -> Running:
        """Wait until it listens."""
        eventually(lambda: "listening on" in self.said() or self.process.poll())
        line = next(
            (one for one in self.said().splitlines() if one.startswith("listening")),
            None,
        )
        assert line is not None, self.said()
        self.https, self.http = line.split()[2:]
        return self

    def said(self) -> str:
        """What it wrote to standard error."""
        return self.log.read_text(encoding="utf-8")

    def tell(self, number: int) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    def stop(self) -> int:
        """Have it stop, and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=30)

    @property
    def root(self) -> str:
        """The file of the root that clients trust."""
        return str(self.folder / "root.pem")

    @property
    def ports(self) -> tuple[int, int]:
        """HTTPS and HTTP."""
        https, http = urlsplit(self.https).port, urlsplit(self.http).port
        assert https is not None
        assert http is not None
        return https, http

    def plain(self) -> HTTPConnection:
        """A connection to the plain side."""
        return HTTPConnection("127.0.0.1", self.ports[1], timeout=20)

    def secure(self, context: ssl.SSLContext | None = None) -> HTTPSConnection:
        """A connection to the HTTPS side."""
        return HTTPSConnection(
            "127.0.0.1", self.ports[0], timeout=20, context=context or self.context()
        )

    def context(self) -> ssl.SSLContext:
        """A client's TLS context that trusts the root."""
        return ssl.create_default_context(cafile=self.root)

    def get(
        self, path: str, fields: Mapping[str, str] | None = None, method: str = "GET"
    ) -> tuple[HTTPResponse, bytes]:
        """Ask the HTTPS side."""
        return asked(self.secure(), method, path, fields)

    def get_plain(
        self, path: str, fields: Mapping[str, str] | None = None, method: str = "GET"
    ) -> tuple[HTTPResponse, bytes]:
        """Ask the plain side."""
        return asked(self.plain(), method, path, fields)


def asked(
    connection: HTTPConnection,
    method: str,
    path: str,
    fields: Mapping[str, str] | None = None,
    body: bytes | None = None,
) -> tuple[HTTPResponse, bytes]:
    """Ask over a connection, and close it."""
    try:
        connection.request(method, path, body, dict(fields or {}))
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()


def eventually(
    holds: Callable[[], object], seconds: float = 20.0, every: float = 0.02
) -> None:
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never came to be"
        time.sleep(every)
