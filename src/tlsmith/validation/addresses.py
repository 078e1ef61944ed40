"""Which addresses may be asked: a name's owner decides where it points, not we.

A private CA validates private addresses. What is refused is what only this machine
reaches, or what hands out secrets to whoever asks from here: loopback, link-local, the
metadata services of clouds; and what is no host's. fec0::/10 is asked: RFC 3879 takes
from it all that was special, and some closed networks have it still.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from tlsmith.acme.no_hosts import NO_HOSTS, RESERVED
from tlsmith.validation.settings import Network

Address = IPv4Address | IPv6Address

# The one refusal that allowing the network does not lift.
DENIED = "denied by acme.deny_networks"
_LOOPBACK, _LINK_LOCAL, _METADATA = "loopback", "link-local", "a cloud's metadata"
# Beside the networks, why not; the first that holds the address is the one named.
_REFUSED = tuple(
    (ip_network(network), why)
    for network, why in (
        ("169.254.169.254/32", _METADATA),  # nearly all of them
        ("100.100.100.200/32", _METADATA),  # Alibaba
        ("168.63.129.16/32", _METADATA),  # Azure's WireServer
        ("192.0.0.192/32", _METADATA),  # Oracle, at first
        ("fd00:ec2::/32", _METADATA),  # AWS: metadata, DNS, time
        ("fd20:ce::254/128", _METADATA),  # Google
        ("fd00:c1::a9fe:a9fe/128", _METADATA),  # Oracle
        ("fd00:42::42/128", _METADATA),  # Scaleway
        ("127.0.0.0/8", _LOOPBACK),
        ("::1/128", _LOOPBACK),
        ("169.254.0.0/16", _LINK_LOCAL),
        ("fe80::/10", _LINK_LOCAL),
        *NO_HOSTS,
        (RESERVED, "reserved"),
    )
)
_6TO4 = ip_network("2002::/16")
_TEREDO = ip_network("2001::/32")
# Those whose last 32 bits are an IPv4 address.
_ENDING_IN_IPV4 = tuple(
    ip_network(network)
    for network in (
        "::ffff:0:0/96",  # IPv4-mapped (RFC 4291 2.5.5.2)
        "::/96",  # IPv4-compatible (RFC 4291 2.5.5.1)
        "::ffff:0:0:0/96",  # IPv4-translated (RFC 2765)
        "64:ff9b::/96",  # NAT64 (RFC 6052)
        "64:ff9b:1::/48",  # NAT64 of one's own (RFC 8215)
    )
)
_ISATAP = (0x00005EFE, 0x02005EFE)  # RFC 5214: the interface identifier's first half


class AddressPolicy:
    """Judges addresses.

    Args:
        allow: networks that may be asked though the built-in list has them.
        deny: networks never asked, whatever `allow` says.
    """

    def __init__(self, allow: Sequence[Network] = (), deny: Sequence[Network] = ()):
        self._allow = tuple(allow)
        self._deny = tuple(deny)
        # A fleet has the same addresses at each renewal.
        self.refusal = lru_cache(4096)(self._refusal)

    def _refusal(self, text: str) -> str | None:
        """Return why an address may not be asked, None where it may."""
        address = ip_address(text)
        # Who sends to an address with an IPv4 address inside may reach that one.
        judged = (address, *_inside(address))
        if any(_is_in(each, self._deny) for each in judged):
            return DENIED
        if _is_in(address, self._allow):
            return None
        for each in judged:
            why = _built_in(each)
            if why and not _is_in(each, self._allow):
                return why
        return None


def _is_in(address: Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)


def _built_in(address: Address) -> str | None:
    return next((why for network, why in _REFUSED if address in network), None)


def _inside(address: Address) -> Iterator[IPv4Address]:
    """Give the IPv4 addresses that are part of an IPv6 address."""
    if isinstance(address, IPv4Address):
        return
    number = int(address)
    low = number & 0xFFFFFFFF
    if _is_in(address, _ENDING_IN_IPV4) or (number >> 32) & 0xFFFFFFFF in _ISATAP:
        yield IPv4Address(low)
    if address in _6TO4:  # RFC 3056
        yield IPv4Address((number >> 80) & 0xFFFFFFFF)
    if address in _TEREDO:  # RFC 4380: the server, and the client in its complement
        yield IPv4Address((number >> 64) & 0xFFFFFFFF)
        yield IPv4Address(low ^ 0xFFFFFFFF)
