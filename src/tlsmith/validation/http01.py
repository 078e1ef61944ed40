"""http-01: a file on the name's own web server (RFC 8555 section 8.3)."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from functools import cache
from typing import cast

import tlsmith
from tlsmith.acme import problems
from tlsmith.acme.challenges import http_path
from tlsmith.errors import ACMEProblem
from tlsmith.validation._http_response import BadResponseError, ResponseParser
from tlsmith.validation.attempt import Attempt
from tlsmith.validation.dial import Dialer, start_tls, unverified_context
from tlsmith.validation.url import PORTS, URL, parse_location
from tlsmith.validation.words import quoted, reason_of

_MOST_REDIRECTS = 10
_REDIRECTS = (301, 302, 303, 307, 308)
# Beyond the key authorization: white space at its end, and the words of an error page.
_FURTHER = 1024
_WHITE_SPACE = b" \t\r\n\f\v"
_REQUEST = (
    "GET {path} HTTP/1.1\r\n"
    "Host: {authority}\r\n"
    "User-Agent: tlsmith/{version} (ACME http-01)\r\n"
    "Accept: */*\r\n"
    "Connection: close\r\n\r\n"
)


class HTTPValidation:
    """Asks web servers for key authorizations.

    Args:
        dialer: connects.
        http_port: where the first request goes.
        tls_port: one of those where redirects may lead.
    """

    def __init__(self, dialer: Dialer, http_port: int, tls_port: int) -> None:
        self._dialer = dialer
        self._port = http_port
        self._ports = frozenset((*PORTS.values(), http_port, tls_port))

    async def validate(
        self, host: str, token: str, key_authorization: str, attempt: Attempt
    ) -> None:
        """See that a host shows the key authorization.

        Raises:
            ACMEProblem: it does not.
        """
        expected = key_authorization.encode("ascii")
        url = URL("http", host, self._port, http_path(token))
        seen = {url}
        # By address as well: a name can point elsewhere between two requests.
        answered = set()
        while True:
            response = await self._get(url, len(expected) + _FURTHER, attempt)
            answered.add((url.host, attempt.address))
            if response.status not in _REDIRECTS:
                body = _shown(response, is_own=len(answered) == 1)
                return _judge(response, expected, _place(url, attempt), body)
            url = self._redirect(response, url, attempt)
            if url in seen or len(attempt.redirects) >= _MOST_REDIRECTS:
                raise problems.connection(
                    f"redirects lead in a circle, or are more than {_MOST_REDIRECTS}, "
                    f"the last one to {quoted(str(url))}: serve the file without"
                )
            seen.add(url)
            attempt.redirects.append(str(url))

    def _redirect(self, response: ResponseParser, url: URL, attempt: Attempt) -> URL:
        location = response.fields.get(b"location", b"")
        if not location:
            raise problems.connection(
                f"{_place(url, attempt)} answered with status {response.status}, a "
                "redirect, and does not say where to (no Location): see that the ACME "
                "client's file is served there"
            )
        try:
            return parse_location(location, url, self._ports)
        except ValueError as error:
            raise problems.connection(
                f"{_place(url, attempt)} redirects to {quoted(location)}: {error}"
            ) from error

    async def _get(self, url: URL, most: int, attempt: Attempt) -> ResponseParser:
        """Return the response to a GET, its body only as far as it is needed."""
        secure = url.scheme == "https"
        request = _REQUEST.format(
            path=url.path, authority=url.authority, version=tlsmith.__version__
        ).encode("ascii")
        transport, exchange = await self._dial(
            url, attempt, lambda: _Exchange(request, most, waits=secure)
        )
        place = _place(url, attempt)
        attempt.does(f"reading {place}")
        try:
            if secure:
                transport = await start_tls(transport, exchange, _context(), url.host)
                exchange.send(transport)
            return await exchange.response()
        except BadResponseError as error:
            raise _unreadable(place, error) from error
        except ssl.SSLError as error:
            raise problems.tls(
                f"no TLS with {place}: {reason_of(error)}: see the server's log"
            ) from error
        except OSError as error:
            raise problems.connection(
                f"the connection to {place} broke: {reason_of(error)}"
            ) from error
        finally:
            transport.abort()

    async def _dial(
        self, url: URL, attempt: Attempt, make: Callable[[], _Exchange]
    ) -> tuple[asyncio.Transport, _Exchange]:
        """Connect to a URL's host; what fails after a redirect is told as that."""
        try:
            return await self._dialer.dial(url.host, url.port, attempt, make)
        except ACMEProblem as problem:
            if not attempt.redirects:
                raise
            raise ACMEProblem(
                problem.type,
                f"redirected to {url}: {problem.message}",
                status=problem.status,
            ) from problem


class _Exchange(asyncio.Protocol):
    """One request sent, one response taken.

    Args:
        waits: nothing is sent or taken before TLS is there.
    """

    def __init__(self, request: bytes, most: int, *, waits: bool) -> None:
        self._request = request
        self._parser = ResponseParser(most)
        self._waits = waits
        self._end: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._error: Exception | None = None

    async def response(self) -> ResponseParser:
        """Wait for the response, and return it.

        Raises:
            BadResponseError: it is none.
            OSError: the connection broke.
        """
        await self._end
        if self._error is not None:
            raise self._error
        return self._parser

    def send(self, transport: asyncio.Transport) -> None:
        self._waits = False
        transport.write(self._request)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not self._waits:
            self.send(cast("asyncio.Transport", transport))

    def data_received(self, data: bytes) -> None:
        # Neither what comes before TLS counts, nor more than is needed.
        if self._waits or self._end.done():
            return
        try:
            if self._parser.feed(data):
                self._end.set_result(None)
        except BadResponseError as error:
            self._fail(error)

    def connection_lost(self, error: Exception | None) -> None:
        if self._end.done():
            return
        try:
            self._parser.end()
        except BadResponseError as early:
            self._fail(error or early)
        else:
            self._end.set_result(None)

    def _fail(self, error: Exception) -> None:
        self._error = error
        self._end.set_result(None)


@cache
def _context() -> ssl.SSLContext:
    """Return the TLS client for redirects to https, which takes any certificate.

    The certificate may be the one that is being asked for here, so there is none to
    trust yet. http-01 proves control over HTTP (RFC 8555 section 8.3): TLS on a way
    that plain HTTP leads to adds nothing to that.
    """
    return unverified_context()


def _shown(response: ResponseParser, *, is_own: bool) -> str:
    """Return what came, as whoever asked may be told it.

    Args:
        is_own: it is from where the host itself answered. A redirect can lead to any
            server that this one reaches: what stands on its pages is nobody's business.
    """
    body = bytes(response.body)
    if is_own:
        return quoted(body)
    more = "more than " if response.is_cut else ""
    return f"{more}{len(body)} bytes (not shown after a redirect to another host)"


def _judge(response: ResponseParser, expected: bytes, place: str, shown: str) -> None:
    body = bytes(response.body)
    if response.status != 200:
        what = f" and {shown}" if body else ""
        raise problems.incorrect_response(
            f"{place} answered with status {response.status}{what} where the key "
            "authorization was expected: see that the ACME client's file is served "
            "there"
        )
    if response.is_cut or body.rstrip(_WHITE_SPACE) != expected:
        raise problems.incorrect_response(
            f"{place} answered with {shown} where the key authorization "
            f"{quoted(expected)} was expected: see that the name points to the host "
            "of the ACME client, and that no other client answers there"
        )


def _unreadable(place: str, error: BadResponseError) -> ACMEProblem:
    return problems.connection(
        f"cannot read the answer of {place}: {error}: see that a web server listens "
        "there"
    )


def _place(url: URL, attempt: Attempt) -> str:
    """Return what was asked, printable as URLs here are, and which address it was."""
    if url.host == attempt.address:
        return str(url)
    return f"{url} (at {attempt.address})"
