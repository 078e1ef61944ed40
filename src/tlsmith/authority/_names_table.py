"""The tables of names in a policy: what is allowed, and name constraints."""

from __future__ import annotations

import ipaddress
import re
from typing import Any, NamedTuple

from tlsmith.authority._reading import (
    Place,
    Reader,
    read_choice,
    read_list,
    read_table,
)
from tlsmith.authority.name_rules import Domains, NameRules, Networks
from tlsmith.core.constraints import NameConstraints, Subtree
from tlsmith.core.names import parse_name, quoted
from tlsmith.errors import InputError

WILDCARDS = ("none", "single-label")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*|\*", re.ASCII)


class _Network(NamedTuple):
    bits: int
    prefix: int
    length: int
    text: str


def _domain(text: str) -> str:
    """Return "*", a domain, or "=" and a host name; A-labels, lower case."""
    if text == "*":
        return text
    sign, bare = ("=", text[1:]) if text.startswith("=") else ("", text)
    name = parse_name(bare)
    if name.kind != "dns":
        raise InputError(f"not a domain: {quoted(text)}")
    if name.value.startswith("*.") and not sign:
        raise InputError(
            f"write {name.value[2:]}: a domain stands for all below it, "
            "and wildcards say whether those may be had"
        )
    return sign + name.value


def _mail_domain(text: str) -> str:
    """Return "*", a domain, "=" and a domain, or one whole address."""
    if text.startswith("=") or "@" not in text:
        return _domain(text)
    name = parse_name(text)
    if name.kind != "email":
        raise InputError(f"not an e-mail address: {quoted(text)}")
    return name.value


def _networks(text: str) -> tuple[_Network, ...]:
    """Return a network, or for "*" both of all there are."""
    texts = ("0.0.0.0/0", "::/0") if text == "*" else (text,)
    try:
        networks = [ipaddress.ip_network(each) for each in texts]
    except ValueError as error:
        raise InputError(
            f"not a network: {quoted(text)}; write it such as 10.0.0.0/8, "
            "with no bits beyond its length"
        ) from error
    return tuple(
        _Network(
            each.max_prefixlen,
            int(each.network_address) >> (each.max_prefixlen - each.prefixlen),
            each.prefixlen,
            "any" if text == "*" else str(each),
        )
        for each in networks
    )


def _scheme(text: str) -> str:
    lowered = text.lower()
    if not _SCHEME.fullmatch(lowered):
        raise InputError(f"not a scheme: {quoted(text)}; write it such as spiffe")
    return lowered


NAMES_KEYS: dict[str, Reader] = {
    "dns": read_list(_domain),
    "wildcards": read_choice(*WILDCARDS),
    "ip": read_list(_networks),
    "email": read_list(_mail_domain),
    "uri_schemes": read_list(_scheme),
    "uri_hosts": read_list(_domain),
}


def read_names(value: Any, place: Place) -> NameRules:
    """Read a table of the names allowed."""
    found = read_table(value, NAMES_KEYS, place)
    if "uri_hosts" in found and "uri_schemes" not in found:
        place.at("uri_hosts").wrong("needs uri_schemes beside it")
    mail = found.get("email", ())
    return NameRules(
        dns=_domains(found.get("dns")),
        wildcards=found.get("wildcards") != "none",
        ip=_all_networks(found.get("ip")),
        email=_domains(tuple(each for each in mail if "@" not in each)),
        mailboxes=frozenset(each for each in mail if "@" in each),
        uri_schemes=frozenset(found.get("uri_schemes", ())),
        uri_hosts=_domains(found.get("uri_hosts")),
    )


def _domains(texts: tuple[str, ...] | None) -> Domains | None:
    if texts is None:
        return None
    return Domains(
        whole=frozenset(text for text in texts if text[:1] not in "=*"),
        exact=frozenset(text[1:] for text in texts if text[:1] == "="),
        everything="*" in texts,
    )


def _all_networks(found: tuple[tuple[_Network, ...], ...] | None) -> Networks | None:
    if found is None:
        return None
    flat = [network for networks in found for network in networks]
    return Networks(
        frozenset(network[:3] for network in flat),
        tuple(dict.fromkeys(network.text for network in flat)),
    )


def _subtree(kind: str) -> Reader:
    """Return a reader of bases of name constraints, as RFC 5280 4.2.1.10 has them."""

    def base(text: str) -> Subtree:
        if kind == "ip":
            return Subtree(kind, _networks(text)[0].text)
        front = "." if text.startswith(".") and kind != "dns" else ""
        bare = text[len(front) :]
        value = _mail_domain(bare) if kind == "email" else _domain(bare)
        if value[:1] in ("=", "*"):
            raise InputError(f"not a base of name constraints: {quoted(text)}")
        return Subtree(kind, front + value)

    return read_list(base)


SUBTREES_KEYS: dict[str, Reader] = {
    kind: _subtree(kind) for kind in ("dns", "ip", "email", "uri")
}


def _subtrees(value: Any, place: Place) -> tuple[Subtree, ...]:
    found = read_table(value, SUBTREES_KEYS, place)
    return tuple(subtree for each in found.values() for subtree in each)


CONSTRAINTS_KEYS: dict[str, Reader] = {"permitted": _subtrees, "excluded": _subtrees}


def read_constraints(value: Any, place: Place) -> NameConstraints | None:
    """Read a table of name constraints."""
    found = read_table(value, CONSTRAINTS_KEYS, place)
    constraints = NameConstraints(found.get("permitted", ()), found.get("excluded", ()))
    if not constraints.permitted and not constraints.excluded:
        place.wrong("neither permitted nor excluded name spaces")
        return None
    return constraints
