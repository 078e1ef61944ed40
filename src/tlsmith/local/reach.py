"""What a local CA may sign for: development names, private addresses, and more."""

from __future__ import annotations

from collections.abc import Sequence

from tlsmith.core.constraints import (
    NameConstraints,
    development_constraints,
    domain_or_network,
)
from tlsmith.errors import InputError

DEVELOPMENT_DOMAINS = (
    "localhost",  # RFC 6761
    "test",  # RFC 6761
    "example",  # RFC 6761
    "invalid",  # RFC 6761
    "local",  # RFC 6762, multicast DNS
    "internal",  # kept for private use by ICANN in 2024
    "home.arpa",  # RFC 8375
    "lan",  # what home routers hand out; never delegated
)
PRIVATE_NETWORKS = (
    "127.0.0.0/8",
    "::1/128",
    "10.0.0.0/8",  # RFC 1918
    "172.16.0.0/12",  # RFC 1918
    "192.168.0.0/16",  # RFC 1918
    "169.254.0.0/16",  # RFC 3927
    "fe80::/10",  # RFC 4291
    "fc00::/7",  # RFC 4193
)


# Those in common use; with two letters they are countries'. A host name of one label
# that an office uses goes through.
_TOP_LEVEL = (
    "com net org edu gov mil int arpa info biz name pro mobi dev app io xyz online "
    "site shop store tech cloud page web blog club live wiki top icu space website"
)


def constraints_for(allow: Sequence[str]) -> NameConstraints:
    """Return the constraints of a local CA that may sign for `allow` as well."""
    domains, networks = list(DEVELOPMENT_DOMAINS), list(PRIVATE_NETWORKS)
    for text in allow:
        kind, base = domain_or_network(text)
        _refuse_top_level(text, base)
        (domains if kind == "dns" else networks).append(base)
    return development_constraints(
        list(dict.fromkeys(domains)), list(dict.fromkeys(networks))
    )


def _refuse_top_level(text: str, base: str) -> None:
    """Refuse a top-level domain of the internet: a CA for it would not be harmless."""
    if base in _TOP_LEVEL.split() or (len(base) == 2 and base.isalpha()):
        raise InputError(
            f"{text!r} is a whole part of the internet, not a domain of yours",
            code="too-wide",
            hint="name the domain you use, such as dev.example.com",
        )


def extra_names(constraints: NameConstraints | None) -> list[str]:
    """Return the domains and networks a CA may sign beside those for development."""
    usual = (*DEVELOPMENT_DOMAINS, *PRIVATE_NETWORKS)
    return [
        subtree.base
        for subtree in (constraints.permitted if constraints else ())
        if subtree.kind in ("dns", "ip") and subtree.base not in usual
    ]
