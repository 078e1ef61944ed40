"""ACME in this process: the real application, store and validator, without sockets."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import ipaddress
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import Message
from typing import Any, NamedTuple

from acme_account import Account
from acme_site import Site
from acme_wire import Answer, Wire
from authorities import Clock, TestCA
from tlsmith.authority.acme.service import ACMEService
from tlsmith.authority.acme.settings import ACMELimits, ACMESettings
from tlsmith.server.acme.app import ACMEApp
from tlsmith.server.acme.challenges import Challenges
from tlsmith.server.acme.urls import Places
from tlsmith.storage.postgres import PostgresStorage
from tlsmith.storage.reach import Reach
from tlsmith.validation.settings import ValidationSettings
from tlsmith.validation.validator import Validator

BASE = "https://ca.test"


class Unmetered:
    """Counts nothing."""

    def count(self, event: str, label: str, amount: int = 1) -> None:
        """Count nothing."""

    def measure(self, what: str, value: float) -> None:
        """Note nothing."""


class InsideWire(Wire):
    """Hands requests to the application, from any thread."""

    is_whole = False

    def __init__(self, app: ACMEApp, loop: asyncio.AbstractEventLoop) -> None:
        self._app = app
        self._loop = loop
        self.directory_url = f"{BASE}/acme/directory"
        self._nonces: list[str] = []
        self._opened: list[http.client.HTTPSConnection] = []
        self.directory = self.send("GET", self.directory_url).json

    def _exchange(
        self, method: str, url: str, path: str, body: bytes | None, headers: dict
    ) -> Answer:
        raw, _, query = path.partition("?")
        fields = {"Host": "ca.test", **headers}
        scope = {
            "type": "http",
            "method": method,
            "raw_path": raw.encode(),
            "query_string": query.encode(),
            "headers": [(k.lower().encode(), v.encode()) for k, v in fields.items()],
            "client": ("127.0.0.1", 1),
        }
        work = self._called(scope, body or b"")
        status, heads, heard = asyncio.run_coroutine_threadsafe(
            work, self._loop
        ).result(30)
        message = http.client.HTTPMessage()
        for name, value in heads:
            Message.add_header(message, name.decode(), value.decode())
        return Answer(method, url, status, message, heard)

    async def _called(self, scope: Any, body: bytes) -> tuple[int, list, bytes]:
        sent: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": body}

        async def send(message: Any) -> None:
            sent.append(message)

        await self._app(scope, receive, send)
        heard = b"".join(one.get("body", b"") for one in sent)
        return sent[0]["status"], sent[0]["headers"], heard


class Inside(NamedTuple):
    """A CA in this process, and whom it serves."""

    ca: TestCA
    site: Site
    wire: InsideWire

    def account(self) -> Account:
        """Register an account."""
        return Account.registered(self.wire, self.site)

    def issued_to(self, account: Account) -> int:
        """Return how many certificates an account was issued."""
        who = f"acme:{account.url.rpartition('/')[2]}"
        with self.ca.authority.storage.look() as connection:
            row = connection.one(
                "SELECT count(*) FROM certificates WHERE requester = ?", who
            )
        assert row is not None
        return int(row[0])


class FarAway(Reach):
    """Of a database that is never near."""

    is_near = False


@contextlib.contextmanager
def inside(store: str, site: Site, *, is_away: bool = False) -> Iterator[Inside]:
    """Make a CA whose validations are tried once, so that they fail at once.

    Args:
        store: the URL of a new one.
        is_away: it is in PostgreSQL, and never taken for near.
    """
    ca = TestCA(store, Clock(datetime.now(UTC)))
    if is_away:
        assert isinstance(ca.authority.storage, PostgresStorage)
        ca.authority.storage.reach = FarAway()
    service = ACMEService(ca.authority, ACMESettings(limits=ACMELimits(failures=0)))
    host, port = site.resolver.split(":")
    settings = ValidationSettings(
        http_port=site.http_port,
        resolvers=((host, int(port)),),
        allow=(ipaddress.IPv4Network("127.0.0.0/8"),),
    )
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def opened() -> tuple[ACMEApp, Validator]:
        validator = Validator(settings)
        challenges = Challenges(service, validator, Unmetered(), pauses=())
        ca.authority.writer.attend(loop)
        return ACMEApp(service, challenges, Unmetered(), places=Places(BASE)), validator

    app, validator = asyncio.run_coroutine_threadsafe(opened(), loop).result(30)
    try:
        yield Inside(ca, site, InsideWire(app, loop))
    finally:
        for closing in (app.close(), validator.close()):
            asyncio.run_coroutine_threadsafe(closing, loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
        ca.close()
