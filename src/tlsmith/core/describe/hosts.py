"""Whether a certificate is for a host (RFC 9525 section 6)."""

from __future__ import annotations

import ipaddress

from tlsmith.core.describe.certificate import Certificate


def is_for_host(certificate: Certificate, host: str) -> bool:
    """Tell whether a client that asked for `host` may accept `certificate`.

    Args:
        host: a DNS name in A-labels, or an IP address.
    """
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        name = host.rstrip(".").lower()
        return any(
            _covers(str(one["value"]).rstrip(".").lower(), name)
            for one in certificate.names
            if one["type"] == "dns"
        )
    return any(
        one["value"] == str(address) for one in certificate.names if one["type"] == "ip"
    )


def _covers(pattern: str, name: str) -> bool:
    """Tell whether a dNSName covers `name`: a wildcard stands for one whole label."""
    if not pattern.startswith("*."):
        return bool(pattern) and pattern == name
    first, _, rest = name.partition(".")
    # RFC 6125 section 7.2: no client lets a wildcard cover a top-level domain.
    return bool(first) and "." in rest and rest == pattern[2:]
