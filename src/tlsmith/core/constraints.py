"""Name constraints: what a CA may sign (RFC 5280 section 4.2.1.10)."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import NamedTuple

from tlsmith.core import der
from tlsmith.errors import InputError

_TAGS = {1: "email", 2: "dns", 6: "uri", 7: "ip"}
# Renewals ask for the same names again and again; memory is to stay bounded.
_MOST_VERDICTS = 4096
_NUMBERS = {kind: tag for tag, kind in _TAGS.items()}


class Subtree(NamedTuple):
    """One name space: a kind of name, and where it begins.

    Args:
        kind: "dns", "ip", "email" or "uri", or "other" for what we cannot judge.
        base: a domain ("test", for DNS the domain and all below it; ".test", for
            e-mail and URI the hosts below it only), or a network ("10.0.0.0/8"), or
            for "other" the DER GeneralName, hexadecimal.
    """

    kind: str
    base: str

    def covers(self, kind: str, host: str) -> bool:
        """Tell whether a name of this kind at this host lies in the name space."""
        if kind != self.kind:
            return False
        if kind == "ip":
            return _address(host) in _network(self.base)
        host, base = host.lower(), self.base.lower()
        if base.startswith("."):
            return host.endswith(base)
        if kind == "dns":
            return not base or host == base or host.endswith("." + base)
        return host == base

    def touches(self, kind: str, host: str) -> bool:
        """Tell whether anything that a name stands for lies in the name space.

        For name spaces that are excluded: a wildcard may reach into one it does not
        lie in, a mailbox be the one that is excluded, and an empty base be everything.
        """
        if kind != self.kind or kind == "ip":
            return self.covers(kind, host)
        host, base = host.lower(), self.base.lower()
        reached = base.partition(".")[2] if host.startswith("*.") else ""
        return (
            not base
            or self.covers(kind, host)
            or (bool(reached) and host == f"*.{reached}")
            or base.rpartition("@")[2] == host
        )

    def encode(self) -> bytes:
        """Return the DER GeneralSubtree, its minimum the default of 0."""
        if self.kind == "other":
            return der.sequence(bytes.fromhex(self.base))
        if self.kind == "ip":
            network = _network(self.base)
            content = network.network_address.packed + network.netmask.packed
        else:
            content = self.base.encode("ascii")
        return der.sequence(der.context(_NUMBERS[self.kind], content))


class _Subtrees(NamedTuple):
    permitted: tuple[Subtree, ...] = ()
    excluded: tuple[Subtree, ...] = ()


class NameConstraints(_Subtrees):
    """The name spaces a CA may sign in, and those it may not."""

    @cached_property
    def _of_kind(self) -> dict[str, tuple[list[Subtree], list[Subtree]]]:
        """Kind of name, to the permitted and the excluded name spaces of that kind."""
        found: dict[str, tuple[list[Subtree], list[Subtree]]] = {}
        for number, subtrees in enumerate((self.permitted, self.excluded)):
            for subtree in subtrees:
                found.setdefault(subtree.kind, ([], []))[number].append(subtree)
        return found

    @property
    def open_kinds(self) -> tuple[str, ...]:
        """The kinds of name of servers, "dns" and "ip", that are not held to anything.

        One that is permitted whole, or of which parts are excluded and nothing is
        permitted, is as open as one that is not named (RFC 5280 section 4.2.1.10).
        """
        return tuple(kind for kind in ("dns", "ip") if self._is_open(kind))

    def _is_open(self, kind: str) -> bool:
        permitted, excluded = self._of_kind.get(kind, ([], []))
        wholes = (_whole_domain, _whole_domain)
        if kind == "ip":
            wholes = (_whole_version_4, _whole_version_6)
        if all(is_whole(excluded) for is_whole in wholes):
            return False
        return not permitted or any(is_whole(permitted) for is_whole in wholes)

    @cached_property
    def _verdicts(self) -> dict[tuple[str, str | None], bool]:
        return {}

    def permits(self, kind: str, host: str | None) -> bool:
        """Tell whether a name of this kind at this host may be signed.

        A URI without a host never is, where URIs are constrained (RFC 5280).
        """
        verdict = self._verdicts.get((kind, host))
        if verdict is None:
            verdict = self._judge(kind, host)
            if len(self._verdicts) < _MOST_VERDICTS:
                self._verdicts[kind, host] = verdict
        return verdict

    def _judge(self, kind: str, host: str | None) -> bool:
        permitted, excluded = self._of_kind.get(kind, ([], []))
        if host is None or (kind == "uri" and _is_address(host)):
            return not permitted and not excluded
        if any(subtree.touches(kind, host) for subtree in excluded):
            return False
        return not permitted or any(tree.covers(kind, host) for tree in permitted)

    def encode(self) -> bytes:
        """Return the DER NameConstraints, the contents of the extension.

        Raises:
            InputError: there is no name space, which RFC 5280 4.2.1.10 does not allow.
        """
        if not self.permitted and not self.excluded:
            raise InputError("name constraints without a name space")
        parts = []
        for number, subtrees in ((0, self.permitted), (1, self.excluded)):
            if subtrees:
                encoded = [subtree.encode() for subtree in subtrees]
                parts.append(der.context(number, *encoded, constructed=True))
        return der.sequence(*parts)


def decode_constraints(extension: bytes) -> NameConstraints:
    """Return the name constraints of a DER NameConstraints.

    Raises:
        InputError: it is not one.
    """
    found: dict[int, list[Subtree]] = {0xA0: [], 0xA1: []}
    for part in der.children(der.only(extension, der.SEQUENCE).content):
        if part.tag not in found:
            raise InputError(f"name constraints with a part of tag {part.tag:#04x}")
        for subtree in der.children(part.content):
            fields = list(der.children(subtree.content))
            if len(fields) != 1:  # RFC 5280: no minimum but 0, and no maximum
                raise InputError("name constraints with more than a name")
            found[part.tag].append(_decode_base(fields[0]))
    return NameConstraints(tuple(found[0xA0]), tuple(found[0xA1]))


def development_constraints(
    domains: Sequence[str], networks: Sequence[str]
) -> NameConstraints:
    """Return constraints that permit `domains`, all below them, and `networks`.

    Every kind of name is constrained: a kind without a permitted name space would be
    free. E-mail and URI name spaces need the domain and what is below it apart.
    """
    permitted = [Subtree("dns", domain) for domain in domains]
    permitted += [Subtree("ip", network) for network in networks]
    for kind in ("email", "uri"):
        for domain in domains:
            permitted += [Subtree(kind, domain), Subtree(kind, f".{domain}")]
    return NameConstraints(tuple(permitted))


def domain_or_network(text: str) -> tuple[str, str]:
    """Return ("ip", network) or ("dns", domain) for what a CA is to be allowed.

    Raises:
        InputError: it is neither, or is so wide that it would allow everything.
    """
    try:
        network = ipaddress.ip_network(text.strip("[]"), strict=False)
    except ValueError:
        from tlsmith.core.names import parse_name

        name = parse_name(text.removeprefix("*.").removeprefix("."))
        if name.kind != "dns" or name.value.startswith("*."):
            raise InputError(
                f"neither a domain nor a network: {text!r}",
                hint="give a domain such as corp.example.com, or 192.0.2.0/24",
            ) from None
        return "dns", name.value
    if network.prefixlen < 8:
        raise InputError(
            f"the network {text} is too wide for a development CA",
            hint="name the addresses you use, such as 203.0.113.7 or 203.0.113.0/24",
        )
    return "ip", str(network)


@lru_cache(maxsize=1024)
def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    return ipaddress.ip_address(text)


@lru_cache(maxsize=256)
def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    return ipaddress.ip_network(text)


def _whole_domain(subtrees: Sequence[Subtree]) -> bool:
    return any(subtree.base in ("", ".") for subtree in subtrees)


def _whole_version_4(subtrees: Sequence[Subtree]) -> bool:
    networks = [ipaddress.ip_network(subtree.base) for subtree in subtrees]
    found = [one for one in networks if isinstance(one, ipaddress.IPv4Network)]
    return any(one.prefixlen == 0 for one in ipaddress.collapse_addresses(found))


def _whole_version_6(subtrees: Sequence[Subtree]) -> bool:
    networks = [ipaddress.ip_network(subtree.base) for subtree in subtrees]
    found = [one for one in networks if isinstance(one, ipaddress.IPv6Network)]
    return any(one.prefixlen == 0 for one in ipaddress.collapse_addresses(found))


def _decode_base(base: der.Element) -> Subtree:
    kind = _TAGS.get(base.tag & 0x1F)
    if kind is None or base.tag & 0xE0 != 0x80:
        return Subtree("other", base.whole.hex())
    if kind != "ip":
        if not base.content.isascii():
            raise InputError(f"name constraints with {base.content!r}, not ASCII")
        return Subtree(kind, base.content.decode("ascii"))
    half = len(base.content) // 2
    if half not in (4, 16):
        raise InputError("name constraints with a network that is none")
    address = ipaddress.ip_address(base.content[:half])
    mask = int.from_bytes(base.content[half:], "big")
    prefix = mask.bit_count()
    if mask != ((1 << prefix) - 1) << (half * 8 - prefix):
        raise InputError("name constraints with a network mask that has holes")
    return Subtree("ip", f"{address}/{prefix}")


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True
