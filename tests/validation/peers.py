"""Servers to be validated: they send what a test says, however wrong that is."""

from __future__ import annotations

import contextlib
import queue
import socket
import ssl
import threading
from collections.abc import Callable, Iterable
from typing import NamedTuple, Self


class Request(NamedTuple):
    """What a web server was asked."""

    line: str
    fields: dict[str, str]
    server_name: str | None = None

    @property
    def path(self) -> str:
        return self.line.split(" ")[1]


# Gives what is sent, piece by piece, before the connection is closed.
Answer = Callable[[Request], Iterable[bytes]]


def page(body: bytes, status: str = "200 OK", *fields: str) -> bytes:
    """A response with a length."""
    head = "\r\n".join(
        [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *fields, "", ""]
    )
    return head.encode("latin-1") + body


def redirect(location: str, status: str = "302 Found") -> bytes:
    return page(b"elsewhere", status, f"Location: {location}")


class WebPeer:
    """A web server.

    Args:
        answer: what it sends.
        context: to speak TLS.
    """

    def __init__(
        self,
        answer: Answer,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self.answer = answer
        self.requests: list[Request] = []
        self.clients: list[str] = []
        self._context = context
        self._names: dict[int, str | None] = {}
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listening = socket.create_server((host, port), family=family)
        self.port: int = self._listening.getsockname()[1]
        self._threads = [threading.Thread(target=self._run, daemon=True)]
        self.connected: list[socket.socket] = []
        if context is not None:
            context.sni_callback = self._named

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        for one in [self._listening, *self.connected]:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        for thread in self._threads:
            thread.join(10)

    @property
    def paths(self) -> list[str]:
        return [request.path for request in self.requests]

    def _named(self, wrapped: ssl.SSLObject, name: str | None, _: object) -> None:
        self._names[id(wrapped)] = name

    def _run(self) -> None:
        while True:
            try:
                client, address = self._listening.accept()
            except OSError:
                return
            self.clients.append(address[0])
            self.connected.append(client)
            thread = threading.Thread(target=self._serve, args=(client,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            stack.enter_context(client)
            if self._context is not None:
                client = self._context.wrap_socket(client, server_side=True)
                stack.enter_context(client)
            head = b""
            while b"\r\n\r\n" not in head:
                received = client.recv(65536)
                if not received:
                    return
                head += received
            line, *fields = head.decode().split("\r\n")[:-2]
            request = Request(
                line,
                dict(field.lower().split(": ", 1) for field in fields),
                self._names.get(id(client)),
            )
            self.requests.append(request)
            for piece in self.answer(request):
                client.sendall(piece)


class PlainPeer:
    """Takes connections, reads once, sends something and closes.

    Args:
        first: what it sends; None to send nothing and stay.
        greeting: what it sends before it reads.
    """

    def __init__(self, first: bytes | None, greeting: bytes = b"") -> None:
        self._first = first
        self._greeting = greeting
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._kept: list[socket.socket] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        for one in [self._listening, *self._kept]:
            one.close()
        self._thread.join(10)

    def _run(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            self._kept.append(client)
            if self._first is None:
                continue
            with contextlib.suppress(OSError), client:
                client.sendall(self._greeting)
                client.recv(65536)
                client.sendall(self._first)


class TLSPeer:
    """A TLS server that shakes hands and says no more."""

    def __init__(self, context: ssl.SSLContext, host: str = "127.0.0.1") -> None:
        self.context = context
        # Server name asked for, and protocol chosen or what went wrong, of each.
        self.handshakes: queue.Queue[tuple[str | None, str | None]] = queue.Queue()
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listening = socket.create_server((host, 0), family=family)
        self.port: int = self._listening.getsockname()[1]
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._name: str | None = None
        # Whether it leaves a good-bye unanswered, until it is told to end.
        self.is_stubborn = False
        self._end = threading.Event()
        context.sni_callback = self._named

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join(10)

    def _named(self, _: ssl.SSLObject, name: str | None, __: object) -> None:
        self._name = name

    def _run(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            with client:
                self.handshakes.put(self._shake_hands(client))

    def _shake_hands(self, client: socket.socket) -> tuple[str | None, str | None]:
        try:
            with self.context.wrap_socket(client, server_side=True) as wrapped:
                chosen = wrapped.selected_alpn_protocol()
                if self.is_stubborn:
                    self._end.wait(10)
                with contextlib.suppress(OSError):
                    wrapped.recv(1)
        except OSError as error:
            return self._name, str(error)
        return self._name, chosen
