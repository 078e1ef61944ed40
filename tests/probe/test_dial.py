from __future__ import annotations

import errno
import os
import socket
import time
from typing import Any

import pytest

from probe.servers import answer, free_port, say, serving, stay_silent
from tlsmith.errors import ConnectionFailedError, DeadlineError, ResolveError
from tlsmith.probe.dial import Deadline, dial
from tlsmith.probe.target import Target

STREAM = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "")


def addresses(*found: tuple[str, int]) -> Any:
    """Return a resolver that knows these addresses."""
    return lambda *_, **__: [(*STREAM, address) for address in found]


def test_the_octets_of_a_server_come_through() -> None:
    with serving(say(b"hello")) as port:
        target = Target("127.0.0.1", port)
        with dial(target, Deadline(10)) as wire:
            assert wire.receive() == b"hello"
            assert wire.address == "127.0.0.1"


def test_an_address_of_version_6_is_reached() -> None:
    with (
        serving(say(b"six"), socket.AF_INET6) as port,
        dial(Target("::1", port), Deadline(10)) as wire,
    ):
        assert wire.receive() == b"six"
        assert wire.address == "::1"


def test_the_next_address_is_tried_where_the_first_refuses() -> None:
    with serving(say(b"second")) as port:
        resolver = addresses(("127.0.0.1", free_port()), ("127.0.0.1", port))
        with dial(Target("two.test", port), Deadline(10), resolver) as wire:
            assert wire.receive() == b"second"


def test_a_port_without_a_server_says_that_it_refuses() -> None:
    target = Target("127.0.0.1", free_port())
    with pytest.raises(ConnectionFailedError, match="refused") as caught:
        dial(target, Deadline(10))
    assert caught.value.code == "connection-refused"
    assert "start the server" in str(caught.value.hint)


def test_every_address_that_failed_is_named() -> None:
    first, second = free_port(), free_port()
    resolver = addresses(("127.0.0.2", first), ("127.0.0.3", second))
    with pytest.raises(ConnectionFailedError, match=r"127.0.0.2.*127.0.0.3"):
        dial(Target("two.test", first), Deadline(10), resolver)


def test_an_address_that_cannot_be_reached_is_no_refusal() -> None:
    # A socket may not connect to a broadcast address: the system says so at once.
    resolver = addresses(("255.255.255.255", 9))
    with pytest.raises(ConnectionFailedError, match="cannot connect") as caught:
        dial(Target("far.test", 9), Deadline(10), resolver)
    assert caught.value.code == "connection-failed"
    assert "check the network" in str(caught.value.hint)


def test_a_name_without_an_address_is_named() -> None:
    def unknown(*_: Any, **__: Any) -> list[Any]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with pytest.raises(ResolveError, match=r"no address for 'a\.test'"):
        dial(Target("a.test", 443), Deadline(10), unknown)
    with pytest.raises(ResolveError):
        dial(Target("a.test", 443), Deadline(10), addresses())


def test_a_resolver_that_never_answers_misses_the_deadline() -> None:
    def slow(*_: Any, **__: Any) -> list[Any]:
        time.sleep(5)
        return []

    with pytest.raises(DeadlineError, match=r"0\.2 seconds while looking up a\.test"):
        dial(Target("a.test", 443), Deadline(0.2), slow)


def test_a_server_that_does_not_take_connections_misses_the_deadline() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        waiting = [socket.socket() for _ in range(8)]
        for one in waiting:
            one.setblocking(False)
            assert one.connect_ex(("127.0.0.1", port)) in (0, errno.EINPROGRESS)
        with pytest.raises(DeadlineError, match="while connecting"):
            dial(Target("127.0.0.1", port), Deadline(0.4))
        for one in waiting:
            one.close()


def test_a_server_that_stays_silent_misses_the_deadline() -> None:
    with (
        serving(stay_silent) as port,
        dial(Target("127.0.0.1", port), Deadline(0.3)) as wire,
    ):
        wire.send(b"hello")
        with pytest.raises(DeadlineError, match="while talking"):
            wire.receive()
        with pytest.raises(DeadlineError):
            wire.send(b"hello")


def test_a_connection_that_breaks_is_an_error_of_ours() -> None:
    def reset(connection: socket.socket) -> None:
        connection.recv(16)
        linger = (1).to_bytes(4, "little") + bytes(4)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    with serving(reset) as port, dial(Target("127.0.0.1", port), Deadline(10)) as wire:
        wire.send(b"hello")
        with pytest.raises(ConnectionFailedError, match=os.strerror(104).lower()):
            wire.receive()


def test_the_end_of_a_connection_reads_as_nothing() -> None:
    with (
        serving(answer(b"bye")) as port,
        dial(Target("127.0.0.1", port), Deadline(10)) as wire,
    ):
        wire.send(b"hello")
        assert wire.receive() == b"bye"
        assert wire.receive() == b""
