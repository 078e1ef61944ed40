"""CAA of all names of an order, asked together in one time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from acme_life import Life
from authorities import Clock, TestCA
from dns_server import DNSServer
from tlsmith.acme import problems
from tlsmith.authority.acme.settings import ACMESettings
from tlsmith.errors import ACMEProblem
from tlsmith.server.acme.caa import CAACheck, CAAPort
from tlsmith.validation import ValidationSettings, Validator

ACCOUNT = "https://ca.test/acme/account/ab12"
NOBODY = '0 issue ";"'
OURS = '0 issue "ca.test"'


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    """An account of a CA that CAA records call ca.test."""
    store = f"sqlite:///{tmp_path_factory.mktemp('caa')}/store.db"
    ca = TestCA(store, Clock(datetime.now(UTC)))
    made = Life(ca.authority, ACMESettings(caa_identities=("ca.test",)))
    yield made
    made.service.close()
    ca.close()


@pytest.fixture
def dns() -> Iterator[DNSServer]:
    with DNSServer() as server:
        yield server


def check(life: Life, asker: CAAPort, *names: str, seconds: float = 10) -> None:
    """Check an order's names, and see that nothing goes on when that is over."""
    order = life.ready(*names)

    async def checked() -> None:
        before = asyncio.all_tasks()
        try:
            await CAACheck(life.service, asker, seconds).check(order, ACCOUNT)
        finally:
            assert asyncio.all_tasks() == before

    asyncio.run(checked())


def refusal(life: Life, asker: CAAPort, *names: str, **more: Any) -> ACMEProblem:
    with pytest.raises(ACMEProblem) as raised:
        check(life, asker, *names, **more)
    return raised.value


def validator(dns: DNSServer) -> Validator:
    return Validator(ValidationSettings(resolvers=(dns.address,)))


def told(problem: ACMEProblem) -> list[tuple[str, tuple[str, str] | None]]:
    return [(each.type, each.identifier) for each in problem.subproblems]


def test_an_order_whose_names_all_let_this_ca_issue_passes(
    life: Life, dns: DNSServer
) -> None:
    dns.set("a.test", "CAA", OURS)
    check(life, validator(dns), "a.test", "*.a.test", "b.test", "192.0.2.1")
    check(life, validator(dns), "192.0.2.1")


def test_one_name_that_does_not_is_a_plain_problem(life: Life, dns: DNSServer) -> None:
    dns.set("b.test", "CAA", NOBODY)
    problem = refusal(life, validator(dns), "a.test", "b.test", "c.test")
    assert (problem.type, problem.status, problem.subproblems) == ("caa", 403, ())
    assert "the CAA records of b.test do not let" in problem.message


def test_each_of_several_is_told(life: Life, dns: DNSServer) -> None:
    """RFC 8555 section 6.7.1."""
    dns.set("a.test", "CAA", NOBODY)
    dns.set("c.test", "CAA", NOBODY)
    problem = refusal(life, validator(dns), "a.test", "b.test", "c.test")
    assert (problem.type, problem.status) == ("caa", 403)
    assert told(problem) == [("caa", ("dns", "a.test")), ("caa", ("dns", "c.test"))]
    assert "for 2 names: a.test, c.test" in problem.message
    assert "the CAA records of c.test" in problem.subproblems[1].detail


def test_a_wildcard_and_its_base_are_two_questions(life: Life, dns: DNSServer) -> None:
    names = ("a.test", "*.a.test")
    dns.set("a.test", "CAA", OURS, '0 issuewild ";"')
    problem = refusal(life, validator(dns), *names)
    assert (problem.type, problem.subproblems) == ("caa", ())
    assert "issuewild" in problem.message
    dns.set("a.test", "CAA", NOBODY)
    problem = refusal(life, validator(dns), *names)
    assert told(problem) == [("caa", ("dns", name)) for name in names]


def test_different_reasons_are_a_compound(life: Life, dns: DNSServer) -> None:
    dns.set("a.test", "CAA", NOBODY)
    dns.failing["b.test"] = "SERVFAIL"
    problem = refusal(life, validator(dns), "a.test", "b.test", "c.test")
    assert (problem.type, problem.status) == ("compound", 403)
    assert told(problem) == [("caa", ("dns", "a.test")), ("dns", ("dns", "b.test"))]


def test_name_servers_that_say_nothing_end_all_in_one_time(
    life: Life, dns: DNSServer
) -> None:
    names = [f"n{number}.test" for number in range(20)]
    dns.silent.update(names)
    began = time.monotonic()
    problem = refusal(life, validator(dns), *names, seconds=1.5)
    assert time.monotonic() - began < 5, "one after another it is a minute and a half"
    assert (problem.type, problem.status) == ("dns", 400)
    assert told(problem) == [("dns", ("dns", name)) for name in names]
    assert "n0.test were not found out in the 1.5 seconds" in (
        problem.subproblems[0].detail
    )
    assert "for 20 names: n0.test" in problem.message
    assert problem.message.endswith("n7.test, ...")


def test_what_was_refused_in_time_is_told_beside_what_was_late(
    life: Life, dns: DNSServer
) -> None:
    dns.set("a.test", "CAA", NOBODY)
    dns.silent.add("b.test")
    problem = refusal(life, validator(dns), "a.test", "b.test", seconds=1)
    assert problem.type == "compound"
    assert told(problem) == [("caa", ("dns", "a.test")), ("dns", ("dns", "b.test"))]
    alone = refusal(life, validator(dns), "b.test", seconds=1)
    assert (alone.type, alone.subproblems) == ("dns", ())


class Slow:
    """A resolver's face that takes a moment for each name."""

    def __init__(self, error: Exception | None = None) -> None:
        self.asked: list[tuple[str, bool]] = []
        self.most = 0
        self._now = 0
        self._error = error

    async def check_caa(self, identifier: Any, wildcard: bool, *_: Any) -> None:
        self.asked.append((identifier.value, wildcard))
        self._now += 1
        self.most = max(self.most, self._now)
        await asyncio.sleep(0.2)
        self._now -= 1
        if self._error is not None:
            raise self._error


def test_names_are_asked_about_together_and_not_all_at_once(life: Life) -> None:
    slow = Slow()
    names = [f"n{number}.test" for number in range(25)]
    began = time.monotonic()
    check(life, slow, *names)
    assert time.monotonic() - began < 3, "one after another it is five seconds"
    assert slow.most == 10
    assert sorted(slow.asked) == sorted((name, False) for name in names)


def test_a_fault_is_no_refusal(life: Life) -> None:
    with pytest.raises(RuntimeError, match="ours"):
        check(life, Slow(RuntimeError("ours")), "a.test", "b.test")


def test_what_nobody_waits_for_any_more_is_not_asked_on(life: Life) -> None:
    slow = Slow(problems.caa("no"))
    order = life.ready(*(f"n{number}.test" for number in range(25)))

    async def left() -> None:
        before = asyncio.all_tasks()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await CAACheck(life.service, slow, 10).check(order, ACCOUNT)
        assert asyncio.all_tasks() == before

    asyncio.run(left())
    assert len(slow.asked) == 10
