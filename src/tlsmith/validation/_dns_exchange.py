"""One DNS server asked: over UDP, and over TCP where UDP will not do."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Sequence

from tlsmith.validation._dns_message import (
    FORMAT_ERROR,
    Answer,
    BadMessageError,
    Question,
    parse_answer,
)
from tlsmith.validation.words import reason_of

# Seconds until what has not been answered is asked again, and in the end given up.
_ROUNDS = (1.0, 1.5, 2.0)
_TCP_TIME = 4.0
# Answers to something else. Somebody may be guessing: over TCP that does not work.
_MOST_STRAY = 32
_LARGEST = 4096

Server = tuple[str, int]


class NoAnswerError(Exception):
    """A server did not answer, or not in a way that can be read; the text says how."""


async def ask(
    server: Server, questions: Sequence[Question], source: str | None = None
) -> dict[Question, Answer]:
    """Return a server's answers; one may be missing where others are there.

    Args:
        source: address of this machine to ask from.

    Raises:
        NoAnswerError: there is none.
    """
    try:
        answers = await _ask(server, questions, source)
    except BadMessageError as error:
        raise NoAnswerError(f"answered what is no DNS: {error}") from error
    except OSError as error:
        raise NoAnswerError(_words(error)) from error
    if not answers:
        raise NoAnswerError("did not answer")
    return answers


async def _ask(
    server: Server, questions: Sequence[Question], source: str | None
) -> dict[Question, Answer]:
    server = await _located(server)
    answers = await _over_udp(server, questions, source, edns=True)
    old = [each for each in answers if answers[each].rcode == FORMAT_ERROR]
    if old:  # it does not know EDNS (RFC 6891 section 6.2.2)
        answers |= await _over_udp(server, old, source, edns=False)
    for question in questions:
        answer = answers.get(question)
        if answer is not None and answer.is_truncated:
            answers[question] = await _over_tcp(server, question, source)
    return answers


async def _located(server: Server) -> Server:
    """Return a server with an address, as containers name theirs."""
    host, port = server
    if ":" in host or host.replace(".", "").isdigit():
        return server
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
    return str(found[0][4][0]), port


async def _over_udp(
    server: Server, questions: Sequence[Question], source: str | None, *, edns: bool
) -> dict[Question, Answer]:
    """Ask from a port of its own, and believe nobody but the server.

    Port and numbers are random, and the socket is connected: who is not on the way has
    to guess some 30 bits (RFC 5452).
    """
    family = socket.AF_INET6 if ":" in server[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as asking:
        asking.setblocking(False)
        if source is not None:
            asking.bind((source, 0))
        asking.connect(server)
        exchange = _Exchange(asking, questions, edns=edns)
        for patience in _ROUNDS:
            exchange.send()
            try:
                async with asyncio.timeout(patience):
                    await exchange.receive()
            except TimeoutError:
                if exchange.answers:
                    break
            else:
                break
    for question in exchange.doubtful:
        exchange.answers[question] = await _over_tcp(server, question, source)
    return exchange.answers


class _Exchange:
    """Questions sent through one socket, and their answers."""

    def __init__(
        self, asking: socket.socket, questions: Sequence[Question], *, edns: bool
    ) -> None:
        self._socket = asking
        self._edns = edns
        self._waiting: dict[int, Question] = {}
        for question in questions:
            number = _random_number()
            while number in self._waiting:
                number = _random_number()
            self._waiting[number] = question
        self.answers: dict[Question, Answer] = {}
        self.doubtful: tuple[Question, ...] = ()

    def send(self) -> None:
        """Send what has no answer yet."""
        for number, question in self._waiting.items():
            self._socket.send(question.encode(number, edns=self._edns))

    async def receive(self) -> None:
        """Take answers until all are there, or too much came that is none."""
        loop = asyncio.get_running_loop()
        stray = 0
        while self._waiting:
            wire = await loop.sock_recv(self._socket, _LARGEST)
            if not self._take(wire):
                stray += 1
            if stray > _MOST_STRAY:
                self.doubtful = tuple(self._waiting.values())
                return

    def _take(self, wire: bytes) -> bool:
        number = int.from_bytes(wire[:2], "big")
        question = self._waiting.get(number)
        if question is None:
            return False
        answer = parse_answer(wire, number, question)
        if answer is None:
            return False
        self.answers[question] = answer
        del self._waiting[number]
        return True


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
