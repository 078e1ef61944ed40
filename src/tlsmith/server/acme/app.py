"""The ASGI application: a request in, its reply out, as RFC 8555 section 6 has it."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

from tlsmith.acme import problems
from tlsmith.errors import (
    AccessError,
    ACMEProblem,
    InputError,
    RequestRefusedError,
    TLSmithError,
)
from tlsmith.server.acme.call import Call, Endpoint
from tlsmith.server.acme.challenges import Challenges
from tlsmith.server.acme.entrance import Entrance, Entry, Request
from tlsmith.server.acme.orders import order_to_finalize
from tlsmith.server.acme.reply import PROBLEM, Fields, Pending, Reply, link, retry_after
from tlsmith.server.acme.signed import Signer, check_content_type
from tlsmith.server.acme.table import Table
from tlsmith.server.acme.turn import Turn
from tlsmith.server.acme.urls import PREFIX, Places, URLs
from tlsmith.server.acme.waiting import result_of, when_done
from tlsmith.server.direct import Asked, Response, fields_of, lines_of
from tlsmith.server.logs import event, request_id
from tlsmith.server.problems import LATER, fault_of
from tlsmith.server.whole import MOST_BODY
from tlsmith.storage.acme.authorizations import PENDING, AuthorizationRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from concurrent.futures import Future

    from starlette.types import Receive, Scope, Send

    from tlsmith.authority.acme.service import ACMEService
    from tlsmith.server.acme.caa import CAACheck
    from tlsmith.server.direct import Respond
    from tlsmith.server.ports import Meter
    from tlsmith.storage.acme.nonces import Used

# Seconds after which a store or a key that was away may be back.
_AWAY = 5
_DIRECTORY, _NEW_NONCE = "directory", "new-nonce"
_FINALIZE, _CHALLENGE = "order/{}/finalize", "challenge/{}/{}"
_LOG = logging.getLogger("tlsmith.server.acme")
_Done = TypeVar("_Done")


class _Exchange:
    """A request, and who waits for what is answered."""

    __slots__ = ("asked", "path", "request_id", "respond", "route", "urls")

    def __init__(self, asked: Asked, respond: Respond) -> None:
        self.asked = asked
        self.respond = respond
        self.request_id = request_id.get()
        self.path = asked.target.removeprefix(PREFIX + "/")
        self.route = "other"
        self.urls: URLs | None = None


class ACMEApp:
    """ACME over an authority.

    Args:
        places: where clients reach this server.
        caa: asks DNS whether this CA may issue; None where that is not wanted.
    """

    def __init__(
        self,
        service: ACMEService,
        challenges: Challenges,
        meter: Meter,
        *,
        places: Places,
        caa: CAACheck | None = None,
    ) -> None:
        self._service = service
        self._challenges = challenges
        self._meter = meter
        self._places = places
        self._caa = caa
        self._table = Table()
        self._entrance = Entrance(service, places)
        self._turn = Turn(service.nonces, self._go_on, self._fail)
        self._tasks: set[asyncio.Task[Reply]] = set()
        self._threads = ThreadPoolExecutor(16, thread_name_prefix="tlsmith-acme")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request of which something is odd: see `SecureProtocol`."""
        asked = Asked(
            scope["method"],
            scope["raw_path"].partition(b"?")[0].decode("latin-1"),
            scope["query_string"],
            dict(scope["headers"]),
            (scope.get("client") or ("",))[0],
        )
        done: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        exchange = _Exchange(asked, done.set_result)
        try:
            found = self._found(exchange)
            if found is not None:
                body = b""
                if asked.method == "POST":
                    length = asked.fields.get(b"content-length", b"0")
                    body = await _read(receive, length)
                self._start(exchange, *found, body)
        except Exception as error:
            self._respond(exchange, self._failed(exchange, error))
        response = await done
        scope["tlsmith.route"] = response.route
        start = {"type": "http.response.start", "status": response.status}
        fields = fields_of(response.head)
        if response.is_last:
            fields.append((b"connection", b"close"))
        await send({**start, "headers": fields})
        await send({"type": "http.response.body", "body": response.body})

    def begin(self, asked: Asked, body: bytes, respond: Respond) -> None:
        """Answer a request: at once, where nothing has to be waited for."""
        exchange = _Exchange(asked, respond)
        try:
            found = self._found(exchange)
            if found is not None:
                self._start(exchange, *found, body)
        except Exception as error:
            self._respond(exchange, self._failed(exchange, error))

    def _found(self, exchange: _Exchange) -> tuple[Endpoint, tuple[str, ...]] | None:
        """Return what a request is to; None where that was answered already."""
        asked = exchange.asked
        host = asked.fields.get(b"host", b"").decode("latin-1")
        exchange.urls = self._places.for_client(host)
        route, ids = self._table.find(exchange.path)
        exchange.route = route.name
        allowed = _allowed(route.endpoint)
        if asked.method in allowed:
            return route.endpoint, ids
        self._respond(exchange, _not_allowed(asked.method, allowed))
        return None

    def _start(
        self, exchange: _Exchange, endpoint: Endpoint, ids: tuple[str, ...], body: bytes
    ) -> None:
        asked = exchange.asked
        if asked.method == "POST":
            check_content_type(asked.fields.get(b"content-type", b""))
        urls = exchange.urls
        assert urls is not None  # noqa: S101 -- see `_found`
        request = Request(asked, endpoint, ids, body, urls, exchange.request_id)
        is_far = not self._service.is_near
        if is_far or (endpoint.path == _FINALIZE and self._caa is not None):
            self._begin_task(exchange, request, self._answered(request))
        elif asked.method == "POST" and self._service.gathers:
            self._turn.take(exchange, self._entrance.entry(request))
        elif endpoint.path == _CHALLENGE:
            self._begin_task(exchange, request, self._answered(request))
        else:
            self._settle(exchange, request, self._handled(request))

    def _go_on(self, exchange: _Exchange, entry: Entry, used: Used) -> None:
        """Do a request whose nonce was used up with others'."""
        request = entry.request
        token = request_id.set(exchange.request_id)
        try:
            if request.endpoint.path == _CHALLENGE:
                call, record = self._entrance.let_in(
                    entry, used, self._look_at_challenge
                )
                answered = self._challenges.respond(call, record)
                self._begin_task(exchange, request, answered)
            else:
                self._settle(
                    exchange, request, self._entrance.let_in(entry, used, self._handle)
                )
        except Exception as error:
            self._fail(exchange, error)
        finally:
            request_id.reset(token)

    def _begin_task(
        self, exchange: _Exchange, request: Request, work: Coroutine[Any, Any, Reply]
    ) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(lambda done: self._ended(exchange, request, done))

    def _settle(
        self, exchange: _Exchange, request: Request, answer: Reply | Pending
    ) -> None:
        """Respond, once that is on disk which is to be told."""
        if isinstance(answer, Reply):
            self._done(exchange, request, answer)
            return
        then = answer.then

        def settled(done: Future[Any]) -> None:
            try:
                reply = then(done.result())
            except Exception as error:
                self._respond(exchange, self._failed(exchange, error))
            else:
                self._done(exchange, request, reply)

        when_done(answer.future, settled)

    def _ended(
        self, exchange: _Exchange, request: Request, done: asyncio.Task[Reply]
    ) -> None:
        self._tasks.discard(done)
        if done.cancelled():
            return
        error = done.exception()
        if error is None:
            self._done(exchange, request, done.result())
        elif isinstance(error, Exception):
            self._respond(exchange, self._failed(exchange, error))

    async def _answered(self, request: Request) -> Reply:
        endpoint = request.endpoint
        if endpoint.path == _CHALLENGE:
            call, record = await self._run(self._challenged, request)
            return await self._challenges.respond(call, record)
        if endpoint.path == _FINALIZE and self._caa is not None:
            call = await self._run(self._called, request)
            # First what we know: DNS is not asked for who has proved nothing.
            order = await self._run(order_to_finalize, call)
            await self._caa.check(order, call.urls.account(call.holder.id))
            answer = await self._run(endpoint.handle, call)
        else:
            answer = await self._run(self._handled, request)
        if isinstance(answer, Pending):
            answer = answer.then(await result_of(answer.future))
        return answer

    def _done(self, exchange: _Exchange, request: Request, reply: Reply) -> None:
        if request.asked.method == "HEAD" and request.endpoint.path == _NEW_NONCE:
            reply = reply._replace(status=200)  # section 7.2
        if request.asked.method == "POST":
            self._meter.count("acme-step", request.endpoint.path)
        self._respond(exchange, reply)

    async def _run(self, work: Callable[[Any], _Done], given: Any) -> _Done:
        """Do what reads the store, and signs; where that takes long, in a thread."""
        if self._service.is_near:
            return work(given)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, work, given)

    def _handled(self, request: Request) -> Reply | Pending:
        """Find out whose a request is, and do it, in one go: threads are dear."""
        return self._entrance.alone(request, self._handle)

    def _handle(self, request: Request, signer: Signer | None) -> Reply | Pending:
        return request.endpoint.handle(self._call(request, signer))

    def _called(self, request: Request) -> Call:
        """Return the request, and nothing is kept of what was read with its nonce."""
        return self._entrance.alone(request, self._call)

    def _challenged(self, request: Request) -> tuple[Call, AuthorizationRecord]:
        """Return the authorization of a challenge that may be tried, or is read."""
        return self._entrance.alone(request, self._look_at_challenge)

    def _look_at_challenge(
        self, request: Request, signer: Signer | None
    ) -> tuple[Call, AuthorizationRecord]:
        call = self._call(request, signer)
        record = self._service.authorization(call.holder, call.ids[0])
        if not call.is_reading and record.status == PENDING:
            self._service.refuse_tries(record)
        return call, record

    def _call(self, request: Request, signer: Signer | None) -> Call:
        asked = request.asked
        call = Call(
            self._service,
            signer.urls if signer else request.urls,
            request.ids,
            signer.signed if signer else None,
            signer.account if signer else None,
            signer.key if signer else None,
            asked.client,
            request.request_id,
            asked.query,
        )
        if not request.endpoint.keys:
            call.require_reading()
        return call

    def _fail(self, exchange: _Exchange, error: Exception) -> None:
        self._respond(exchange, self._failed(exchange, error))

    def _failed(self, exchange: _Exchange, error: Exception) -> Reply:
        """Return what is told of an error; those that are ours to mend are logged."""
        problem = _problem_of(error)
        self._meter.count("acme-problem", problem.type)
        if problem.status >= 500:
            token = request_id.set(exchange.request_id)
            event(_LOG, logging.ERROR, "acme-failed", error=error)
            request_id.reset(token)
        return _told(problem)

    def _respond(self, exchange: _Exchange, reply: Reply) -> None:
        status, body, kind, fields = reply
        parts = [lines_of(fields)] if fields else []
        if body:
            parts.append(b"content-type: %b\r\n" % kind)
        if status != 204:
            parts.append(b"content-length: %d\r\n" % len(body))
        is_post = exchange.asked.method == "POST"
        # Every response to a signed request has a nonce: section 6.5.
        if is_post or exchange.path == _NEW_NONCE:
            parts.append(b"replay-nonce: %b\r\n" % self._service.nonces.give().encode())
        if exchange.urls is not None and (is_post or exchange.path != _DIRECTORY):
            parts.append(exchange.urls.index)
        response = Response(
            status, b"".join(parts), body, exchange.route, status == 413
        )
        exchange.respond(response)

    async def maintain(self, known: URLs) -> None:
        """Take over what processes that ended have left.

        Args:
            known: the URLs of accounts, where no client says by which it knows us.
        """
        await self._challenges.take_over(known)

    async def close(self) -> None:
        """Let end what runs."""
        await self._challenges.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._threads.shutdown()
        self._service.close()


def _allowed(endpoint: Endpoint) -> tuple[str, ...]:
    """Return the methods of an endpoint (sections 6.3 and 7.2, RFC 9773 4.1)."""
    if endpoint.keys:
        return ("POST",)
    if endpoint.path in (_DIRECTORY, _NEW_NONCE):
        return ("GET", "HEAD", "POST")
    return ("GET", "HEAD")


def _not_allowed(method: str, allowed: tuple[str, ...]) -> Reply:
    how = "by POST-as-GET" if allowed == ("POST",) else f"by {' or '.join(allowed)}"
    problem = problems.malformed(f"{method[:20]}: this is asked {how}", status=405)
    fields = ((b"allow", ", ".join(allowed).encode()),)
    return _told(problem)._replace(fields=fields)


def _problem_of(error: Exception) -> ACMEProblem:
    if isinstance(error, ACMEProblem):
        return error
    if isinstance(error, RequestRefusedError):
        return problems.malformed(error.message, status=error.status)
    if isinstance(error, AccessError):
        return problems.unauthorized(error.message)
    fault = fault_of(error)  # a wrong passphrase is an InputError
    if isinstance(error, InputError) and not fault:
        return problems.malformed(error.message)
    if isinstance(error, TLSmithError):
        # Where the store is, or a key, is in the log alone.
        said = f"{fault}: {LATER}" if fault else error.message
        return problems.server_internal(said, status=503, retry_after=_AWAY)
    return problems.server_internal("this should not have happened: see the log")


def _told(problem: ACMEProblem) -> Reply:
    fields: Fields = ()
    if problem.retry_after is not None:
        fields = (retry_after(problem.retry_after),)
    if problem.type == "userActionRequired":  # section 7.3.3
        where = str(problem.fields.get("instance", ""))
        fields = (*fields, link(where, "terms-of-service"))
    return Reply(problem.status, problems.encode_problem(problem), PROBLEM, fields)


async def _read(receive: Receive, length: bytes) -> bytes:
    """Return the body.

    Args:
        length: what the client says it is.

    Raises:
        ACMEProblem: malformed, 413: what is left of it is not read.
    """
    parts, size = [], 0
    while True:
        if max(size, int(length)) > MOST_BODY:
            raise problems.malformed(f"a body of over {MOST_BODY} bytes", status=413)
        message = await receive()
        if message["type"] == "http.disconnect":
            raise problems.malformed("the client went away")
        part = message.get("body", b"")
        size += len(part)
        parts.append(part)
        if not message.get("more_body") and size <= MOST_BODY:
            return b"".join(parts)
