"""The URLs http-01 asks, and where it lets itself be sent (RFC 8555 section 8.3)."""

from __future__ import annotations

import re
from collections.abc import Collection
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import SplitResult, urljoin, urlsplit

PORTS = {"http": 80, "https": 443}
_HOST = re.compile(
    r"(?=.{1,253}\Z)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*"
)
_PRINTABLE = re.compile(r"[\x21-\x7e]*")
_LONGEST = 2048


class URL(NamedTuple):
    """What is asked: scheme, host in lower case without brackets, port, and path."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """Host and port as the Host field has them (RFC 9110 7.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.path}"


def parse_location(location: bytes, base: URL, ports: Collection[int]) -> URL:
    """Return where a redirect leads.

    Raises:
        ValueError: to where validation does not go; the text says why.
    """
    text = location.decode("latin-1")
    if not _PRINTABLE.fullmatch(text) or len(text) > _LONGEST:
        raise ValueError("that is no URL in printable ASCII of at most 2048 characters")
    try:
        given = urlsplit(text)
        parts = urlsplit(urljoin(str(base), text))
        port = parts.port
    except ValueError as error:
        raise ValueError("that is no URL") from error
    if parts.scheme not in PORTS:
        raise ValueError("only http and https are followed")
    if given.scheme and not given.netloc:  # which programs read in several ways
        raise ValueError("that is a URL without a host")
    if "@" in parts.netloc:
        raise ValueError("a URL with a user is not followed")
    port = PORTS[parts.scheme] if port is None else port
    if port not in ports:
        allowed = ", ".join(map(str, sorted(ports)))
        raise ValueError(f"port {port} is not one of those followed ({allowed})")
    path = parts.path or "/"
    return URL(
        parts.scheme,
        _host(parts),
        port,
        f"{path}?{parts.query}" if parts.query else path,
    )


def _host(parts: SplitResult) -> str:
    host = (parts.hostname or "").removesuffix(".")
    if ":" in host or parts.netloc.startswith("["):
        if "%" in host:
            raise ValueError("an address with a zone is not followed")
        try:
            return str(ip_address(host))
        except ValueError:
            raise ValueError("its host is not an address") from None
    if not _HOST.fullmatch(host):
        raise ValueError("its host is not a host name in ASCII")
    return host
