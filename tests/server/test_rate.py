"""Limits a minute for each client address."""

from __future__ import annotations

import ipaddress

import pytest

from tlsmith.server.rate import MOST, RateLimit


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_minute_s_worth_may_come_at_once_and_then_comes_back() -> None:
    clock = Clock()
    limit = RateLimit(6, clock=clock)
    assert [limit.spend("192.0.2.1") for _ in range(6)] == [0.0] * 6
    assert limit.spend("192.0.2.1") == pytest.approx(10)
    clock.now += 10.001
    assert limit.spend("192.0.2.1") == 0.0
    assert limit.spend("192.0.2.1") > 0
    clock.now += 3600
    assert [limit.spend("192.0.2.1") for _ in range(7)][-1] > 0


def test_looking_costs_nothing() -> None:
    limit = RateLimit(1, clock=Clock())
    assert [limit.wait("192.0.2.1") for _ in range(3)] == [0.0] * 3
    limit.spend("192.0.2.1")
    assert limit.wait("192.0.2.1") > 0


def test_addresses_count_apart() -> None:
    limit = RateLimit(1, clock=Clock())
    assert limit.spend("192.0.2.1") == 0.0
    assert limit.spend("192.0.2.2") == 0.0
    assert limit.spend("192.0.2.1") > 0


@pytest.mark.parametrize(
    ("one", "other", "are_the_same"),
    [
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("fe80::1%eth0", "fe80::2%eth1", True),
        ("", "192.0.2.1", False),
    ],
)
def test_what_counts_as_one_client(one: str, other: str, are_the_same: bool) -> None:
    limit = RateLimit(1, clock=Clock())
    limit.spend(one)
    assert (limit.spend(other) > 0) is are_the_same


def test_none_and_exempt_networks_are_without_limit() -> None:
    assert [RateLimit(0).spend("192.0.2.1") for _ in range(99)] == [0.0] * 99
    limit = RateLimit(1, [ipaddress.ip_network("10.0.0.0/8")], Clock())
    assert [limit.spend("::ffff:10.1.2.3") for _ in range(9)] == [0.0] * 9
    limit.spend("192.0.2.1")
    assert limit.spend("192.0.2.1") > 0


def test_memory_is_bounded_and_the_newest_stay() -> None:
    limit = RateLimit(1, clock=Clock())
    for number in range(MOST + 10):
        limit.spend(str(ipaddress.ip_address(number)))
    assert len(limit._buckets) == MOST
    assert limit.spend(str(ipaddress.ip_address(MOST + 9))) > 0
    assert limit.spend(str(ipaddress.ip_address(0))) == 0.0
