"""Which names a profile or a policy allows."""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

from tlsmith.core.names import GeneralName

# Renewals ask for the same names again and again; memory is to stay bounded.
_MOST_VERDICTS = 4096
_LABELS = {"dns": "DNS names", "ip": "addresses", "email": "e-mail addresses"}


class Domains(NamedTuple):
    """Domains with all below them, and host names that stand for themselves alone."""

    whole: frozenset[str] = frozenset()
    exact: frozenset[str] = frozenset()
    everything: bool = False

    def cover(self, host: str) -> bool:
        """Tell whether a host, in lower case and A-labels, is among them."""
        if self.everything or host in self.exact or host in self.whole:
            return True
        while self.whole and "." in host:
            host = host.partition(".")[2]
            if host in self.whole:
                return True
        return False

    def __str__(self) -> str:
        texts = sorted(self.whole) + sorted(f"={host}" for host in self.exact)
        return _listed(["any", *texts] if self.everything else texts)


class Networks(NamedTuple):
    """Networks, each as the version, the first bits and how many those are."""

    prefixes: frozenset[tuple[int, int, int]] = frozenset()
    texts: tuple[str, ...] = ()

    def cover(self, address: str) -> bool:
        """Tell whether an address in its one form is in one of them."""
        from tlsmith.core.names import ip_bytes

        octets = ip_bytes(address)
        size, number = len(octets) * 8, int.from_bytes(octets, "big")
        return any(
            bits == size and number >> (size - length) == prefix
            for bits, prefix, length in self.prefixes
        )

    def __str__(self) -> str:
        return _listed(self.texts)


class _Rules(NamedTuple):
    dns: Domains | None = None
    wildcards: bool = True
    ip: Networks | None = None
    email: Domains | None = None
    mailboxes: frozenset[str] = frozenset()
    uri_schemes: frozenset[str] = frozenset()
    uri_hosts: Domains | None = None


class NameRules(_Rules):
    """The names allowed, kind by kind; a kind that is not listed is not allowed.

    Args:
        wildcards: whether `*.x` is allowed where all of what it covers is.
        mailboxes: single e-mail addresses, beside the domains of `email`.
        uri_schemes: "*" for any.
        uri_hosts: None for any host, and none.
    """

    @cached_property
    def _verdicts(self) -> dict[GeneralName, str | None]:
        return {}

    def refusal(self, name: GeneralName) -> str | None:
        """Return why a name, in its one form, is not allowed; None where it is."""
        try:
            return self._verdicts[name]
        except KeyError:
            verdict = self._judge(name)
            if len(self._verdicts) < _MOST_VERDICTS:
                self._verdicts[name] = verdict
            return verdict

    def _judge(self, name: GeneralName) -> str | None:
        if name.kind == "dns":
            return self._judge_dns(name.value)
        if name.kind == "ip":
            allowed = self.ip is not None and self.ip.cover(name.value)
            return None if allowed else _outside("ip", self.ip)
        if name.kind == "email":
            return self._judge_email(name)
        return self._judge_uri(name)

    def _judge_dns(self, host: str) -> str | None:
        domains = self.dns
        if domains is None or not host.startswith("*."):
            allowed = domains is not None and domains.cover(host)
            return None if allowed else _outside("dns", domains)
        if host in domains.exact:
            return None
        if not self.wildcards:
            return "wildcards are not allowed"
        base = host[2:]
        if "." not in base and base not in domains.whole:
            return f"a wildcard for all of {base} is not allowed"
        # What it covers lies below the base, so a host allowed alone is not enough.
        if domains.everything or Domains(domains.whole).cover(base):
            return None
        return _outside("dns", domains)

    def _judge_email(self, name: GeneralName) -> str | None:
        covered = self.email is not None and self.email.cover(name.host or "")
        if covered or name.value in self.mailboxes:
            return None
        return _outside("email", self.email or (_listed(sorted(self.mailboxes))))

    def _judge_uri(self, name: GeneralName) -> str | None:
        scheme = name.value.partition(":")[0]
        if not self.uri_schemes:
            return "URIs are not allowed"
        if scheme not in self.uri_schemes and "*" not in self.uri_schemes:
            return f"allowed schemes: {_listed(sorted(self.uri_schemes))}"
        host, hosts = name.host, self.uri_hosts
        if hosts is None or hosts.everything or (host and hosts.cover(host)):
            return None
        return f"allowed hosts: {hosts}"


def _outside(kind: str, allowed: object) -> str:
    if not allowed or not str(allowed):
        return f"{_LABELS[kind]} are not allowed"
    return f"allowed {_LABELS[kind]}: {allowed}"


def _listed(texts: tuple[str, ...] | list[str]) -> str:
    more = f" and {len(texts) - 8} more" if len(texts) > 8 else ""
    return ", ".join(texts[:8]) + more
