"""What a deployment decides about validation."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network
from typing import NamedTuple

Network = IPv4Network | IPv6Network


class ValidationSettings(NamedTuple):
    """How names are validated.

    Args:
        http_port: where http-01 asks; 80 but in test networks.
        tls_port: where tls-alpn-01 asks; 443 but in test networks.
        resolvers: (host, port) of DNS resolvers, asked in this order; none for the
            system's own way.
        allow: networks that may be asked though they are built in as ones that are not.
        deny: networks never asked, whatever `allow` says.
        timeout: seconds a validation has, from its first question to its end.
        vantage_points: addresses of this machine to ask from once more, `resolvers`
            too; all must see the same.
        issuer_names: domain names this CA goes by in dns-persist-01 records.
        account_hash_prefix: of the account's URIs in those; as in the directory.
        concurrency: validations under way at once; further ones wait.
    """

    http_port: int = 80
    tls_port: int = 443
    resolvers: tuple[tuple[str, int], ...] = ()
    allow: tuple[Network, ...] = ()
    deny: tuple[Network, ...] = ()
    timeout: float = 10
    vantage_points: tuple[str, ...] = ()
    issuer_names: tuple[str, ...] = ()
    account_hash_prefix: str = ""
    concurrency: int = 128
