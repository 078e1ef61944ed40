"""A client that places orders, one after another, on a connection that stays."""

from __future__ import annotations

import functools
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

import msgspec

from .account import Account, encode_base64url
from .connection import Answer, Connection
from .loop import Loop
from .responder import name_for

_LIMIT = 10
_ATTEMPTS = 400


class Directory(msgspec.Struct, rename="camel"):
    new_nonce: str
    new_account: str
    new_order: str


class _Order(msgspec.Struct):
    status: str
    finalize: str
    authorizations: list[str]
    certificate: str = ""


class _Challenge(msgspec.Struct):
    type: str
    url: str
    status: str


class _Authorization(msgspec.Struct):
    status: str
    challenges: list[_Challenge]


class _Problem(msgspec.Struct):
    type: str


class Work(NamedTuple):
    """One order to be placed."""

    number: int
    account: Account
    csr: str


class Tally:
    """What became of the orders, and when."""

    def __init__(self) -> None:
        self.finished: list[tuple[float, float]] = []
        self.errors: Counter[str] = Counter()
        self.counts: Counter[str] = Counter()
        self.answers = 0


class RefusedError(Exception):
    """An answer that ends an order."""


_Step = Generator["tuple[str, str, bytes] | float", Answer, Answer]
_order = msgspec.json.Decoder(_Order).decode
_authorization = msgspec.json.Decoder(_Authorization).decode
_challenge = msgspec.json.Decoder(_Challenge).decode
_EMPTY_OBJECT = encode_base64url(b"{}")


class Client:
    """One client: asks, waits for the answer, asks again.

    What it does is written as generators, which yield a request, or seconds to wait,
    and are sent the answer.
    """

    def __init__(
        self,
        loop: Loop,
        directory: Directory,
        work: Iterator[Work],
        tally: Tally,
        patience: float,
    ) -> None:
        self._loop, self._directory, self._work = loop, directory, work
        self._tally, self._patience = tally, patience
        self._nonce = ""
        self._bodiless = False
        self.certificate: tuple[Work, bytes] | None = None
        self.busy = True
        self._connection: Connection | None = None
        self._doing: _Step | None = None
        self._begin()

    def close(self) -> None:
        if self._connection is not None:
            self._loop.remove(self._connection.descriptor)
            self._connection.close()
        self._connection = self._doing = None

    def _begin(self) -> None:
        where = urlsplit(self._directory.new_order)
        self._connection = Connection(where.hostname or "", where.port or 443)
        self._loop.add(self._connection.descriptor, self._read)
        self._doing = self._place_orders()
        self._go_on(None)

    def _read(self) -> None:
        assert self._connection is not None
        try:
            answer = self._connection.answer(bodiless=self._bodiless)
            if answer is not None:
                self._tally.answers += 1
                self._nonce = answer.nonce or self._nonce
                self._go_on(answer)
        except OSError as error:
            self._tally.errors[f"connection: {error}"] += 1
            self.close()
            self._begin()

    def _go_on(self, answer: Answer | None) -> None:
        assert self._doing is not None
        assert self._connection is not None
        try:
            # A generator that begins, or has waited, is sent nothing.
            wanted = self._doing.send(answer)  # type: ignore[arg-type]
        except StopIteration:
            self.busy = False
            return
        if isinstance(wanted, float):
            self._loop.call_later(wanted, functools.partial(self._wake, self._doing))
            return
        method, url, body = wanted
        self._bodiless = method == "HEAD"
        self._tally.counts["requests"] += 1
        self._connection.ask(method, _path(url), body)

    def _wake(self, waiting: _Step) -> None:
        # A connection that was closed meanwhile has begun anew, or nothing.
        if waiting is self._doing:
            self._go_on(None)

    def _place_orders(self) -> _Step:
        answer = yield "HEAD", self._directory.new_nonce, b""
        for work in self._work:
            began = time.perf_counter()
            try:
                if not work.account.kid:
                    yield from self._register(work.account)
                answer = yield from self._place(work)
            except RefusedError as error:
                self._tally.errors[str(error)] += 1
            else:
                ended = time.perf_counter()
                self._tally.finished.append((ended, ended - began))
                self.certificate = work, answer.body
        return answer

    def _register(self, account: Account) -> _Step:
        payload = encode_base64url(b'{"termsOfServiceAgreed":true}')
        answer = yield from self._post(account, self._directory.new_account, payload)
        account.kid = answer.location
        return answer

    def _place(self, work: Work) -> _Step:
        account, post = work.account, self._post
        name = name_for(work.number, account)
        payload = f'{{"identifiers":[{{"type":"dns","value":"{name}"}}]}}'
        payload = encode_base64url(payload.encode("ascii"))
        answer = yield from post(account, self._directory.new_order, payload)
        order, order_url = _order(answer.body), answer.location
        yield from self._authorize(account, order.authorizations[0])
        answer = yield from post(account, order.finalize, work.csr)
        order = _order(answer.body)
        if order.status != "valid":
            answer = yield from self._wait(account, order_url, _order, "processing")
            order = _order(answer.body)
        answer = yield from post(account, order.certificate)
        if not answer.body.startswith(b"-----BEGIN CERTIFICATE-----"):
            raise RefusedError("no certificate")
        return answer

    def _authorize(self, account: Account, url: str) -> _Step:
        answer = yield from self._post(account, url)
        found = _authorization(answer.body).challenges
        challenge = next(one for one in found if one.type == "http-01")
        answer = yield from self._post(account, challenge.url, _EMPTY_OBJECT)
        if _challenge(answer.body).status != "valid":
            answer = yield from self._wait(account, url, _authorization, "pending")
        return answer

    def _wait(
        self,
        account: Account,
        url: str,
        decode: Callable[[bytes], _Order | _Authorization],
        unready: str,
    ) -> _Step:
        """Ask until the status is another one than `unready`, which has to be valid."""
        for _ in range(_ATTEMPTS):
            yield self._patience
            self._tally.counts["polls"] += 1
            answer = yield from self._post(account, url)
            status = decode(answer.body).status
            if status == "valid":
                return answer
            if status != unready:
                raise RefusedError(f"became {status}")
        raise RefusedError(f"stayed {unready}")

    def _post(self, account: Account, url: str, payload: str = "") -> _Step:
        """Send a request, and once more with another nonce if that was bad."""
        for _ in range(_LIMIT):
            body = account.sign(url, self._nonce, payload)
            answer = yield "POST", url, body
            if answer.status < 300:
                return answer
            if b"badNonce" not in answer.body:
                break
            self._tally.counts["bad nonces"] += 1
        raise RefusedError(f"{answer.status} {_kind(answer.body)} at {_step(url)}")


def _path(url: str) -> str:
    return url[url.index("/", 8) :]


def _kind(body: bytes) -> str:
    """Return a problem's type."""
    try:
        return msgspec.json.decode(body, type=_Problem).type.rpartition(":")[2]
    except msgspec.MsgspecError:
        return body[:60].decode("ascii", "replace")


def _step(url: str) -> str:
    """Return a URL's first word below the directory, which says what was asked."""
    words = [word for word in _path(url).split("/") if word.isalpha()]
    return "/".join(words[-2:])
