"""The DNS server of the tests, as dnspython's own client and hook scripts see it."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dns.message
import dns.query
import dns.rcode
import pytest

from dns_server import DNSServer


def ask(ports: dict[str, int], name: str, kind: str, *, tcp: bool = False) -> Any:
    query = dns.message.make_query(name, kind)
    over = dns.query.tcp if tcp else dns.query.udp
    return over(query, "127.0.0.1", port=ports["port"], timeout=5)


def records(ports: dict[str, int], name: str, kind: str) -> list[str]:
    answer = ask(ports, name, kind).answer
    return sorted(str(record) for rrset in answer for record in rrset)


@pytest.fixture
def program() -> Iterator[dict[str, int]]:
    """The ports of the server, as a program."""
    with subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("dns_server.py"))],
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
        process.terminate()


def post(ports: dict[str, int], path: str, **asked: Any) -> int:
    url = f"http://127.0.0.1:{ports['control_port']}/{path}"
    with urllib.request.urlopen(url, json.dumps(asked).encode()) as response:
        status: int = response.status
        return status


def test_hooks_set_and_clear_records_while_it_runs(program: dict[str, int]) -> None:
    name = "_acme-challenge.www.test."
    assert records(program, name, "TXT") == []
    assert post(program, "set-txt", host=name, value="one") == 200
    post(program, "set-txt", host=name, value="two")
    post(program, "set-txt", host=name, value="two")
    assert records(program, name, "TXT") == ['"one"', '"two"']
    post(program, "clear-txt", host=name)
    assert records(program, name, "TXT") == []


def test_hooks_set_every_type(program: dict[str, int]) -> None:
    post(program, "set-default-ipv4", ip="127.0.0.1")
    assert records(program, "any.test", "A") == ["127.0.0.1"]
    post(program, "add-a", host="www.test", addresses=["10.0.0.1", "10.0.0.2"])
    post(program, "add-aaaa", host="www.test", addresses=["fd00::1"])
    assert records(program, "www.test", "A") == ["10.0.0.1", "10.0.0.2"]
    assert records(program, "www.test", "AAAA") == ["fd00::1"]
    policies = [{"tag": "issue", "value": "ca.test"}]
    post(program, "add-caa", host="www.test", policies=policies)
    assert records(program, "www.test", "CAA") == ['0 issue "ca.test"']
    post(program, "set-cname", host="alias.test", target="www.test")
    assert "10.0.0.1" in records(program, "alias.test", "A")
    post(program, "clear-cname", host="alias.test")
    assert records(program, "alias.test", "A") == ["127.0.0.1"]
    post(program, "set-servfail", host="www.test")
    assert ask(program, "www.test", "A").rcode() == dns.rcode.SERVFAIL
    post(program, "clear-servfail", host="www.test")
    assert ask(program, "www.test", "A").rcode() == dns.rcode.NOERROR
    post(program, "forget")
    assert ask(program, "www.test", "A").rcode() == dns.rcode.NXDOMAIN


@pytest.mark.parametrize(
    ("path", "asked", "status"),
    [
        ("set-cname", {"host": "a.test"}, 400),
        ("add-a", {"host": "a.test", "addresses": 5}, 400),
        ("brew-coffee", {}, 404),
    ],
)
def test_hooks_are_told_their_mistakes(
    program: dict[str, int], path: str, asked: dict[str, Any], status: int
) -> None:
    with pytest.raises(urllib.error.HTTPError) as raised:
        post(program, path, **asked)
    assert raised.value.code == status
    raised.value.close()


def test_it_answers_over_tcp_and_cuts_what_is_too_long_over_udp() -> None:
    with DNSServer() as server:
        server.set("long.test", "TXT", *("x" * 200 + str(n) for n in range(10)))
        ports = {"port": server.port}
        assert ask(ports, "long.test", "TXT").flags & 0x0200
        assert len(ask(ports, "long.test", "TXT", tcp=True).answer[0]) == 10


def test_it_answers_in_turns() -> None:
    with DNSServer() as server:
        server.sequence("turn.test", "A", ["10.0.0.1"], ["10.0.0.2", "10.0.0.3"])
        ports = {"port": server.port}
        assert records(ports, "turn.test", "A") == ["10.0.0.1"]
        assert records(ports, "turn.test", "A") == ["10.0.0.2", "10.0.0.3"]
        assert records(ports, "turn.test", "A") == ["10.0.0.2", "10.0.0.3"]
        server.clear("turn.test")
        assert ask(ports, "turn.test", "A").rcode() == dns.rcode.NXDOMAIN
        assert server.asked("turn.test") == ["A"] * 4
