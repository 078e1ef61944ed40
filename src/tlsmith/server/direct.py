"""Requests that are answered without a framework, as ACME's are.

Through uvicorn and two ASGI applications a small request costs 70 microseconds more,
and what every request has around it is the same.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple, Protocol

from tlsmith.server.envelope import FIELDS, Envelope, id_of, too_many
from tlsmith.server.logs import request_id
from tlsmith.server.problems import problem_of
from tlsmith.server.reply import status_line
from tlsmith.server.request_lines import Told

if TYPE_CHECKING:
    from tlsmith.errors import RequestRefusedError

_COMMON = b"".join(b"%b: %b\r\n" % field for field in FIELDS)


class Asked(NamedTuple):
    """A request without its body.

    Args:
        target: its path, as it was sent.
        query: what follows that, without the question mark.
        fields: by their names in small letters.
        client: their address.
    """

    method: str
    target: str
    query: bytes
    fields: Mapping[bytes, bytes]
    client: str


class Response(NamedTuple):
    """What is answered.

    Args:
        head: the lines that not every response has, each with its CRLF.
        route: for the metrics: bounded, unlike paths.
        is_last: whether the connection is closed behind it.
    """

    status: int
    head: bytes
    body: bytes
    route: str
    is_last: bool = False


Respond = Callable[[Response], None]
# Takes the lines of a head, each with its CRLF, and a body; the last that is sent where
# the third is set.
Send = Callable[[bytes, bytes, bool], None]


class DirectApp(Protocol):
    """What answers; see `ACMEApp`."""

    def begin(self, asked: Asked, body: bytes, respond: Respond) -> None:
        """Answer a request, at once or later, in the event loop."""
        ...


class Direct:
    """What surrounds requests that are answered so: as the envelope does it."""

    def __init__(self, envelope: Envelope, app: DirectApp) -> None:
        self._envelope = envelope
        self._app = app

    def begin(self, asked: Asked, body: bytes, send: Send) -> None:
        """Answer a request, at once or later."""
        began = time.perf_counter()
        identifier = id_of(asked.fields)

        def respond(response: Response) -> None:
            status, lines, body, route, is_last = response
            if asked.method == "HEAD":
                body = b""
            send(_head(status, lines, identifier), body, is_last)
            seconds = time.perf_counter() - began
            self._envelope.note(
                Told(asked.client, asked.method, asked.target, identifier),
                route,
                status,
                seconds,
            )

        token = request_id.set(identifier)
        try:
            wait = self._envelope.spend(asked.client)
            if wait:
                respond(_refused(too_many(wait), identifier))
            else:
                self._app.begin(asked, body, respond)
        finally:
            request_id.reset(token)


def _refused(error: RequestRefusedError, identifier: str) -> Response:
    status, body = problem_of(error, identifier)
    fields = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", b"%d" % len(body)),
        *error.fields,
    ]
    return Response(status, lines_of(fields), body, "other", is_last=True)


def lines_of(fields: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Return the lines of a head that fields are."""
    return b"".join([b"%b: %b\r\n" % field for field in fields])


def fields_of(lines: bytes) -> list[tuple[bytes, bytes]]:
    """Return the fields that lines of a head are."""
    pairs = (line.partition(b": ") for line in lines.split(b"\r\n")[:-1])
    return [(name, value) for name, _, value in pairs]


def _head(status: int, lines: bytes, identifier: str) -> bytes:
    return b"%b%b%bx-request-id: %b\r\n" % (
        status_line(status), _COMMON, lines, identifier.encode("ascii"),
    )  # fmt: skip
