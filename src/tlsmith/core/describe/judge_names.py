"""What is wrong with the names of an end entity (RFC 5280, RFC 9525, CA/B rules)."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from tlsmith.core.describe.certificate import Certificate
from tlsmith.core.describe.facts import Facts
from tlsmith.core.describe.findings import NOTE, PROBLEM, WARNING, Finding

_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?")
_LOOSE = re.compile(r"[A-Za-z0-9_-]+")
_HOST = re.compile(r"(\*\.)?[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+|localhost")

_SAN = "extensions.subject_alt_name"


def judge_names(certificate: Certificate) -> Iterator[Finding]:
    """Yield findings about the names of `certificate`."""
    if not certificate.is_ca:
        yield from _judge_presence(certificate)
    seen: set[tuple[str, str]] = set()
    for name in certificate.names:
        mark = (name["type"], str(name["value"]).lower())
        if mark in seen:
            message = f"the name {name['value']} is there more than once"
            yield Finding(NOTE, "duplicate-name", message, _SAN)
        seen.add(mark)
        if name["type"] == "dns":
            yield from judge_dns_name(name["value"])
        if name["type"] == "email" and not re.fullmatch(r"[^@\s]+@[^@\s]+", mark[1]):
            message = f"not an e-mail address: {name['value']!r}"
            yield Finding(WARNING, "bad-email-address", message, _SAN)


def _judge_presence(certificate: Certificate) -> Iterator[Finding]:
    common = certificate.subject.first("CN")
    purposes = certificate.purposes
    serves = purposes is None or "serverAuth" in purposes
    if not certificate.names and serves:
        message = "no subjectAltName: browsers, Go and Python accept it for no name"
        yield Finding(PROBLEM, "no-subject-alt-name", message)
    elif (
        serves
        and common is not None
        and is_host(common)
        and common.lower() not in _hosts(certificate.names)
    ):
        message = f"the common name {common!r} is not among the names clients read"
        yield Finding(WARNING, "common-name-not-in-names", message, "subject")


def is_host(text: str) -> bool:
    """Tell whether `text` looks like a host name or an address."""
    return _HOST.fullmatch(text) is not None or is_address(text)


def is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _hosts(names: list[Facts]) -> set[str]:
    hosts = {str(name["value"]).lower() for name in names}
    return hosts | {str(name.get("unicode", "")).lower() for name in names}


def judge_dns_name(name: str) -> Iterator[Finding]:
    """Yield findings about one dNSName."""
    if is_address(name.strip("[]")):
        message = f"the address {name} stands there as a DNS name: clients want an IP"
        yield Finding(PROBLEM, "ip-address-as-dns-name", message, _SAN)
        return
    bare = name.removeprefix("*.")
    if "*" in bare:
        message = f"the * in {name!r} is not the whole first label: clients refuse it"
        yield Finding(PROBLEM, "bad-wildcard", message, _SAN)
        return
    if bare != name and "." not in bare.rstrip("."):
        message = f"{name} covers a whole top-level domain: clients refuse it"
        yield Finding(PROBLEM, "wildcard-of-top-level", message, _SAN)
    labels = bare.split(".")
    if any(not _LABEL.fullmatch(label) or len(label) > 63 for label in labels):
        yield _bad_dns(name, labels)
    elif len(bare) > 253:
        message = f"a DNS name of {len(bare)} characters; 253 is the most"
        yield Finding(PROBLEM, "bad-dns-name", message, _SAN)


def _bad_dns(name: str, labels: list[str]) -> Finding:
    if all(_LOOSE.fullmatch(label) and len(label) < 64 for label in labels):
        message = f"{name} is no host name (RFC 1123): some clients refuse it"
        return Finding(WARNING, "unusual-dns-name", message, _SAN)
    return Finding(PROBLEM, "bad-dns-name", f"not a DNS name: {name!r}", _SAN)
