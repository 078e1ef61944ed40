"""Name spaces as people write them, for name constraints (RFC 5280 4.2.1.10)."""

from __future__ import annotations

import ipaddress
import re

from tlsmith.core.constraints import Subtree
from tlsmith.core.names import parse_name
from tlsmith.errors import InputError

_KIND = re.compile(r"(dns|ip|email|uri):(.*)", re.IGNORECASE | re.DOTALL)
_HINT = (
    "write corp.example, dns:corp.example, ip:10.0.0.0/8, email:corp.example, "
    "email:.corp.example, email:one@corp.example or uri:.corp.example"
)


def parse_name_space(text: str) -> tuple[Subtree, ...]:
    """Return the name space that `text` is.

    `dns:corp.example` is the domain and all below it. For e-mail and URIs,
    `corp.example` is that host alone and `.corp.example` what is below it; `email:`
    takes one mailbox as well. `dns:*`, `email:*`, `uri:*` and `ip:*` are everything.
    Without a kind it is a network or a domain.

    Raises:
        InputError: it is none.
    """
    found = _KIND.fullmatch(text)
    kind, base = (found[1].lower(), found[2]) if found else (_guessed(text), text)
    if base == "*":
        return _everything(kind)
    if kind == "ip":
        return (Subtree("ip", _network(text, base)),)
    if kind == "email" and "@" in base:
        name = parse_name(base)
        if name.kind != "email":
            raise _none(text)
        return (Subtree("email", name.value),)
    dot = "." if base.startswith(".") else ""
    host = _domain(text, base.removeprefix("."))
    # For DNS, RFC 5280 has no form that leaves the domain itself out.
    return (Subtree(kind, host if kind == "dns" else dot + host),)


def _guessed(text: str) -> str:
    if "@" in text:
        return "email"
    try:
        ipaddress.ip_network(text.strip("[]"), strict=False)
    except ValueError:
        return "dns"
    return "ip"


def _everything(kind: str) -> tuple[Subtree, ...]:
    if kind == "ip":
        return Subtree("ip", "0.0.0.0/0"), Subtree("ip", "::/0")
    # An empty base for names; for URIs, every host has a name with a dot or without.
    return (Subtree(kind, ""),)


def _network(text: str, base: str) -> str:
    try:
        return str(ipaddress.ip_network(base.strip("[]"), strict=True))
    except ValueError as error:
        raise InputError(
            f"not a network: {text!r}: {error}",
            hint="write the first address and the length, such as 10.0.0.0/8",
        ) from error


def _domain(text: str, base: str) -> str:
    try:
        name = parse_name(base)
    except InputError as error:
        raise _none(text) from error
    if name.kind != "dns" or name.value.startswith("*"):
        raise _none(text)
    return name.value


def _none(text: str) -> InputError:
    return InputError(f"not a name space: {text!r}", hint=_HINT)
