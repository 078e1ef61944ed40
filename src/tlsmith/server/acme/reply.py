"""What a request of ACME gets: a reply, or one that waits for the disk."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, NamedTuple

JSON, PROBLEM = b"application/json", b"application/problem+json"
PEM_CHAIN = b"application/pem-certificate-chain"

Fields = tuple[tuple[bytes, bytes], ...]


class Reply(NamedTuple):
    """A response, without what every one has."""

    status: int
    body: bytes = b""
    content_type: bytes = JSON
    fields: Fields = ()


class Pending(NamedTuple):
    """A response that may be given once something is on disk.

    Args:
        then: makes the response of what was done.
    """

    future: Future[Any]
    then: Callable[[Any], Reply]


def location(url: str) -> tuple[bytes, bytes]:
    """Return the field that says where something is."""
    return b"location", url.encode("ascii")


def link(url: str, relation: str) -> tuple[bytes, bytes]:
    """Return a Link field (RFC 8288)."""
    return b"link", f'<{url}>;rel="{relation}"'.encode("ascii")


def retry_after(seconds: int) -> tuple[bytes, bytes]:
    """Return the field that says when to ask again."""
    return b"retry-after", b"%d" % seconds
