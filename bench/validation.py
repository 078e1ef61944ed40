"""CPU of an http-01 validation: two DNS questions, a connection, a request, an answer.

The web server and the resolver are processes of their own, whose CPU does not count.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from ipaddress import ip_network
from pathlib import Path

import dns.asyncresolver
import uvloop

from tlsmith.acme.identifiers import Identifier
from tlsmith.validation import ValidationSettings, Validator
from tlsmith.validation._dns_message import AAAA, A, Question, name_on_wire

VALIDATIONS = 320
ROUNDS = 7
TOKEN = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA"  # noqa: S105
THUMBPRINT = "cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s"
BODY = f"{TOKEN}.{THUMBPRINT}".encode()
REQUEST = (
    f"GET /.well-known/acme-challenge/{TOKEN} HTTP/1.1\r\nHost: www.test\r\n"
    "Connection: close\r\n\r\n"
).encode()
HEAD = b"HTTP/1.1 200 OK\r\nServer: x\r\nContent-Type: text/plain\r\nContent-Length: "
SERVER = Path(__file__).parent.parent / "tests" / "dns_server.py"

Work = Callable[[], Awaitable[None]]


def main() -> None:
    with _resolver() as resolver, _web_server() as web:
        for at_once in (1, 8, 32):
            print(f"{at_once} at once, median of {ROUNDS} rounds, us of CPU each")
            uvloop.run(_compare(at_once, resolver, web))


async def _compare(at_once: int, resolver: int, web: int) -> None:
    works = {
        "the system's calls alone": _calls(resolver, web),
        "tlsmith": _tlsmith(resolver, web),
        "dnspython and streams": _library(resolver, web),
    }
    times: dict[str, list[float]] = {name: [] for name in works}
    for name in [*works] * ROUNDS:
        times[name].append(await _measure(works[name], at_once))
    for name, values in times.items():
        print(f"  {name:<26}{statistics.median(values) * 1e6:>6.0f}")


async def _measure(work: Work, at_once: int) -> float:
    async def some() -> None:
        for _ in range(VALIDATIONS // at_once):
            await work()

    start = time.process_time()
    await asyncio.gather(*(some() for _ in range(at_once)))
    return (time.process_time() - start) / VALIDATIONS


def _tlsmith(resolver: int, web: int) -> Work:
    settings = ValidationSettings(
        http_port=web,
        resolvers=(("127.0.0.1", resolver),),
        allow=(ip_network("127.0.0.0/8"),),
    )
    validator = Validator(settings)
    name = Identifier("dns", "www.test")

    async def work() -> None:
        account = "https://ca.test/acme/account/1"
        await validator.validate("http-01", name, False, TOKEN, THUMBPRINT, account)

    return work


def _calls(resolver: int, web: int) -> Work:
    asked = name_on_wire("www.test")
    queries = [Question(asked, AAAA).encode(1), Question(asked, A).encode(2)]

    async def work() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.connect(("127.0.0.1", resolver))
            for query in queries:
                asking.send(query)
            for _ in queries:
                asking.recv(4096)
        with socket.create_connection(("127.0.0.1", web)) as connected:
            connected.sendall(REQUEST)
            assert connected.recv(65536).endswith(BODY)

    return work


def _library(resolver: int, web: int) -> Work:
    looking = dns.asyncresolver.Resolver(configure=False)
    looking.nameservers = ["127.0.0.1"]
    looking.port = resolver

    async def work() -> None:
        six, four = await asyncio.gather(
            looking.resolve("www.test.", "AAAA", raise_on_no_answer=False),
            looking.resolve("www.test.", "A"),
        )
        assert not six.rrset
        reader, writer = await asyncio.open_connection(four[0].address, web)
        writer.write(REQUEST)
        assert (await reader.read()).endswith(BODY)
        writer.close()

    return work


@contextlib.contextmanager
def _resolver() -> Iterator[int]:
    command = [sys.executable, str(SERVER), "--ipv4", "127.0.0.1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())["port"]
        finally:
            process.terminate()


@contextlib.contextmanager
def _web_server() -> Iterator[int]:
    listening = socket.create_server(("127.0.0.1", 0), backlog=256)
    process = os.fork()
    if not process:
        answer = HEAD + b"%d\r\n\r\n" % len(BODY) + BODY
        while True:
            client, _ = listening.accept()
            with client:
                client.recv(65536)
                client.sendall(answer)
    try:
        yield listening.getsockname()[1]
    finally:
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)


if __name__ == "__main__":
    main()
