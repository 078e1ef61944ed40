"""Clients' addresses: what they are, and what they count as."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from tlsmith.core.clients import counted_as, parse_client


@pytest.mark.parametrize(
    ("text", "address", "counted"),
    [
        ("192.0.2.7", "192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::1", "fe80::/64"),
    ],
)
def test_an_address_counts_as_what_one_client_has(
    text: str, address: str, counted: str
) -> None:
    client = parse_client(text)
    assert client == ip_address(address)
    assert client is not None
    assert counted_as(client) == counted


@pytest.mark.parametrize("text", ["", "unix", "192.0.2.256", "::1::"])
def test_what_is_no_address_is_none(text: str) -> None:
    assert parse_client(text) is None
