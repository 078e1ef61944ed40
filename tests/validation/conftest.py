"""What the tests of validation stand on: a DNS server, and event loops of two kinds."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest

from dns_server import DNSServer

Run = Callable[[Coroutine[Any, Any, Any]], Any]

LOOPS = ["asyncio"] if sys.platform == "win32" else ["asyncio", "uvloop"]


@pytest.fixture(scope="session")
def dns_of_session() -> Iterator[DNSServer]:
    with DNSServer() as server:
        yield server


@pytest.fixture
def dns(dns_of_session: DNSServer) -> DNSServer:
    """A resolver that knows nothing yet."""
    dns_of_session.forget()
    return dns_of_session


@pytest.fixture(params=LOOPS)
def run(request: pytest.FixtureRequest) -> Run:
    """Runs a coroutine; the loops' own errors count as the test's."""
    if request.param == "asyncio":
        return _run
    import uvloop

    return lambda coroutine: _run(coroutine, uvloop.new_event_loop)


def _run(
    coroutine: Coroutine[Any, Any, Any],
    make_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop,
) -> Any:
    complaints: list[dict[str, Any]] = []

    async def watched() -> Any:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: complaints.append(context))
        try:
            return await coroutine
        finally:
            await asyncio.sleep(0)  # what was torn down says good-bye

    with asyncio.Runner(loop_factory=make_loop) as runner:
        outcome = runner.run(watched())
    assert complaints == []
    return outcome
