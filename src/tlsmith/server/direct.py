"""Requests that are answered without a framework, as ACME's are.

Through uvicorn and two ASGI applications a small request costs 70 microseconds more,
and what every request has around it is the same.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, Protocol

from tlsmith.server.envelope import FIELDS, Envelope, id_of, too_many
from tlsmith.server.logs import request_id
from tlsmith.server.problems import problem_of
from tlsmith.server.reply import status_line
from tlsmith.server.request_lines import Told

if TYPE_CHECKING:
    from tlsmith.errors import RequestRefusedError

# Bytes of a body; of one that is longer, nothing is read.
MOST_BODY = 128 * 1024
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
    fields: dict[bytes, bytes]
    client: str


class Response(NamedTuple):
    """What is answered.

    Args:
        fields: those that not every response has.
        route: for the metrics: bounded, unlike paths.
    """

    status: int
    fields: list[tuple[bytes, bytes]]
    body: bytes
    route: str


Respond = Callable[[Response], None]
# Takes the lines of a head, each with its CRLF, and a body; the last that is sent where
# the third is set.
Send = Callable[[list[bytes], bytes, bool], None]


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
            head = _head(response, identifier)
            is_last = any(name == b"connection" for name, _ in response.fields)
            send(head, b"" if asked.method == "HEAD" else response.body, is_last)
            seconds = time.perf_counter() - began
            self._envelope.note(
                Told(asked.client, asked.method, asked.target, identifier),
                response.route,
                response.status,
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
        (b"connection", b"close"),
    ]
    return Response(status, fields, body, "other")


def _head(response: Response, identifier: str) -> list[bytes]:
    lines = [status_line(response.status), _COMMON]
    lines += [
        b"%b: %b\r\n" % field for field in response.fields if field[0] != b"connection"
    ]
    lines.append(b"x-request-id: %b\r\n" % identifier.encode("ascii"))
    return lines
