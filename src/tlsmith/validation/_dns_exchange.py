"""One DNS server asked: over UDP, and over TCP where UDP will not do."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable, Sequence
from typing import NamedTuple

from tlsmith.validation._dns_message import (
    FORMAT_ERROR,
    Answer,
    BadMessageError,
    Question,
    parse_answer,
)
from tlsmith.validation.words import reason_of

# Seconds until what has not been answered is asked again, and in the end given up.
ROUNDS = (1.0, 1.5, 2.0)
_TCP_TIME = 4.0
# Answers to something else. Somebody may be guessing: over TCP that does not work.
_MOST_STRAY = 32
_LARGEST = 4096

Server = tuple[str, int]


class NoAnswerError(Exception):
    """A server did not answer, or not in a way that can be read; the text says how."""


class Manner(NamedTuple):
    """How a server is asked.

    Args:
        source: address of this machine to ask from.
        rounds: seconds to wait each time a question is sent over UDP.
        edns: whether to say that long answers are taken.
    """

    source: str | None = None
    rounds: tuple[float, ...] = ROUNDS
    edns: bool = True


async def ask(
    server: Server, questions: Sequence[Question], manner: Manner
) -> dict[Question, Answer]:
    """Return a server's answers; one may be missing where others are there.

    Raises:
        NoAnswerError: there is none.
    """
    try:
        answers = await _ask(server, questions, manner)
    except BadMessageError as error:
        raise NoAnswerError(f"answered what is no DNS: {error}") from error
    except OSError as error:
        raise NoAnswerError(_words(error)) from error
    if not answers:
        raise NoAnswerError("did not answer")
    return answers


async def _ask(
    server: Server, questions: Sequence[Question], manner: Manner
) -> dict[Question, Answer]:
    if not _is_address(server[0]):
        server = await _located(server)
    answers = await _over_udp(server, questions, manner)
    for question, answer in list(answers.items()):
        if answer.rcode == FORMAT_ERROR:  # it knows no EDNS (RFC 6891 section 6.2.2)
            plain = manner._replace(edns=False)
            answers |= await _over_udp(server, [question], plain)
    for question, answer in list(answers.items()):
        if answer.is_truncated:
            answers[question] = await _over_tcp(server, question, manner.source)
    return answers


def _is_address(host: str) -> bool:
    return ":" in host or host.replace(".", "").isdigit()


async def _located(server: Server) -> Server:
    """Return a server with an address: containers know theirs by name."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(*server, type=socket.SOCK_DGRAM)
    return str(found[0][4][0]), server[1]


async def _over_udp(
    server: Server, questions: Sequence[Question], manner: Manner
) -> dict[Question, Answer]:
    """Ask from a port of its own, and believe nobody but the server.

    Port and numbers are random, and the socket is connected: who is not on the way has
    to guess some 30 bits (RFC 5452).
    """
    family = socket.AF_INET6 if ":" in server[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as asking:
        asking.setblocking(False)
        if manner.source is not None:
            asking.bind((manner.source, 0))
        asking.connect(server)
        exchange = _Exchange(asking, questions, manner)
        await exchange.run()
    for question in exchange.doubtful:
        exchange.answers[question] = await _over_tcp(server, question, manner.source)
    return exchange.answers


class _Exchange:
    """Questions sent through one socket, and their answers.

    Callbacks, where coroutines and timeouts would cost as much as the system's calls.
    """

    def __init__(
        self, asking: socket.socket, questions: Sequence[Question], manner: Manner
    ) -> None:
        self.answers: dict[Question, Answer] = {}
        self.doubtful: tuple[Question, ...] = ()
        self._socket = asking
        self._edns = manner.edns
        self._rounds = iter(manner.rounds)
        self._stray = 0
        self._waiting: dict[int, Question] = {}
        for question in questions:
            number = _random_number()
            while number in self._waiting:
                number = _random_number()
            self._waiting[number] = question

    async def run(self) -> None:
        """Send, and wait until all is answered or enough has been tried."""
        loop = asyncio.get_running_loop()
        self._done: asyncio.Future[None] = loop.create_future()
        self._send()
        try:
            loop.add_reader(self._socket, self._read)
        except NotImplementedError:  # Windows' own loop has none
            await self._run_elsewhere()
            return
        try:
            await self._done
        finally:
            self._timer.cancel()
            loop.remove_reader(self._socket)

    async def _run_elsewhere(self) -> None:
        loop = asyncio.get_running_loop()

        async def receive() -> None:
            while not self._done.done():
                self._take(await loop.sock_recv(self._socket, _LARGEST))

        receiving = asyncio.ensure_future(receive())
        try:
            await asyncio.wait(
                (receiving, self._done), return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            self._timer.cancel()
            receiving.cancel()
            await asyncio.wait((receiving,))
        await (self._done if self._done.done() else receiving)

    def _send(self) -> None:
        """Send what has no answer yet, as long as there is none to go on with."""
        patience = None if self.answers else next(self._rounds, None)
        if patience is None:
            self._done.set_result(None)
            return
        for number, question in self._waiting.items():
            # A full buffer is as good as a datagram lost.
            with contextlib.suppress(BlockingIOError):
                self._socket.send(question.encode(number, edns=self._edns))
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(patience, self._send_again)

    def _send_again(self) -> None:
        if not self._done.done():
            self._guarded(self._send)

    def _read(self) -> None:
        self._guarded(self._receive)

    def _guarded(self, step: Callable[[], None]) -> None:
        try:
            step()
        except (OSError, BadMessageError) as error:
            self._done.set_exception(error)

    def _receive(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while not self._done.done():
                self._take(self._socket.recv(_LARGEST))

    def _take(self, wire: bytes) -> None:
        number = int.from_bytes(wire[:2], "big")
        question = self._waiting.get(number)
        answer = None if question is None else parse_answer(wire, number, question)
        if question is not None and answer is not None:
            self.answers[question] = answer
            del self._waiting[number]
        else:
            self._stray += 1
        if self._stray > _MOST_STRAY:
            self.doubtful = tuple(self._waiting.values())
        if not self._waiting or self.doubtful:
            self._done.set_result(None)


async def _over_tcp(server: Server, question: Question, source: str | None) -> Answer:
    number = _random_number()
    query = question.encode(number)
    local = None if source is None else (source, 0)
    async with asyncio.timeout(_TCP_TIME):
        reader, writer = await asyncio.open_connection(*server, local_addr=local)
        try:
            writer.write(len(query).to_bytes(2, "big") + query)
            size = int.from_bytes(await reader.readexactly(2), "big")
            wire = await reader.readexactly(size)
        except asyncio.IncompleteReadError as error:
            raise BadMessageError("the connection ended early") from error
        finally:
            writer.transport.abort()
    answer = parse_answer(wire, number, question)
    if answer is None or answer.is_truncated:
        raise BadMessageError("not the answer to what was asked over TCP")
    return answer


def _random_number() -> int:
    return int.from_bytes(os.urandom(2), "big")


def _words(error: OSError) -> str:
    if isinstance(error, TimeoutError):
        return "did not answer over TCP"
    return f"cannot be asked: {reason_of(error)}"
