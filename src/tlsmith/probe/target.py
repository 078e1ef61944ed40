"""Which server is meant: a host, a port, the name to ask it for."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from tlsmith.core.names import to_ascii
from tlsmith.errors import InputError

HTTPS = 443

# Scheme: port, and the protocol in which TLS is asked for first, if any.
_SCHEMES: dict[str, tuple[int, str | None]] = {
    "https": (443, None),
    "wss": (443, None),
    "tls": (443, None),
    "ldaps": (636, None),
    "imaps": (993, None),
    "pop3s": (995, None),
    "smtps": (465, None),
    "ftps": (990, None),
    "amqps": (5671, None),
    "mqtts": (8883, None),
    "rediss": (6379, None),
    "ldap": (389, "ldap"),
    "smtp": (25, "smtp"),
    "imap": (143, "imap"),
    "pop3": (110, "pop3"),
    "ftp": (21, "ftp"),
    "postgres": (5432, "postgres"),
    "postgresql": (5432, "postgres"),
    "mysql": (3306, "mysql"),
    "xmpp": (5222, "xmpp"),
}
_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*).*")
_BRACKETS = re.compile(r"\[(?P<host>[0-9A-Fa-f:.]+)(%[^\]]*)?\](:(?P<port>\d+))?")
_HOST = re.compile(r"(?P<host>[^\s:/\\@]+?)\.?(:(?P<port>\d+))?")
# A label in any script: letters, digits, hyphens, and the underscore some use.
_LABEL = re.compile(r"[\w](?:[\w-]*[\w])?")


@dataclass(frozen=True, slots=True)
class Target:
    """A server.

    Args:
        host: as a name in A-labels, or an address.
        starttls: the protocol in which TLS is asked for; None where TLS comes first.
        server_name: sent as SNI and looked for in the certificate; the host if None.
    """

    host: str
    port: int
    starttls: str | None = None
    server_name: str | None = None

    @property
    def name(self) -> str:
        """The name or address that the certificate should be for."""
        return self.server_name or self.host

    @property
    def sni(self) -> str | None:
        """The name to send; RFC 6066 section 3 has none for addresses."""
        return None if is_address(self.name) else self.name

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def is_address(text: str) -> bool:
    """Tell whether `text` is an IP address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def parse_target(
    text: str, *, starttls: str | None = None, server_name: str | None = None
) -> Target:
    """Return the server that `text` names: HOST, HOST:PORT, [IPv6]:PORT or a URL.

    Args:
        starttls: a protocol of `STARTTLS_PORTS`, whose port is then the default.

    Raises:
        InputError: it names none.
    """
    default, implied = (HTTPS, None)
    rest = text
    url = _URL.fullmatch(text)
    if url:
        scheme = url["scheme"].lower()
        if scheme == "http":
            raise InputError(
                f"{text!r} is plain HTTP, without a certificate",
                code="not-tls",
                hint="write https:// or just the host",
            )
        if scheme not in _SCHEMES:
            raise InputError(
                f"do not know the scheme of {text!r}",
                code="bad-target",
                hint="write HOST:PORT",
            )
        default, implied = _SCHEMES[scheme]
        rest = url["authority"].rpartition("@")[2]
    if starttls is not None:
        default = STARTTLS_PORTS[starttls]
    host, port = _split(rest, text, default)
    name = None if server_name is None else to_ascii(server_name)
    return Target(host, port, starttls or implied, name)


# The port that each protocol uses when none is given.
STARTTLS_PORTS = {name: port for port, name in _SCHEMES.values() if name is not None}


def _split(rest: str, text: str, default: int) -> tuple[str, int]:
    bare = rest.count(":") > 1 and not rest.startswith("[")
    match = None if bare else _BRACKETS.fullmatch(rest) or _HOST.fullmatch(rest)
    host = rest if bare else match["host"] if match else ""
    port = match["port"] if match else None
    number = default if port is None else int(port[:6])
    numeric = ":" in host or host.replace(".", "").isdecimal()
    if numeric:
        good = is_address(host)
    else:
        host = to_ascii(host) if host else ""
        good = bool(host) and all(map(_LABEL.fullmatch, host.split(".")))
    if not good or not 0 < number < 65536:
        raise InputError(
            f"not a server: {text!r}",
            code="bad-target",
            hint="write HOST, HOST:PORT, [IPv6]:PORT or a URL",
        )
    return host, number
