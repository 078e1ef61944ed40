"""Clients' addresses, as servers are told them."""

from __future__ import annotations

import ipaddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def parse_client(text: str) -> Address | None:
    """Return a client's address, None for what is none.

    A zone is left out, and an IPv4 address that a socket for both tells as one of IPv6
    is what it stands for.
    """
    try:
        found = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(found, ipaddress.IPv6Address):
        return found.ipv4_mapped or found
    return found


def counted_as(address: Address) -> str:
    """Return what an address counts as for limits: of IPv6, the /64 one client has."""
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((int(address) >> 64 << 64, 64)))
    return str(address)
