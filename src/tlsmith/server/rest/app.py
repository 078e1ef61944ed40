"""The ASGI application: a request in, in a thread to the authority, its answer out."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from tlsmith.authority.actor import Actor
from tlsmith.errors import AccessError, RequestRefusedError, TLSmithError
from tlsmith.server.logs import request_id
from tlsmith.server.rate import RateLimit
from tlsmith.server.rest.decode import (
    check_content_type,
    convert,
    decode_body,
    decode_query,
)
from tlsmith.server.rest.endpoint import Answer, Call, Endpoint, Pending
from tlsmith.server.rest.faults import problem_of
from tlsmith.server.rest.messages import Nothing
from tlsmith.server.rest.mounting import MOST_BODY
from tlsmith.server.rest.once import Keyed, OnceKeeper, parse_key
from tlsmith.server.rest.table import Table
from tlsmith.server.rest.who import Caller, Doorkeeper

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from tlsmith.authority.service import Authority

# As `server.secure` has it: DER of a client that proved to have its key.
PEER_CERTIFICATE = "tlsmith.peer_certificate"
# Set while a part of the body was not read: the connection cannot be used again.
_UNREAD = "tlsmith.unread"
_NO_STORE = (b"cache-control", b"no-store")
# Bytes of a body that are read before it is known who sends it.
_UNASKED = 64 * 1024

_Done = TypeVar("_Done")


class _Request(NamedTuple):
    endpoint: Endpoint
    names: dict[str, str]
    caller: Caller
    fields: dict[bytes, bytes]
    scope: Scope
    body: bytes


class RestApp:
    """The API over an authority.

    Args:
        prefix: of every path.
        failures: after how many failed authentications an address is turned away.
        most_body: bytes of a request's body.
        threads: that read the store and sign; none of them waits for a commit, but
            where a request has an Idempotency-Key.
    """

    def __init__(
        self,
        authority: Authority,
        *,
        prefix: str = "/api/v1",
        failures: RateLimit | None = None,
        most_body: int = MOST_BODY,
        threads: int = 16,
    ) -> None:
        self._authority = authority
        self._prefix = prefix.encode("ascii")
        self._most_body = most_body
        self._table = Table()
        self._doorkeeper = Doorkeeper(authority, failures or RateLimit(30))
        self._once = OnceKeeper(authority)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="tlsmith-api")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        try:
            answer = await self._answered(scope, receive)
        except TLSmithError as error:
            store = self._authority.storage.url
            answer = problem_of(error, store, request_id.get())
        fields = [
            (b"content-type", answer.content_type.encode("ascii")),
            (b"content-length", b"%d" % len(answer.body)),
            _NO_STORE,
            *answer.fields,
        ]
        if answer.status == 204:
            fields = [_NO_STORE, *answer.fields]
        if scope.get(_UNREAD):
            fields.append((b"connection", b"close"))
        start = {"type": "http.response.start", "status": answer.status}
        await send({**start, "headers": fields})
        await send({"type": "http.response.body", "body": answer.body})

    async def _answered(self, scope: Scope, receive: Receive) -> Answer:
        path = scope["raw_path"].partition(b"?")[0].removeprefix(self._prefix)
        endpoint, names = self._table.find(scope["method"], path)
        scope["tlsmith.route"] = self._prefix.decode("ascii") + endpoint.path
        client = scope.get("client") or ("", 0)
        caller = Caller(
            client[0],
            tuple(v for name, v in scope["headers"] if name == b"authorization"),
            scope.get(PEER_CERTIFICATE),
            request_id.get(),
        )
        body = b""
        if endpoint.body:
            scope[_UNREAD] = True
            body = await self._read(receive, endpoint, caller)
            scope[_UNREAD] = False
        request = _Request(endpoint, names, caller, dict(scope["headers"]), scope, body)
        answer = await self._in_thread(self._work, request)
        if isinstance(answer, Answer):
            return answer
        found = await asyncio.wrap_future(answer.future)
        answer.then()
        return found

    async def _in_thread(self, work: Callable[..., _Done], *given: Any) -> _Done:
        context = contextvars.copy_context()
        return await asyncio.get_running_loop().run_in_executor(
            self._threads, partial(context.run, work, *given)
        )

    async def _read(
        self, receive: Receive, endpoint: Endpoint, caller: Caller
    ) -> bytes:
        """Return the body, within the limit; a large one of those who may ask alone."""
        parts, size, is_known = [], 0, False
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise RequestRefusedError(400, "the client went away", code="gone")
            part = message.get("body", b"")
            size += len(part)
            if size > self._most_body:
                raise _too_large(self._most_body)
            parts.append(part)
            if not message.get("more_body"):
                return b"".join(parts)
            if size > _UNASKED and not is_known:
                await self._in_thread(self._admit, endpoint, caller)
                is_known = True

    def _admit(self, endpoint: Endpoint, caller: Caller) -> Actor:
        if endpoint.role is None:
            return Actor("anybody", "viewer", request_id=caller.request_id)
        what = f"{endpoint.method} {endpoint.path}"
        return self._doorkeeper.admit(caller, endpoint.role, what)

    def _work(self, request: _Request) -> Answer | Pending:
        """Handle a request; in a thread, for it reads the store, and signs."""
        endpoint, caller = request.endpoint, request.caller
        actor = self._admit(endpoint, caller)
        call = Call(
            self._authority,
            actor,
            _body_of(request),
            decode_query(endpoint.query or Nothing, request.scope["query_string"]),
            convert(endpoint.place, request.names) if endpoint.place else None,
            self._authority.writer.begin,
        )
        try:
            return self._handled(request, call)
        except AccessError as error:
            self._doorkeeper.note(error, caller, actor)
            raise

    def _handled(self, request: _Request, call: Call) -> Answer | Pending:
        given = request.fields.get(b"idempotency-key")
        if given is None or not request.endpoint.once:
            return request.endpoint.handle(call)
        keyed = Keyed(call.actor.name, parse_key(given), _digest(request))
        with self._once.running(keyed):
            before = self._once.answered(keyed)
            if before is not None:
                return before
            begin = partial(self._once.begin, keyed)
            answer = request.endpoint.handle(call._replace(begin=begin))
            # Until it is on disk it runs, and another with its key is told so.
            if isinstance(answer, Pending):
                answer.future.exception()
            return answer

    def close(self) -> None:
        """Let end what runs."""
        self._threads.shutdown()


def _body_of(request: _Request) -> Any:
    endpoint = request.endpoint
    if endpoint.body is None:
        return None
    if request.body or endpoint.body is bytes:
        given = request.fields.get(b"content-type", b"")
        check_content_type(given, endpoint.takes)
    if endpoint.body is bytes:
        return request.body
    return decode_body(endpoint.body, request.body)


def _digest(request: _Request) -> bytes:
    head = f"{request.scope['method']} {request.scope['path']}\n"
    return sha256(head.encode("utf-8", "surrogatepass") + request.body).digest()


def _too_large(most: int) -> RequestRefusedError:
    return RequestRefusedError(
        413,
        f"the body is over {most} bytes",
        code="too-large",
        hint="ask for fewer certificates in one request",
    )
