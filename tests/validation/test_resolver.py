"""Names looked up, from resolvers that answer well, badly, late, or not at all."""

from __future__ import annotations

import asyncio
import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dns_server import DNSServer
from tlsmith.errors import ACMEProblem
from tlsmith.validation.hosts_file import HostsFile
from tlsmith.validation.resolver import Resolver
from validation.asking import needs_ipv6
from validation.conftest import Run

WWW = "www.test"


@pytest.fixture
def resolver(dns: DNSServer) -> Resolver:
    return Resolver([dns.address])


@pytest.fixture
def other_dns() -> Iterator[DNSServer]:
    """A second resolver."""
    with DNSServer() as server:
        yield server


@pytest.fixture
def deaf() -> Iterator[tuple[str, int]]:
    """An address that takes questions and never answers."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()


# Shorter than ours, which are for networks.
IMPATIENT = (0.05, 0.1)


@pytest.fixture
def impatient(dns: DNSServer) -> Resolver:
    return Resolver([dns.address], rounds=IMPATIENT)


def problem(run: Run, looking: Any) -> ACMEProblem:
    with pytest.raises(ACMEProblem) as raised:
        run(looking)
    assert raised.value.type == "dns"
    return raised.value


def test_addresses_come_ipv6_first_each_once(
    run: Run, dns: DNSServer, resolver: Resolver
) -> None:
    dns.set(WWW, "A", "10.0.0.2", "10.0.0.1", "10.0.0.2")
    dns.set(WWW, "AAAA", "fd00::1")
    found = run(resolver.addresses(WWW))
    assert found[0] == "fd00::1"
    assert sorted(found[1:]) == ["10.0.0.1", "10.0.0.2"]
    assert sorted(dns.asked(WWW)) == ["A", "AAAA"], "each once"


@pytest.mark.parametrize("follows", [True, False])
def test_aliases_are_followed_by_the_server_or_by_us(
    run: Run, dns: DNSServer, resolver: Resolver, follows: bool
) -> None:
    dns.follows_aliases = follows
    dns.set(WWW, "CNAME", "a.test")
    dns.set("a.test", "CNAME", "B.Test")
    dns.set("b.test", "A", "10.0.0.1")
    assert run(resolver.addresses(WWW)) == ["10.0.0.1"]


@pytest.mark.parametrize("follows", [True, False])
@pytest.mark.parametrize("length", [2, 1, 15])
def test_aliases_that_do_not_end_are_given_up(
    run: Run, dns: DNSServer, resolver: Resolver, follows: bool, length: int
) -> None:
    dns.follows_aliases = follows
    names = [WWW, *(f"a{number}.test" for number in range(1, length))]
    for name, alias in zip(names, [*names[1:], WWW], strict=True):
        dns.set(name, "CNAME", alias)
    assert "circle" in problem(run, resolver.addresses(WWW)).message
    assert len(dns.queries) <= 24


@pytest.mark.parametrize("follows", [True, False])
def test_an_alias_of_nothing_has_no_address(
    run: Run, dns: DNSServer, resolver: Resolver, follows: bool
) -> None:
    dns.follows_aliases = follows
    dns.set(WWW, "CNAME", "gone.test")
    told = problem(run, resolver.addresses(WWW)).message
    assert "www.test, an alias of gone.test, has no address" in told
    assert "NXDOMAIN" in told


def test_a_name_that_is_not_there_is_told_from_one_without_addresses(
    run: Run, dns: DNSServer, resolver: Resolver
) -> None:
    told = problem(run, resolver.addresses(WWW)).message
    assert told.startswith("www.test has no address (A or AAAA record), as there is no")
    assert f"the resolver 127.0.0.1:{dns.port}" in told
    dns.set(WWW, "TXT", "here")
    told = problem(run, resolver.addresses(WWW)).message
    assert "has no address" in told
    assert "NXDOMAIN" not in told


@pytest.mark.parametrize("code", ["SERVFAIL", "REFUSED", "NOTIMP", "YXDOMAIN"])
def test_a_server_that_fails_is_named_with_what_it_said(
    run: Run, dns: DNSServer, resolver: Resolver, code: str
) -> None:
    dns.failing[WWW] = code
    told = problem(run, resolver.addresses(WWW)).message
    assert f"127.0.0.1:{dns.port} answered" in told
    assert (code if code != "YXDOMAIN" else "code 6") in told
    assert "AAAA of www.test and A of www.test" in told


def test_the_next_server_is_asked_where_one_fails(
    run: Run, dns: DNSServer, other_dns: DNSServer
) -> None:
    dns.failing[WWW] = "SERVFAIL"
    other_dns.set(WWW, "A", "10.0.0.1")
    both = Resolver([dns.address, other_dns.address])
    assert run(both.addresses(WWW)) == ["10.0.0.1"]


def test_the_next_server_is_asked_where_nothing_listens(
    run: Run, other_dns: DNSServer, deaf: tuple[str, int]
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind(("127.0.0.1", 0))
        closed = bound.getsockname()
    other_dns.set(WWW, "A", "10.0.0.1")
    began = time.monotonic()
    both = Resolver([closed, other_dns.address], rounds=(5.0, 5.0))
    assert run(both.addresses(WWW)) == ["10.0.0.1"]
    assert time.monotonic() - began < 4, "told at once, not after a round"


def test_nor_does_one_that_never_answers_stop_us(
    run: Run, other_dns: DNSServer, deaf: tuple[str, int]
) -> None:
    other_dns.set(WWW, "A", "10.0.0.1")
    both = Resolver([deaf, other_dns.address], rounds=IMPATIENT)
    assert run(both.addresses(WWW)) == ["10.0.0.1"]
    told = problem(run, Resolver([deaf], rounds=IMPATIENT).addresses(WWW)).message
    assert f"127.0.0.1:{deaf[1]} did not answer" in told


def test_one_that_did_not_answer_is_asked_last_for_a_while(
    run: Run, dns: DNSServer, other_dns: DNSServer
) -> None:
    dns.silent.add(WWW)
    dns.set("a.test", "A", "10.0.0.1")
    other_dns.set(WWW, "A", "10.0.0.2")
    other_dns.set("a.test", "A", "10.0.0.2")
    both = Resolver([dns.address, other_dns.address], rounds=IMPATIENT)
    assert run(both.addresses("a.test")) == ["10.0.0.1"]
    assert run(both.addresses(WWW)) == ["10.0.0.2"]
    assert run(both.addresses("a.test")) == ["10.0.0.2"]
    other_dns.failing["a.test"] = "SERVFAIL"
    assert run(both.addresses("a.test")) == ["10.0.0.1"]


def test_what_is_lost_is_asked_for_again(
    run: Run, dns: DNSServer, impatient: Resolver
) -> None:
    dns.set(WWW, "TXT", "here")
    answers: list[bytes] = []

    def lose_the_first(wire: bytes) -> list[bytes]:
        answers.append(wire)
        return [] if len(answers) == 1 else [wire]

    dns.tamper = lose_the_first
    _, texts = run(impatient.texts(WWW))
    assert texts == [b"here"]
    assert len(answers) == 2


def test_addresses_of_one_family_are_enough_where_the_others_are_never_told(
    run: Run, dns: DNSServer, impatient: Resolver
) -> None:
    dns.set(WWW, "A", "10.0.0.1")
    # AAAA is 28; some servers never answer for it.
    dns.tamper = lambda wire: [] if b"\0\x1c\0\1" in wire else [wire]
    assert run(impatient.addresses(WWW)) == ["10.0.0.1"]


def test_a_family_that_is_not_told_matters_where_the_other_has_nothing(
    run: Run, dns: DNSServer, impatient: Resolver
) -> None:
    dns.tamper = lambda wire: [] if b"\0\x1c\0\1" in wire else [wire]
    told = problem(run, impatient.addresses(WWW)).message
    assert "did not answer everything" in told


def test_long_answers_are_asked_for_over_tcp(
    run: Run, dns: DNSServer, resolver: Resolver
) -> None:
    texts = [f"{number:03}" * 80 for number in range(20)]
    dns.set(WWW, "TXT", *texts)
    _, found = run(resolver.texts(WWW))
    assert sorted(found) == sorted(text.encode() for text in texts)
    assert [transport for _, _, transport in dns.queries] == ["udp", "tcp"]


def test_so_are_those_that_are_said_to_be_cut(
    run: Run, dns: DNSServer, resolver: Resolver
) -> None:
    dns.truncated.add(WWW)
    dns.set(WWW, "A", "10.0.0.1")
    assert run(resolver.addresses(WWW)) == ["10.0.0.1"]
    assert sorted(transport for _, _, transport in dns.queries) == [
        "tcp",
        "tcp",
        "udp",
        "udp",
    ]


@pytest.mark.parametrize(
    ("tamper", "why"),
    [
        (lambda wire: wire[:20], "the connection ended early"),
        (lambda _: b"", "the connection ended early"),
        (lambda wire: b"\0\0" + wire[2:], "not the answer to what was asked"),
        (
            lambda wire: wire[:2] + b"\x83" + wire[3:],
            "not the answer to what was asked",
        ),
    ],
)
def test_what_is_no_answer_over_tcp_is_a_failure(
    run: Run,
    dns: DNSServer,
    resolver: Resolver,
    tamper: Callable[[bytes], bytes],
    why: str,
) -> None:
    dns.truncated.add(WWW)
    dns.set(WWW, "TXT", "here")
    dns.tamper_tcp = tamper
    assert why in problem(run, resolver.texts(WWW)).message


def test_servers_that_do_not_know_edns_are_asked_without(
    run: Run, dns: DNSServer, resolver: Resolver
) -> None:
    dns.knows_edns = False
    dns.set(WWW, "A", "10.0.0.1")
    assert run(resolver.addresses(WWW)) == ["10.0.0.1"]


def test_an_answer_that_cannot_be_read_is_a_failure(
    run: Run, dns: DNSServer, resolver: Resolver
) -> None:
    dns.unreadable.add(WWW)
    assert "what is no DNS" in problem(run, resolver.addresses(WWW)).message


def test_an_answer_with_another_number_is_not_believed(
    run: Run, dns: DNSServer, resolver: Resolver
) -> None:
    dns.set(WWW, "TXT", "true!")

    def forge(wire: bytes) -> list[bytes]:
        number = int.from_bytes(wire[:2], "big") ^ 1
        forged = number.to_bytes(2, "big") + wire[2:].replace(b"true!", b"false")
        return [forged, b"", b"\0", wire]

    dns.tamper = forge
    assert run(resolver.texts(WWW))[1] == [b"true!"]


def test_nor_one_from_elsewhere(run: Run, dns: DNSServer, resolver: Resolver) -> None:
    dns.set(WWW, "TXT", "true!")
    elsewhere = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def forge(wire: bytes) -> list[bytes]:
        # With everything right but the address it comes from.
        (client,) = clients
        elsewhere.sendto(wire.replace(b"true!", b"false"), client)
        return [wire]

    clients: list[Any] = []
    dns.tamper = forge
    dns.on_client = clients.append
    with elsewhere:
        assert run(resolver.texts(WWW))[1] == [b"true!"]


def test_who_guesses_drives_us_to_tcp(
    run: Run, dns: DNSServer, resolver: Resolver
) -> None:
    dns.set(WWW, "TXT", "true!")

    def guess(wire: bytes) -> list[bytes]:
        false = wire[2:].replace(b"true!", b"false")
        number = int.from_bytes(wire[:2], "big")
        return [
            (number ^ guess).to_bytes(2, "big") + false for guess in range(1, 60)
        ] + [wire]

    dns.tamper = guess
    assert run(resolver.texts(WWW))[1] == [b"true!"]
    assert [transport for _, _, transport in dns.queries] == ["udp", "tcp"]


def test_every_question_has_a_port_and_a_number_of_its_own(
    run: Run, dns: DNSServer, resolver: Resolver
) -> None:
    dns.set(WWW, "TXT", "here")
    clients: list[Any] = []
    numbers: list[bytes] = []
    dns.on_client = clients.append

    def note(wire: bytes) -> list[bytes]:
        numbers.append(wire[:2])
        return [wire]

    dns.tamper = note

    async def ask() -> None:
        for _ in range(40):
            await resolver.texts(WWW)

    run(ask())
    assert len({port for _, port in clients}) > 30
    assert len(set(numbers)) > 35


def test_texts_in_several_strings_are_joined(
    run: Run, dns: DNSServer, resolver: Resolver
) -> None:
    dns.set(WWW, "TXT", '"one" " and " "two"', "x" * 600)
    assert sorted(run(resolver.texts(WWW))[1]) == [b"one and two", b"x" * 600]


def test_a_text_record_that_is_broken_is_told(
    run: Run, dns: DNSServer, resolver: Resolver
) -> None:
    dns.set(WWW, "TXT", "abc")
    dns.tamper = lambda wire: [wire.replace(b"\3abc", b"\7abc")]
    assert "is broken" in problem(run, resolver.texts(WWW)).message


@pytest.mark.parametrize("name", ["a" * 64 + ".test", "a..test"])
def test_names_that_cannot_be_asked_for_are_not(
    run: Run, resolver: Resolver, name: str
) -> None:
    assert "cannot be asked for" in problem(run, resolver.addresses(name)).message


def test_a_server_may_have_a_name(run: Run, dns: DNSServer) -> None:
    dns.set(WWW, "A", "10.0.0.1")
    assert run(Resolver([("localhost", dns.port)]).addresses(WWW)) == ["10.0.0.1"]
    told = problem(run, Resolver([("no-such.invalid", 53)]).addresses(WWW)).message
    assert "no-such.invalid:53 cannot be asked" in told


@needs_ipv6
def test_a_server_may_have_an_ipv6_address(run: Run) -> None:
    with DNSServer("::1") as six:
        six.set(WWW, "A", "10.0.0.1")
        assert run(Resolver([six.address]).addresses(WWW)) == ["10.0.0.1"]
        six.failing[WWW] = "SERVFAIL"
        told = problem(run, Resolver([six.address]).addresses(WWW)).message
        assert f"[::1]:{six.port} answered SERVFAIL" in told


def test_a_loop_without_readers_asks_too(dns: DNSServer, impatient: Resolver) -> None:
    """Windows' own loop waits for datagrams in another way."""

    class Proactor(asyncio.SelectorEventLoop):
        def add_reader(self, *_: Any) -> None:
            raise NotImplementedError

        async def sock_recv(self, sock: socket.socket, size: int) -> bytes:
            while True:
                try:
                    return sock.recv(size)
                except BlockingIOError:
                    await asyncio.sleep(0.001)

    def run(looking: Any) -> Any:
        with asyncio.Runner(loop_factory=Proactor) as runner:
            return runner.run(looking)

    dns.set(WWW, "A", "10.0.0.1")
    assert run(impatient.addresses(WWW)) == ["10.0.0.1"]
    dns.silent.add("deaf.test")
    assert "did not answer" in problem(run, impatient.addresses("deaf.test")).message
    dns.unreadable.add("odd.test")
    assert "no DNS" in problem(run, impatient.addresses("odd.test")).message


# The system's own way --------------------------------------------------------------


def test_the_systems_own_list_of_hosts_counts(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "hosts"
    path.write_text("10.0.0.1 www.test\nfd00::1 www.test\n")
    resolver = Resolver(hosts=HostsFile(path))
    assert run(resolver.addresses(WWW)) == ["fd00::1", "10.0.0.1"]


def test_the_system_is_asked_for_what_is_not_in_it(run: Run, tmp_path: Path) -> None:
    resolver = Resolver(hosts=HostsFile(tmp_path / "none"))
    told = problem(run, resolver.addresses("no-such-name.invalid")).message
    assert told.startswith("no-such-name.invalid has no address that this server's")
    assert "--acme-resolver" in told


def test_what_the_system_finds_counts_and_search_domains_do_not(
    dns: DNSServer, tmp_path: Path
) -> None:
    asked: list[str] = []

    class System(asyncio.SelectorEventLoop):
        async def getaddrinfo(self, host: Any, *_: Any, **__: Any) -> Any:
            asked.append(host)
            addresses = ("10.0.0.2", "10.0.0.1", "fd00::1", "10.0.0.2")
            return [
                (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0))
                for address in addresses
            ]

    resolver = Resolver(hosts=HostsFile(tmp_path / "none"))
    with asyncio.Runner(loop_factory=System) as runner:
        found = runner.run(resolver.addresses(WWW))
    assert found == ["fd00::1", "10.0.0.2", "10.0.0.1"]
    assert asked == ["www.test."], "with the dot that ends a name"


@pytest.mark.skipif(sys.platform == "win32", reason="resolv.conf")
def test_records_come_from_the_resolvers_the_system_is_configured_with(
    run: Run, dns: DNSServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import dns.resolver as library

    configured = tmp_path / "resolv.conf"
    configured.write_text("nameserver 127.0.0.1\n")
    original = library.Resolver

    class Configured(original):  # type: ignore[misc, valid-type]
        """As if /etc/resolv.conf, which is the machine's, were another file."""

        def __init__(self) -> None:
            super().__init__(filename=str(configured))
            self.port = dns.port

    monkeypatch.setattr(library, "Resolver", Configured)
    dns.set(WWW, "TXT", "here")
    assert run(Resolver().texts(WWW))[1] == [b"here"]
    configured.write_text("")
    monkeypatch.setattr(library, "Resolver", lambda: _none(library))
    assert "set --acme-resolver" in problem(run, Resolver().texts(WWW)).message


def _none(library: Any) -> Any:
    raise library.NoResolverConfiguration
