"""What a local CA may sign for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies import hosts, networks
from tlsmith.core.constraints import NameConstraints
from tlsmith.core.names import parse_name
from tlsmith.errors import InputError
from tlsmith.local.reach import (
    DEVELOPMENT_DOMAINS,
    constraints_for,
    extra_names,
)

USUAL = constraints_for([])


@pytest.mark.parametrize(
    "text",
    [
        *DEVELOPMENT_DOMAINS,
        *(f"a.b.{domain}" for domain in DEVELOPMENT_DOMAINS),
        *(f"*.{domain}" for domain in DEVELOPMENT_DOMAINS),
        "127.0.0.1",
        "127.255.255.254",
        "::1",
        "10.0.0.1",
        "172.31.0.1",
        "192.168.178.20",
        "169.254.1.1",
        "fe80::1",
        "fd12:3456::1",
        "me@mail.test",
        "me@test",
        "https://a.test/",
        "spiffe://prod.internal/web",
    ],
)
def test_development_names_may_be_signed(text: str) -> None:
    name = parse_name(text)
    assert USUAL.permits(name.kind, name.host)


@pytest.mark.parametrize(
    "text",
    [
        "example.com",
        "www.example.org",
        "test.com",
        "mytest",
        "xlocalhost",
        "arpa",
        "*.com",
        "8.8.8.8",
        "126.255.255.255",
        "128.0.0.1",
        "172.32.0.1",
        "192.169.0.1",
        "0.0.0.0",  # noqa: S104
        "::2",
        "::",
        "::ffff:127.0.0.1",
        "2606:4700::1",
        "me@example.com",
        "https://example.com/",
        "https://10.0.0.1/",
        "urn:isbn:0451450523",
    ],
)
def test_nothing_of_the_internet_may_be_signed(text: str) -> None:
    name = parse_name(text)
    assert not USUAL.permits(name.kind, name.host)


@given(allow=st.lists(hosts | networks(), max_size=5))
def test_what_is_allowed_is_told_again(allow: list[str]) -> None:
    try:
        constraints = constraints_for(allow)
    except InputError:
        return  # a network as wide as that
    again = constraints_for(extra_names(constraints))
    assert again == constraints
    assert set(USUAL.permitted) <= set(constraints.permitted)


def test_what_is_usual_is_nothing_extra() -> None:
    assert extra_names(USUAL) == []
    assert extra_names(constraints_for(["localhost", "10.0.0.0/8"])) == []
    assert extra_names(None) == []
    assert extra_names(NameConstraints()) == []


def test_a_name_allowed_twice_is_there_once() -> None:
    constraints = constraints_for(["a.example.com", "*.A.example.com."])
    assert extra_names(constraints) == ["a.example.com"]
    assert len(set(constraints.permitted)) == len(constraints.permitted)
