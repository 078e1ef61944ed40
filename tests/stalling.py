"""A proxy that may stop to forward, as where a network or a machine is gone."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator


class StallingProxy:
    """Forwards TCP connections to a port, until it is told to stall.

    Connections stay open meanwhile, and new ones are taken: nobody is told.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._goes = threading.Event()
        self._goes.set()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._open: list[socket.socket] = []

    def stall(self) -> None:
        self._goes.clear()

    def go_on(self) -> None:
        self._goes.set()

    def run(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
                there = socket.create_connection(("127.0.0.1", self._port))
            except OSError:
                return
            self._open += [client, there]
            for pair in ((client, there), (there, client)):
                threading.Thread(target=self._pump, args=pair, daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                self._goes.wait()
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self._goes.set()
        # accept() is not woken by close() alone.
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for one in self._open:
            one.close()


@contextlib.contextmanager
def stalling_proxy(port: int) -> Iterator[StallingProxy]:
    """Give a proxy before a port of this machine."""
    proxy = StallingProxy(port)
    thread = threading.Thread(target=proxy.run, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.close()
        thread.join(10)
