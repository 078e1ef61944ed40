"""What certificates are asked for: DNS names and IP addresses (RFC 8555, RFC 8738)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import NamedTuple

from tlsmith.acme.no_hosts import NO_HOSTS
from tlsmith.acme.problems import (
    compound,
    malformed,
    rejected_identifier,
    unsupported_identifier,
)
from tlsmith.core.names import parse_name, quoted
from tlsmith.errors import ACMEProblem, InputError, Subproblem

MOST_IDENTIFIERS = 100
# What is longer than any identifier is not sent back.
_LONGEST_ECHO = 300

_DNS_CHARACTERS = re.compile(r"[A-Za-z0-9.*_-]+", re.ASCII)


class Identifier(NamedTuple):
    """What an order is for, in its one form.

    Args:
        type: "dns" or "ip".
        value: a DNS name in lower case and A-labels, which may start with `*.`; or an
            IP address as RFC 5952 and RFC 8738 write it.
    """

    type: str
    value: str

    @property
    def is_wildcard(self) -> bool:
        return self.type == "dns" and self.value.startswith("*.")

    @property
    def base(self) -> Identifier:
        """What an authorization is for: the name below a wildcard (RFC 8555 7.1.4)."""
        return Identifier("dns", self.value[2:]) if self.is_wildcard else self


def parse_identifiers(
    asked: Sequence[tuple[str, str]],
    *,
    most: int = MOST_IDENTIFIERS,
    wildcards: bool = True,
) -> tuple[Identifier, ...]:
    """Return what is asked for, each once, in the order it comes.

    Args:
        asked: type and value of each, as the client wrote them.
        most: how many there may be.
        wildcards: whether they may be among them; not in newAuthz (RFC 8555 7.4.1).

    Raises:
        ACMEProblem: malformed, rejectedIdentifier, unsupportedIdentifier, or compound
            where they differ; a subproblem for every wrong one.
    """
    if not asked:
        raise malformed("identifiers: there is none")
    if len(asked) > most:
        raise malformed(f"identifiers: {len(asked)}, where {most} are the most")
    found: dict[Identifier, None] = {}
    wrong: list[Subproblem] = []
    for kind, value in asked:
        try:
            found[parse_identifier(kind, value, wildcards=wildcards)] = None
        except ACMEProblem as problem:
            wrong += problem.subproblems
    if wrong:
        raise identifier_problem(wrong)
    return tuple(found)


def parse_identifier(kind: str, value: str, *, wildcards: bool = True) -> Identifier:
    """Return what a type and a value identify.

    Raises:
        ACMEProblem: as for `parse_identifiers`.
    """
    if kind == "dns":
        return _parse_dns(value, wildcards=wildcards)
    if kind == "ip":
        return _parse_ip(value)
    detail = f"identifiers of type {quoted(kind)} are not supported: use dns or ip"
    raise identifier_problem([_wrong("unsupportedIdentifier", detail, kind, value)])


def identifier_problem(wrong: Sequence[Subproblem]) -> ACMEProblem:
    """Return the problem that lists what is wrong with each identifier.

    Its type is theirs where they agree, compound where not (RFC 8555 section 6.7.1).
    """
    detail = wrong[0].detail
    if len(wrong) > 1:
        detail = f"{len(wrong)} identifiers are refused, each for its own reason"
    types = {each.type for each in wrong}
    if types == {"rejectedIdentifier"}:
        return rejected_identifier(detail, wrong)
    if types == {"unsupportedIdentifier"}:
        return unsupported_identifier(detail, wrong)
    if len(types) > 1:
        return compound(detail, wrong)
    return ACMEProblem(wrong[0].type, detail, subproblems=wrong)


def _parse_dns(value: str, *, wildcards: bool) -> Identifier:
    if not _DNS_CHARACTERS.fullmatch(value):
        hint = "A-labels (xn--...) stand for other scripts"
        raise _malformed(f"not a DNS name: {quoted(value)}; {hint}", "dns", value)
    if value.endswith("."):
        raise _malformed(f"a final dot in {quoted(value)}", "dns", value)
    try:
        name = parse_name(value)
    except InputError as error:
        detail = "; ".join(filter(None, (error.message, error.hint)))
        raise _malformed(detail, "dns", value) from None
    if name.kind != "dns":
        detail = f"an IP address in an identifier of type dns: {quoted(value)}"
        raise _malformed(f"{detail}; its type is ip", "dns", value)
    if name.value.startswith("*.") and not wildcards:
        raise _malformed(f"no wildcard is allowed here: {quoted(value)}", "dns", value)
    return Identifier("dns", name.value)


def _parse_ip(value: str) -> Identifier:
    """Return an address that is written the one way there is (RFC 8738 section 3)."""
    try:
        address = ip_address(value)
    except ValueError:
        raise _malformed(f"not an IP address: {quoted(value)}", "ip", value) from None
    if isinstance(address, IPv6Address):
        if address.scope_id is not None:
            detail = "a zone means something on one machine only"
            raise _malformed(f"{detail}: {quoted(value)}", "ip", value)
        if address.ipv4_mapped is not None:
            detail = f"{quoted(value)} stands for {address.ipv4_mapped}: ask for that"
            raise _rejected_ip(detail, value)
    if str(address) != value:
        detail = f"{quoted(value)} is to be written {address} (RFC 5952)"
        raise _malformed(detail, "ip", value)
    _refuse_no_host(address, value)
    return Identifier("ip", value)


def _refuse_no_host(address: IPv4Address | IPv6Address, value: str) -> None:
    for network, kind in NO_HOSTS:
        if address in network:
            article = "an" if kind[0] in "aeiou" else "a"
            detail = f"{quoted(value)} is {article} {kind} address, which no host has:"
            raise _rejected_ip(f"{detail} ask for the one that it has", value)


def _rejected_ip(detail: str, value: str) -> ACMEProblem:
    return identifier_problem([_wrong("rejectedIdentifier", detail, "ip", value)])


def _malformed(detail: str, kind: str, value: str) -> ACMEProblem:
    return identifier_problem([_wrong("malformed", detail, kind, value)])


def _wrong(type: str, detail: str, kind: str, value: str) -> Subproblem:
    short = len(kind) + len(value) <= _LONGEST_ECHO
    return Subproblem(type, detail, (kind, value) if short else None)
