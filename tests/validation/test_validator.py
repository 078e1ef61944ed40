"""Many validations at once, from several places, and what may not be asked."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterable, Iterator

import pytest

from dns_server import DNSServer
from tlsmith.acme.identifiers import Identifier
from tlsmith.validation import ValidationSettings, Validator
from validation.asking import (
    ACCOUNT,
    AUTHORIZATION,
    LOOPBACK,
    THUMBPRINT,
    TOKEN,
    Asking,
    binds,
)
from validation.conftest import Run
from validation.peers import PlainPeer, Request, WebPeer, page

needs_127 = pytest.mark.skipif(
    not binds("127.0.0.3"), reason="this system has one loopback address"
)


@pytest.fixture
def web() -> Iterator[WebPeer]:
    with WebPeer(lambda _: [page(AUTHORIZATION.encode())]) as peer:
        yield peer


@pytest.fixture
def www(dns: DNSServer) -> DNSServer:
    dns.set("www.test", "A", "127.0.0.1")
    return dns


@pytest.mark.parametrize("type", ["http-01", "tls-alpn-01"])
def test_servers_prove_nothing_of_wildcards(
    run: Run, www: DNSServer, type: str
) -> None:
    problem = Asking(run, www).problem(type, wildcard=True)
    assert problem.type == "malformed"
    assert not www.queries


@pytest.mark.parametrize("type", ["dns-01", "dns-account-01", "dns-persist-01"])
def test_dns_proves_nothing_of_addresses(run: Run, www: DNSServer, type: str) -> None:
    problem = Asking(run, www).problem(type, "127.0.0.1")
    assert problem.type == "malformed"
    assert not www.queries


def test_other_challenges_are_not_validated(run: Run, www: DNSServer) -> None:
    assert "device-attest-01" in Asking(run, www).problem("device-attest-01").message


# Vantage points --------------------------------------------------------------------


@needs_127
def test_every_vantage_point_asks_too(run: Run, www: DNSServer, web: WebPeer) -> None:
    points = ("127.0.0.2", "127.0.0.3")
    asking = Asking(run, www, http_port=web.port, vantage_points=points)
    assert asking.validate("http-01").vantage_points == points
    assert web.clients[0] == "127.0.0.1"
    assert sorted(web.clients[1:]) == list(points)


@needs_127
def test_one_that_sees_something_else_is_named(
    run: Run, www: DNSServer, web: WebPeer
) -> None:
    def answer(_: Request) -> Iterable[bytes]:
        return [
            page(b"no" if web.clients[-1] == "127.0.0.3" else AUTHORIZATION.encode())
        ]

    web.answer = answer
    points = ("127.0.0.3",)
    problem = Asking(run, www, http_port=web.port, vantage_points=points).problem(
        "http-01"
    )
    assert problem.type == "incorrectResponse"
    assert problem.message.startswith("seen from 127.0.0.3, not from everywhere: http")


@needs_127
def test_none_is_asked_where_the_first_look_fails(
    run: Run, www: DNSServer, web: WebPeer
) -> None:
    web.answer = lambda _: [page(b"no")]
    asking = Asking(run, www, http_port=web.port, vantage_points=("127.0.0.2",))
    assert not asking.problem("http-01").message.startswith("seen from")
    assert len(web.clients) == 1


def test_one_of_the_other_family_sees_nothing(
    run: Run, www: DNSServer, web: WebPeer
) -> None:
    asking = Asking(run, www, http_port=web.port, vantage_points=("::1",))
    problem = asking.problem("http-01")
    assert "www.test has no address that can be asked from ::1" in problem.message


def test_one_that_is_no_address_of_this_machine_is_told(
    run: Run, www: DNSServer, web: WebPeer
) -> None:
    asking = Asking(run, www, http_port=web.port, vantage_points=("192.0.2.1",))
    assert "seen from 192.0.2.1" in asking.problem("http-01").message


@needs_127
def test_dns_servers_of_this_machine_are_asked_from_anywhere(
    run: Run, www: DNSServer
) -> None:
    from tlsmith.acme.challenges import dns_digest

    www.set("_acme-challenge.www.test", "TXT", dns_digest(AUTHORIZATION))
    asking = Asking(run, www, vantage_points=("127.0.0.2", "::1"))
    assert asking.validate("dns-01").vantage_points == ("127.0.0.2", "::1")
    assert len(www.queries) == 3


# Many at once ----------------------------------------------------------------------


def test_a_hundred_at_once_each_get_their_own(
    run: Run, www: DNSServer, web: WebPeer
) -> None:
    web.answer = lambda request: [
        page(f"{request.path.rpartition('/')[2]}.{THUMBPRINT}".encode())
    ]
    www.default_ipv4 = "127.0.0.1"

    async def all_of_them() -> None:
        validator = Validator(
            ValidationSettings(
                http_port=web.port, resolvers=(www.address,), allow=LOOPBACK
            )
        )
        outcomes = await asyncio.gather(
            *(
                validator.validate(
                    "http-01",
                    Identifier("dns", f"host{number}.test"),
                    False,
                    f"{TOKEN}{number}",
                    THUMBPRINT,
                    ACCOUNT,
                )
                for number in range(100)
            )
        )
        assert [outcome.address for outcome in outcomes] == ["127.0.0.1"] * 100

    run(all_of_them())
    assert len(web.requests) == 100


def test_no_more_than_allowed_are_under_way_at_once(
    run: Run, www: DNSServer, web: WebPeer
) -> None:
    inside: list[int] = []
    seen: list[int] = []
    lock = threading.Lock()

    def answer(_: Request) -> Iterable[bytes]:
        with lock:
            inside.append(1)
            seen.append(len(inside))
        time.sleep(0.02)
        with lock:
            inside.pop()
        yield page(AUTHORIZATION.encode())

    web.answer = answer

    async def all_of_them() -> None:
        validator = Validator(
            ValidationSettings(
                http_port=web.port,
                resolvers=(www.address,),
                allow=LOOPBACK,
                concurrency=3,
            )
        )
        name = Identifier("dns", "www.test")
        asked = "http-01", name, False, TOKEN, THUMBPRINT, ACCOUNT
        await asyncio.gather(*(validator.validate(*asked) for _ in range(12)))

    run(all_of_them())
    assert len(seen) == 12
    assert max(seen) <= 3


def test_waiting_for_a_place_takes_none_of_the_time(run: Run, www: DNSServer) -> None:
    """One dead host must not let those behind it fail."""
    with (
        PlainPeer(None) as dead,
        WebPeer(lambda _: [page(AUTHORIZATION.encode())]) as web,
    ):

        async def both() -> list[object]:
            settings = ValidationSettings(
                http_port=web.port,
                tls_port=dead.port,
                resolvers=(www.address,),
                allow=LOOPBACK,
                concurrency=1,
                timeout=2,
            )
            validator = Validator(settings)
            name = Identifier("dns", "www.test")
            asked = name, False, TOKEN, THUMBPRINT, ACCOUNT
            return await asyncio.gather(
                validator.validate("tls-alpn-01", *asked),
                validator.validate("http-01", *asked),
                return_exceptions=True,
            )

        first, second = run(both())
    assert "no end in 2 seconds" in str(first)
    assert second.type == "http-01"


@pytest.mark.parametrize("type", ["http-01", "tls-alpn-01", "dns-01"])
def test_one_that_is_cancelled_leaves_nothing_behind(
    run: Run, www: DNSServer, type: str
) -> None:
    www.silent.add("_acme-challenge.www.test")
    with PlainPeer(None) as dead:

        async def cancelled() -> set[object]:
            settings = ValidationSettings(
                http_port=dead.port,
                tls_port=dead.port,
                resolvers=(www.address,),
                allow=LOOPBACK,
            )
            name = Identifier("dns", "www.test")
            task = asyncio.ensure_future(
                Validator(settings).validate(
                    type, name, False, TOKEN, THUMBPRINT, ACCOUNT
                )
            )
            await asyncio.sleep(0.1)
            assert not task.done()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            return asyncio.all_tasks() - {asyncio.current_task()}

        assert {
            task for task in run(cancelled()) if "watched" not in str(task)
        } == set()
