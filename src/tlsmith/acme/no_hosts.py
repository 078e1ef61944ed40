"""Networks of which no address is a host's own: nothing there could prove anything."""

from __future__ import annotations

from ipaddress import ip_network

# What stands there, whatever the network around it.
NO_HOSTS = tuple(
    (ip_network(network), kind)
    for network, kind in (
        ("0.0.0.0/8", "unspecified"),
        ("::/128", "unspecified"),
        ("224.0.0.0/4", "multicast"),
        ("ff00::/8", "multicast"),
        ("255.255.255.255/32", "broadcast"),
    )
)
# Of no host by the standards (RFC 1112 section 4), and of many in some clouds.
RESERVED = ip_network("240.0.0.0/4")
