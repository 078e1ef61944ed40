"""Replies: a status, fields and a body, ready to be written by either side."""

from __future__ import annotations

import json
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from typing import Any, NamedTuple


class Reply(NamedTuple):
    """An HTTP response.

    Args:
        fields: the lines of its head, each with its CRLF, without those that the
            connection adds: date, content-length, connection.
        route: for the metrics, such as "/ocsp".
    """

    status: int
    fields: bytes
    body: bytes | memoryview
    route: str


@lru_cache(maxsize=4096)
def http_date(moment: int) -> bytes:
    """Return an HTTP-date (RFC 9110 5.6.7)."""
    return formatdate(moment, usegmt=True).encode()


@lru_cache(maxsize=64)
def status_line(status: int) -> bytes:
    """Return the first line of a response."""
    return b"HTTP/1.1 %d %b\r\n" % (status, HTTPStatus(status).phrase.encode())


def problem(status: int, detail: str, *, route: str = "other", **members: Any) -> Reply:
    """Return a problem document (RFC 9457)."""
    return Reply(
        status,
        b"content-type: application/problem+json\r\ncache-control: no-store\r\n",
        problem_body(status, detail, **members),
        route,
    )


def problem_body(status: int, detail: str, **members: Any) -> bytes:
    """Return the JSON of a problem document; members without a value are left out."""
    whole = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        **{name: value for name, value in members.items() if value},
    }
    return json.dumps(whole).encode()
