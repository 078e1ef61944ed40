"""What a setting may say: each reader takes what TOML, or a text, holds.

Texts come from the environment and the command line, so every reader takes its value
as text as well. A reader raises ValueError, saying what would have been right.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import urlsplit

Reader = Callable[[Any], Any]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_SIZES = {"": 1, "kib": 1024, "mib": 1024**2, "gib": 1024**3}
# The characters of RFC 3986 section 2: others would break the field Link.
_IN_URLS = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+", re.ASCII)


class Address(NamedTuple):
    """Where to listen; an empty host is every address of the machine."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def text(value: Any) -> str:
    """Return a text that is not empty."""
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise ValueError("a text that is not empty")
    return value


def address(value: Any) -> Address:
    """Return what "HOST:PORT", "[V6]:PORT" or ":PORT" says."""
    match = re.fullmatch(r"(?:\[([0-9a-fA-F:.%]+)\]|([^:\s]*)):(\d{1,5})", str(value))
    if match is None or int(match[3]) > 65535:
        raise ValueError("HOST:PORT, such as 0.0.0.0:8443 or [::1]:8443")
    return Address(match[1] or match[2] or "", int(match[3]))


def maybe_address(value: Any) -> Address | None:
    """Return an address, or None for "off"."""
    return None if value == "off" else address(value)


def url(scheme: str) -> Reader:
    """Return a reader of URLs of this scheme, which have no "/" at their end."""

    def read(value: Any) -> str:
        expected = f"a URL such as {scheme}://ca.example.com"
        try:
            parts = urlsplit(text(value))
            port_is_one = parts.port is None or parts.port > 0
        except ValueError:
            raise ValueError(expected) from None
        if parts.scheme != scheme or not parts.hostname or not port_is_one:
            raise ValueError(expected)
        if parts.query or parts.fragment or parts.username:
            raise ValueError(f"{expected}, without a query")
        return str(value).rstrip("/")

    return read


def page(value: Any) -> str:
    """Return the URL of a page for people, as it is written (RFC 8555 section 7.1.1).

    Who runs the page says what its URL is: a "/" at its end and a query belong to it.
    """
    expected = "the URL of a page, such as https://ca.example.com/terms?version=2"
    try:
        parts = urlsplit(text(value))
        port_is_one = parts.port is None or parts.port > 0
    except ValueError:
        raise ValueError(expected) from None
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_one:
        raise ValueError(expected)
    if not _IN_URLS.fullmatch(value):
        raise ValueError(f"{expected}: percent-encode what URLs do not have")
    return str(value)


def integer(least: int, most: int) -> Reader:
    """Return a reader of whole numbers within bounds."""

    def read(value: Any) -> int:
        expected = f"a whole number from {least} to {most}"
        digits = isinstance(value, str) and re.fullmatch(r"\d{1,12}", value)
        if isinstance(value, bool) or not (isinstance(value, int) or digits):
            raise ValueError(expected)
        if not least <= int(value) <= most:
            raise ValueError(expected)
        return int(value)

    return read


def duration(least: int, most: int) -> Reader:
    """Return a reader of durations in seconds: 90, "90s", "15m", "36h" or "7d"."""

    def read(value: Any) -> int:
        expected = f"a duration such as 30s, 15m, 36h or 7d, {_between(least, most)}"
        match = re.fullmatch(r"(\d{1,9})([smhd]?)", str(value))
        if match is None or isinstance(value, bool):
            raise ValueError(expected)
        seconds = int(match[1]) * _UNITS[match[2] or "s"]
        if not least <= seconds <= most:
            raise ValueError(expected)
        return seconds

    return read


def size(least: int, most: int) -> Reader:
    """Return a reader of sizes in bytes: 65536, "64KiB" or "1MiB"."""

    def read(value: Any) -> int:
        expected = f"a size such as 64KiB or 1MiB, {least} to {most} bytes"
        match = re.fullmatch(r"(\d{1,12})\s*(|kib|mib|gib)", str(value).lower())
        if match is None or isinstance(value, bool):
            raise ValueError(expected)
        count = int(match[1]) * _SIZES[match[2]]
        if not least <= count <= most:
            raise ValueError(expected)
        return count

    return read


def choice(*allowed: str) -> Reader:
    """Return a reader of one of a few words."""

    def read(value: Any) -> str:
        if value not in allowed:
            raise ValueError(f"one of {', '.join(allowed)}")
        return str(value)

    return read


def boolean(value: Any) -> bool:
    """Return what true or false says."""
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return bool(value == "true")
    raise ValueError("true or false")


def texts(value: Any) -> tuple[str, ...]:
    """Return a list of texts; as one text, with commas between them."""
    if isinstance(value, str):
        value = [part.strip() for part in value.split(",") if part.strip()]
    if not isinstance(value, list | tuple):
        raise ValueError("a list of texts")
    return tuple(text(each) for each in value)


def networks(value: Any) -> tuple[Network, ...]:
    """Return a list of networks, such as 10.0.0.0/8."""
    try:
        return tuple(ipaddress.ip_network(each) for each in texts(value))
    except ValueError as error:
        raise ValueError(f"a list of networks such as 10.0.0.0/8 ({error})") from error


def addresses(value: Any) -> tuple[Address, ...]:
    """Return a list of HOST:PORT; a host alone has port 53, as resolvers do."""
    found = []
    for each in texts(value):
        try:
            host = str(ipaddress.ip_address(each.strip("[]")))
        except ValueError:
            found.append(address(each))
        else:
            found.append(Address(host, 53))
    if any(not one.host for one in found):
        raise ValueError("a list of HOST:PORT, such as 10.0.0.53:53")
    return tuple(found)


def choices(*allowed: str) -> Reader:
    """Return a reader of a list of a few words, each once."""

    def read(value: Any) -> tuple[str, ...]:
        found = tuple(dict.fromkeys(texts(value)))
        if not found or not set(found) <= set(allowed):
            raise ValueError(f"a list of {', '.join(allowed)}")
        return found

    return read


def pairs(value: Any) -> tuple[tuple[Network, str], ...]:
    """Return networks with a domain each: 10.1.0.0/16=corp.example."""
    found = []
    for each in texts(value):
        network, _, domain = each.partition("=")
        try:
            found.append((ipaddress.ip_network(network), text(domain.strip().lower())))
        except ValueError as error:
            expected = "a list of NETWORK=DOMAIN such as 10.1.0.0/16=corp.example"
            raise ValueError(f"{expected} ({error})") from error
    return tuple(found)


def _between(least: int, most: int) -> str:
    return f"from {_brief(least)} to {_brief(most)}"


def _brief(seconds: int) -> str:
    for unit in "dhm":
        if seconds and seconds % _UNITS[unit] == 0:
            return f"{seconds // _UNITS[unit]}{unit}"
    return f"{seconds}s"
