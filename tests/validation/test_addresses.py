"""Which addresses are asked, and which never."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlsmith.validation.addresses import AddressPolicy

ASKED = [
    "10.0.0.1",
    "172.16.5.4",
    "192.168.1.1",
    "100.64.0.1",
    "192.0.2.1",
    "8.8.8.8",
    "fd12:3456::1",
    "2001:db8::1",
    "2606:4700::1111",
    "fec0::1",
    # With an ordinary IPv4 address inside.
    "::ffff:10.0.0.1",
    "64:ff9b::10.0.0.1",
    "2002:0a00:0001::1",
]
REFUSED = {
    "127.0.0.1": "loopback",
    "127.255.255.254": "loopback",
    "::1": "loopback",
    "0.0.0.0": "unspecified",  # noqa: S104
    "0.1.2.3": "unspecified",
    "::": "unspecified",
    "169.254.1.1": "link-local",
    "fe80::1": "link-local",
    "fe80::1%eth0": "link-local",
    "febf::1": "link-local",
    "224.0.0.1": "multicast",
    "239.255.255.255": "multicast",
    "ff02::1": "multicast",
    "255.255.255.255": "broadcast",
    "240.0.0.1": "reserved",
    "255.255.255.254": "reserved",
    "169.254.169.254": "a cloud's metadata",
    "fd00:ec2::254": "a cloud's metadata",
    "fd20:ce::254": "a cloud's metadata",
    "100.100.100.200": "a cloud's metadata",
    "168.63.129.16": "a cloud's metadata",
    "192.0.0.192": "a cloud's metadata",
    # By the IPv4 address inside.
    "::ffff:127.0.0.1": "loopback",
    "::ffff:169.254.169.254": "a cloud's metadata",
    "::127.0.0.1": "loopback",
    "::ffff:0:127.0.0.1": "loopback",
    "2002:7f00:1::": "loopback",
    "2002:a9fe:a9fe::1": "a cloud's metadata",
    "64:ff9b::7f00:1": "loopback",
    "64:ff9b:1::a9fe:a9fe": "a cloud's metadata",
    "2001:0:a00:1:0:0:80ff:fffe": "loopback",  # Teredo's client, 127.0.0.1
    "2001:0:7f00:1::": "loopback",  # Teredo's server
    "2001:db8::5efe:127.0.0.1": "loopback",  # ISATAP
    "2001:db8::200:5efe:127.0.0.1": "loopback",
}


@pytest.mark.parametrize("address", ASKED)
def test_addresses_of_ordinary_networks_are_asked(address: str) -> None:
    assert AddressPolicy().refusal(address) is None


@pytest.mark.parametrize(("address", "why"), REFUSED.items())
def test_addresses_that_only_this_machine_reaches_are_not(
    address: str, why: str
) -> None:
    assert AddressPolicy().refusal(address) == why


def test_networks_can_be_allowed() -> None:
    policy = AddressPolicy(allow=[ipaddress.ip_network("127.0.0.0/8")])
    assert policy.refusal("127.0.0.1") is None
    assert policy.refusal("::ffff:127.0.0.1") is None
    assert policy.refusal("::1") == "loopback"
    assert policy.refusal("169.254.169.254") == "a cloud's metadata"
    # Some clouds give it to hosts.
    reserved = AddressPolicy(allow=[ipaddress.ip_network("240.0.0.0/4")])
    assert reserved.refusal("240.0.0.1") is None


def test_networks_can_be_denied_whatever_is_allowed() -> None:
    network = ipaddress.ip_network("10.0.0.0/8")
    policy = AddressPolicy(allow=[network], deny=[network])
    for address in (
        "10.1.2.3",
        "::ffff:10.1.2.3",
        "2002:a01:203::",
        "64:ff9b::a01:203",
    ):
        assert policy.refusal(address) == "denied by acme.deny_networks"
    assert policy.refusal("11.0.0.1") is None


def test_an_allowed_ipv4_network_lets_no_other_address_inside_be_asked() -> None:
    policy = AddressPolicy(allow=[ipaddress.ip_network("127.0.0.0/8")])
    # Teredo: an allowed server, and a client that is not.
    assert policy.refusal("2001:0:7f00:1::5601:5601") == "a cloud's metadata"


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_in_ipv6_is_judged_as_that(
    address: ipaddress.IPv4Address,
) -> None:
    policy = AddressPolicy()
    plain = policy.refusal(str(address))
    number = int(address)
    for inside in (
        (0xFFFF << 32) | number,
        (0x64FF9B << 96) | number,
        (0x2002 << 112) | number << 80 | 1,
        (0x20010000 << 96) | (0x0A000001 << 64) | (number ^ 0xFFFFFFFF),
    ):
        assert policy.refusal(str(ipaddress.IPv6Address(inside))) == plain
