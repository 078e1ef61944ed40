"""Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): a request that is sent
again, because its answer was lost, gets that answer and does nothing more."""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import TYPE_CHECKING, NamedTuple

from tlsmith.errors import InputError
from tlsmith.server.rest.endpoint import JSON, PROBLEM, Answer
from tlsmith.server.rest.faults import refused
from tlsmith.storage.access import keep_reply, reply

if TYPE_CHECKING:
    from tlsmith.authority.service import Authority
    from tlsmith.storage import Connection, Transaction

# A String of Structured Fields (RFC 9651), or what many send: the same without quotes.
_KEY = re.compile(rb'"([\x20\x21\x23-\x5b\x5d-\x7e]{1,255})"|([\x21-\x7e]{1,255})')
_REPLAYED = ((b"idempotency-replayed", b"true"),)

Work = Callable[["Transaction"], Answer]


class Keyed(NamedTuple):
    """A request with its key.

    Args:
        digest: SHA-256 of method, path and body.
    """

    actor: str
    key: str
    digest: bytes


def parse_key(given: bytes) -> str:
    """Return the key that a field holds.

    Raises:
        InputError: it is none.
    """
    found = _KEY.fullmatch(given.strip())
    if found is None or (found[1] is None and b'"' in given):
        raise InputError(
            "not an Idempotency-Key",
            code="bad-idempotency-key",
            hint='give 1 to 255 printable characters, such as "8e03978e-40d5-43dd"',
        )
    return (found[1] or found[2]).decode("ascii")


class OnceKeeper:
    """Does each keyed request once, whichever replica it comes to."""

    def __init__(self, authority: Authority) -> None:
        self._authority = authority
        self._running: set[tuple[str, str]] = set()
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def running(self, keyed: Keyed) -> Iterator[None]:
        """Note that a request runs.

        Raises:
            RequestRefusedError: with 409, where another with its key does.
        """
        name = keyed.actor, keyed.key
        with self._lock:
            if name in self._running:
                raise refused(
                    409,
                    "a request with this Idempotency-Key is being answered",
                    "in-progress",
                    "wait for its answer, then ask again with the same key",
                )
            self._running.add(name)
        try:
            yield
        finally:
            with self._lock:
                self._running.discard(name)

    def answered(self, keyed: Keyed) -> Answer | None:
        """Return the answer that was given already, or None.

        Raises:
            RequestRefusedError: with 422, where it was to another request.
        """
        with self._authority.storage.read() as connection:
            return _answered(connection, keyed)

    def begin(self, keyed: Keyed, work: Work) -> Future[Answer]:
        """Have a work done and its answer kept, in one transaction: both or neither."""
        now = self._authority.clock()

        def once(transaction: Transaction) -> Answer:
            # Another replica may have been asked at the same time.
            before = _answered(transaction, keyed)
            if before is not None:
                return before
            answer = work(transaction)
            kept = answer.kept or (answer.status, answer.body)
            who = keyed.actor, keyed.key
            keep_reply(transaction, who, keyed.digest, kept, now)
            return answer

        return self._authority.writer.begin(once)


def _answered(connection: Connection, keyed: Keyed) -> Answer | None:
    found = reply(connection, keyed.actor, keyed.key)
    if found is None:
        return None
    digest, status, body = found
    if digest != keyed.digest:
        raise refused(
            422,
            "this Idempotency-Key was used for another request",
            "idempotency-key-reused",
            "give each request a key of its own",
        )
    return Answer(status, body, JSON if status < 400 else PROBLEM, _REPLAYED)
