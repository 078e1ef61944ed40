"""An endpoint: what routes, validates and documents it; a call of one; its answer."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

if TYPE_CHECKING:
    from tlsmith.authority.actor import Actor
    from tlsmith.authority.service import Authority
    from tlsmith.storage import Transaction

JSON, PROBLEM = "application/json", "application/problem+json"
PEM_CHAIN, TOML = "application/pem-certificate-chain", "application/toml"

_encode = msgspec.json.Encoder().encode


class Answer(NamedTuple):
    """A response.

    Args:
        kept: status and body that a replay of the request gets in place of this, where
            this has something in it that is answered once.
    """

    status: int
    body: bytes = b""
    content_type: str = JSON
    fields: tuple[tuple[bytes, bytes], ...] = ()
    kept: tuple[int, bytes] | None = None


class Pending(NamedTuple):
    """A response that may be given once it is on disk.

    No thread waits for that: a few threads with much to do are quicker than many that
    wake each other up.

    Args:
        then: what is done when it is.
    """

    future: Future[Answer]
    then: Callable[[], None]


class Call(NamedTuple):
    """A request whose parts are in order, of somebody who may make it.

    Args:
        body: of the type that the endpoint says; as are the next two.
        begin: has a work done in a transaction, together with keeping its answer.
    """

    authority: Authority
    actor: Actor
    body: Any
    query: Any
    place: Any
    begin: Callable[[Callable[[Transaction], Answer]], Future[Answer]]


class Endpoint(NamedTuple):
    """What is at a path, for a method.

    Args:
        path: with `{name}` for what `place` has.
        role: the least one it needs; None for anybody, without authentication.
        answer: the type of what is answered, or a media type; None for nothing.
        takes: the media type of the body.
        once: an Idempotency-Key is minded.
    """

    method: str
    path: str
    handle: Callable[[Call], Answer | Pending]
    summary: str
    role: str | None
    answer: type | str | None
    status: int = 200
    body: type | None = None
    takes: str = JSON
    query: type | None = None
    place: type | None = None
    once: bool = False


def json_answer(facts: object, status: int = 200) -> Answer:
    """Return facts as JSON."""
    return Answer(status, _encode(facts))
