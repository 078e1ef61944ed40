"""What an authority's ACME offers, and to whom."""

from __future__ import annotations

import ipaddress
from datetime import timedelta
from typing import NamedTuple

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
DEFAULT_CHALLENGES = ("http-01", "dns-01", "tls-alpn-01")
# How long an order can be finalized at least, once its names are proved.
_TO_FINALIZE = timedelta(hours=1)


class TrustedNetwork(NamedTuple):
    """A network whose clients need no challenge for some domains."""

    network: Network
    domain: str


class ACMELimits(NamedTuple):
    """How much is allowed; 0 for any number.

    Args:
        orders: new ones of an account, an hour.
        orders_of_name: new ones with a name in them, a day.
        accounts: new ones from an address, an hour.
        failures: failed validations of an account and a name, an hour.
    """

    orders: int = 0
    orders_of_name: int = 0
    accounts: int = 0
    failures: int = 60


class ACMESettings(NamedTuple):
    """How ACME is offered.

    Args:
        terms: URL of the terms, to which new accounts must agree.
        caa_identities: the names by which CAA records allow this CA (RFC 8659).
        check_caa: whether CAA records are asked for before a certificate is issued.
        require_binding: whether a new account needs an external account.
        profiles: those that are offered; empty for all that are for TLS servers.
        challenges: the types that are offered, in this order.
        lease: how long whoever validates has between two signs of life; afterwards,
            whoever looks begins again.
        order_lifetime: in which an order must be completed.
        authorization_lifetime: for which a name that was proved needs no new proof.
        renewal_poll: how often clients are to ask for renewal information.
        explanation_url: where people read why a renewal is due (RFC 9773 4.2).
        allowed_networks: those whose addresses hosts have though they are reserved.
    """

    terms: str | None = None
    website: str | None = None
    caa_identities: tuple[str, ...] = ()
    check_caa: bool = False
    require_binding: bool = False
    profiles: tuple[str, ...] = ()
    challenges: tuple[str, ...] = DEFAULT_CHALLENGES
    order_lifetime: timedelta = timedelta(days=7)
    authorization_lifetime: timedelta = timedelta(days=1)
    trusted_networks: tuple[TrustedNetwork, ...] = ()
    limits: ACMELimits = ACMELimits()
    renewal_poll: timedelta = timedelta(hours=6)
    explanation_url: str | None = None
    lease: timedelta = timedelta(seconds=15)
    allowed_networks: tuple[Network, ...] = ()

    @property
    def proof_lifetime(self) -> timedelta:
        """How long what was proved holds: its own order must have time in any case."""
        return max(self.authorization_lifetime, _TO_FINALIZE)
