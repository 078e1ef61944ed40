"""Every setting of `tlsmith serve`: its type, its default, what it is for.

The fields' metadata is what the configuration is read by, and what docs/serve.md is
written from. A setting marked `live` takes effect on SIGHUP, the others on a restart.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tlsmith.server import readers
from tlsmith.server.readers import Address, Network, Reader

MINUTE, HOUR, DAY = 60, 3600, 86400


def _setting(
    written: str | None, read: Reader, about: str, *, live: bool = False
) -> Any:
    """Return a field.

    Args:
        written: the default, as a person would write it.
    """
    default = None if written is None else read(written)
    metadata = {"read": read, "written": written, "about": about, "live": live}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True)
class TLSSettings:
    """How the HTTPS side presents itself, and whom it believes."""

    names: tuple[str, ...] = _setting(
        "",
        readers.texts,
        "further names of the server's own certificate, beside base_url's host and "
        "the one it listens on",
    )
    profile: str = _setting(
        "server", readers.text, "profile of the server's own certificate"
    )
    lifetime: int = _setting(
        "7d",
        readers.duration(10, 397 * DAY),
        "how long the server's own certificate lasts; it is renewed, without a "
        "restart, when two thirds have passed",
    )
    client_ca: str | None = _setting(
        None,
        readers.text,
        "PEM file of further CAs whose client certificates are accepted, beside "
        "this CA's own",
    )
    minimum: str = _setting(
        "1.2", readers.choice("1.2", "1.3"), "lowest version of TLS"
    )


@dataclass(frozen=True, slots=True)
class LimitSettings:
    """What one client may ask of the server."""

    body: int = _setting(
        "1MiB",
        readers.size(1024, 1024**3),
        "largest body of a request to the API",
        live=True,
    )
    headers: int = _setting(
        "16KiB",
        readers.size(1024, 1024**2),
        "largest head of a request: its line and its fields",
        live=True,
    )
    request_time: int = _setting(
        "20s",
        readers.duration(1, HOUR),
        "time a client has for a handshake, and to send a request whole, counted "
        "from its first byte",
        live=True,
    )
    keep_alive: int = _setting(
        "60s",
        readers.duration(1, HOUR),
        "how long an idle connection stays open",
        live=True,
    )
    connections: int = _setting(
        "4096",
        readers.integer(1, 1_000_000),
        "connections of each worker, for HTTPS and HTTP apart",
        live=True,
    )
    requests_per_minute: int = _setting(
        "0",
        readers.integer(0, 1_000_000),
        "requests to the API a minute from one address; 0 for any number",
        live=True,
    )
    failures_per_minute: int = _setting(
        "30",
        readers.integer(0, 1_000_000),
        "failed authentications a minute from one address, after which further ones "
        "are answered with 429; who is known is let in; 0 for any number",
        live=True,
    )
    exempt: tuple[Network, ...] = _setting(
        "",
        readers.networks,
        "networks without limits a minute: a load balancer's, behind which all "
        "clients have one address",
        live=True,
    )
    stop: int = _setting(
        "20s",
        readers.duration(0, HOUR),
        "time that running requests have to end when the server stops",
        live=True,
    )
    drain: int = _setting(
        "0s",
        readers.duration(0, HOUR),
        "time between /readyz failing and the sockets closing when the server "
        "stops, for load balancers to notice",
        live=True,
    )


@dataclass(frozen=True, slots=True)
class LogSettings:
    """What is logged, and how."""

    format: str = _setting(
        "text",
        readers.choice("text", "json"),
        "a line of words, or a JSON object a line",
        live=True,
    )
    level: str = _setting(
        "info",
        readers.choice("debug", "info", "warning", "error"),
        "least level that is logged; debug adds each request for /ocsp, /crl and /ca",
        live=True,
    )


@dataclass(frozen=True, slots=True)
class OCSPSettings:
    """How OCSP is answered."""

    lifetime: int = _setting(
        "1d", readers.duration(MINUTE, 30 * DAY), "from thisUpdate to nextUpdate"
    )
    cache: int = _setting(
        "100000",
        readers.integer(0, 10_000_000),
        "signed answers each worker keeps",
    )


@dataclass(frozen=True, slots=True)
class CRLSettings:
    """When CRLs are made."""

    lifetime: int = _setting(
        "7d",
        readers.duration(10 * MINUTE, 365 * DAY),
        "from thisUpdate to nextUpdate of a complete CRL",
    )
    every: int = _setting(
        "1d",
        readers.duration(MINUTE, 365 * DAY),
        "time between CRLs where nothing was revoked; deltas are based on these",
    )


@dataclass(frozen=True, slots=True)
class CleanUpSettings:
    """When what has expired is forgotten."""

    every: int = _setting(
        "1h", readers.duration(MINUTE, 30 * DAY), "time between clean-ups"
    )
    keep_expired: int = _setting(
        "365d",
        readers.duration(0, 36500 * DAY),
        "how long expired certificates stay in the store",
    )


@dataclass(frozen=True, slots=True)
class ACMESettings:
    """How ACME is offered, and names are validated."""

    enabled: bool = _setting(
        "true", readers.boolean, "whether there is ACME, at /acme/directory"
    )
    challenges: tuple[str, ...] = _setting(
        "http-01, dns-01, tls-alpn-01",
        readers.choices(
            "http-01", "dns-01", "tls-alpn-01", "dns-account-01", "dns-persist-01"
        ),
        "challenges that are offered; add dns-account-01 and dns-persist-01 where "
        "all clients can read a list that has them",
    )
    http_port: int = _setting(
        "80", readers.integer(1, 65535), "port that http-01 asks, in test networks"
    )
    tls_port: int = _setting(
        "443", readers.integer(1, 65535), "port that tls-alpn-01 asks"
    )
    resolver: tuple[Address, ...] = _setting(
        "",
        readers.addresses,
        "DNS resolvers that validation asks, HOST:PORT; without, the system's own",
    )
    allow: tuple[Network, ...] = _setting(
        "",
        readers.networks,
        "networks that validation may ask though they are not asked by default: "
        "loopback, link-local, multicast",
    )
    deny_networks: tuple[Network, ...] = _setting(
        "", readers.networks, "networks that validation never asks"
    )
    timeout: int = _setting(
        "10s", readers.duration(1, 5 * MINUTE), "time that one validation has"
    )
    vantage_points: tuple[str, ...] = _setting(
        "",
        readers.texts,
        "addresses of this machine from which each validation is done once more: all "
        "must see the same",
    )
    require_eab: bool = _setting(
        "false",
        readers.boolean,
        "whether a new account needs an external account: tlsmith eab create",
    )
    trusted_networks: tuple[tuple[Network, str], ...] = _setting(
        "",
        readers.pairs,
        "NETWORK=DOMAIN: clients in the network need no challenge for names below "
        "the domain; each such certificate says so in the audit log",
    )
    profiles: tuple[str, ...] = _setting(
        "", readers.texts, "profiles that are offered; without, those for TLS servers"
    )
    terms: str | None = _setting(
        None,
        readers.page,
        "URL of the terms of service that new accounts agree to, as it is written",
    )
    website: str | None = _setting(
        None, readers.page, "URL where people read about this CA"
    )
    caa_identities: tuple[str, ...] = _setting(
        "", readers.texts, "domains by which CAA records allow this CA"
    )
    check_caa: bool = _setting(
        "false",
        readers.boolean,
        "whether CAA records are looked at before a certificate is issued",
    )
    order_lifetime: int = _setting(
        "7d", readers.duration(MINUTE, 90 * DAY), "time to complete an order"
    )
    authorization_lifetime: int = _setting(
        "1d",
        readers.duration(0, 398 * DAY),
        "how long a name that was proved needs no new proof",
    )
    orders_per_hour: int = _setting(
        "0",
        readers.integer(0, 1_000_000),
        "new orders of an account an hour, renewals apart; 0 for any number",
    )
    orders_per_name_per_day: int = _setting(
        "0", readers.integer(0, 1_000_000), "new orders with a name in them a day"
    )
    accounts_per_hour: int = _setting(
        "0", readers.integer(0, 1_000_000), "new accounts from one address an hour"
    )
    failures_per_hour: int = _setting(
        "60",
        readers.integer(0, 1_000_000),
        "failed validations of a name by an account an hour",
    )
    renewal_poll: int = _setting(
        "6h",
        readers.duration(MINUTE, 7 * DAY),
        "how often clients are to ask when to renew",
    )
    explanation_url: str | None = _setting(
        None, readers.page, "URL where people read why a renewal is due"
    )
    keep: int = _setting(
        "90d",
        readers.duration(DAY, 3650 * DAY),
        "how long orders stay in the store after they were made",
    )


@dataclass(frozen=True, slots=True)
class ServeSettings:
    """All of it."""

    store: str = _setting(
        None,
        readers.text,
        "URL of the store: sqlite:///FILE or postgresql://...; needed",
    )
    passphrase_file: str | None = _setting(
        None,
        readers.text,
        "file whose first line opens the CA's key; without it the systemd "
        "credential tlsmith-passphrase is taken",
    )
    listen: Address = _setting(  # noqa: RUF009 -- a field, with metadata
        ":8443", readers.address, "HOST:PORT of the HTTPS side"
    )
    http: Address | None = _setting(  # noqa: RUF009 -- a field, with metadata
        ":8080",
        readers.maybe_address,
        'HOST:PORT of the plain side, for CRL, OCSP and CA certificates; "off" '
        "for none",
    )
    base_url: str | None = _setting(
        None,
        readers.url("https"),
        "how clients reach the HTTPS side, where that is not its address",
    )
    blocklists: tuple[str, ...] = _setting(
        "",
        readers.texts,
        "files of further keys never to certify: lines of SHA-256, Debian's "
        "openssl-blacklist, badkeys' blocklist.dat",
    )
    workers: int = _setting(
        "1",
        readers.integer(1, 256),
        "processes that share the sockets; one a core is enough",
    )
    tls: TLSSettings = field(default_factory=TLSSettings)
    limits: LimitSettings = field(default_factory=LimitSettings)
    log: LogSettings = field(default_factory=LogSettings)
    ocsp: OCSPSettings = field(default_factory=OCSPSettings)
    crl: CRLSettings = field(default_factory=CRLSettings)
    clean_up: CleanUpSettings = field(default_factory=CleanUpSettings)
    acme: ACMESettings = field(default_factory=ACMESettings)
