"""Whether certificates that came together make a chain, and their keys fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from tlsmith.core.describe.certificate import Certificate
from tlsmith.core.describe.facts import Facts
from tlsmith.core.describe.findings import NOTE, PROBLEM, WARNING, Finding
from tlsmith.core.describe.links import (
    Link,
    find_links,
    judge_constraints,
    judge_link,
)
from tlsmith.core.describe.signature import GOOD, WRONG, check


@dataclass(frozen=True, slots=True)
class Member:
    """A certificate, and the index of its object."""

    item: int
    certificate: Certificate


@dataclass(slots=True)
class Chain:
    """What is known of certificates together.

    Args:
        path: indices into `members`, end entity first; empty for a mere collection.
        complete: it ends in a root that is here or is trusted; None: cannot be told.
    """

    members: Sequence[Member]
    links: list[Link]
    path: list[int] = field(default_factory=list)
    complete: bool | None = None
    anchor: str | None = None
    in_order: bool = True
    findings: list[Finding] = field(default_factory=list)

    def facts(self) -> Facts:
        """Return what `--json` says of the chain."""
        items = [member.item for member in self.members]
        last = self.path[-1] if self.path else None
        return {
            "path": [items[index] for index in self.path],
            "complete": self.complete,
            "in_order": self.in_order,
            "root_included": last is not None and self.links[last].issuer == last,
            "trusted_root": self.anchor,
            "links": [
                {
                    "certificate": items[index],
                    "issuer": None if link.issuer is None else items[link.issuer],
                    "signature": link.signature,
                }
                for index, link in enumerate(self.links)
            ],
        }


def read_chain(
    members: Sequence[Member],
    anchors: Sequence[Certificate] = (),
    *,
    key_item: int | None = None,
    ordered: bool = True,
) -> Chain:
    """Return what `members` make together.

    Args:
        anchors: roots that are trusted here, which need not be among them.
        key_item: the object whose key a private key beside them fits.
        ordered: their order matters, as in a PEM file or from a server.
    """
    certificates = [member.certificate for member in members]
    chain = Chain(members, find_links(certificates))
    _judge_signatures(chain)
    _find_duplicates(chain)
    start = _start(chain, key_item)
    if start is None:
        return chain
    chain.path = _walk(chain, start)
    _judge_end(chain, anchors, ordered=ordered)
    _judge_path(chain)
    # CAs alone are a set to trust, where neither order nor company matters.
    if key_item is not None or not certificates[start].is_ca:
        if ordered:
            _judge_order(chain)
        _judge_extras(chain)
    return chain


def _add(chain: Chain, index: int | None, finding: Finding) -> None:
    item = None if index is None else chain.members[index].item
    chain.findings.append(replace(finding, item=item))


def _judge_signatures(chain: Chain) -> None:
    for index, link in enumerate(chain.links):
        if link.signature == WRONG and link.issuer is not None:
            issuer = chain.members[link.issuer].certificate
            message = (
                f"its signature was not made by the key of {issuer.subject.text}, "
                "which has the name of its issuer"
            )
            _add(chain, index, Finding(PROBLEM, "wrong-signature", message))


def _find_duplicates(chain: Chain) -> None:
    seen: dict[bytes, int] = {}
    for index, member in enumerate(chain.members):
        first = seen.setdefault(member.certificate.der, index)
        if first != index and member.certificate.der:
            message = "the same certificate is here twice"
            _add(chain, index, Finding(WARNING, "duplicate-certificate", message))


def _start(chain: Chain, key_item: int | None) -> int | None:
    """Return where the chain starts: the key's certificate, else the end entity.

    Among CAs alone, the one that signed none of the others; None where several did not,
    as in a bundle of roots.
    """
    by_item = {member.item: index for index, member in enumerate(chain.members)}
    if key_item in by_item:
        return by_item[key_item]
    for index, member in enumerate(chain.members):
        if not member.certificate.is_ca and member.certificate.der:
            return index
    issuers = {
        link.issuer for index, link in enumerate(chain.links) if link.issuer != index
    }
    ends = [index for index in range(len(chain.members)) if index not in issuers]
    return ends[0] if len(ends) == 1 else None


def _walk(chain: Chain, start: int) -> list[int]:
    path = [start]
    while True:
        link = chain.links[path[-1]]
        if link.issuer is None or link.issuer in path or link.signature == WRONG:
            return path
        path.append(link.issuer)


def _judge_end(chain: Chain, anchors: Sequence[Certificate], *, ordered: bool) -> None:
    """Tell whether the path ends in a root, here or among those trusted."""
    last = chain.path[-1]
    certificate = chain.members[last].certificate
    anchor = _find_anchor(certificate, anchors)
    chain.anchor = anchor.subject.text if anchor is not None else None
    if anchor is not None or chain.links[last].issuer == last:
        chain.complete = True
    elif any(member.certificate.is_ca for _, member in _others(chain)):
        chain.complete = False
        if chain.links[last].signature != WRONG:
            message = f"its issuer, {certificate.issuer.text}, is not among the others"
            _add(chain, last, Finding(PROBLEM, "chain-incomplete", message))
    if ordered and len(chain.path) > 1 and chain.links[last].issuer == last:
        message = "the root is here too: a server need not send it, clients have it"
        _add(chain, last, Finding(NOTE, "root-included", message))


def _find_anchor(
    certificate: Certificate, anchors: Sequence[Certificate]
) -> Certificate | None:
    for anchor in anchors:
        if anchor.der == certificate.der:
            return anchor
        if (
            anchor.subject.der == certificate.issuer.der
            and certificate.signature is not None
            and check(certificate.signature, anchor.spki) == GOOD
        ):
            return anchor
    return None


def _judge_path(chain: Chain) -> None:
    steps = list(zip(chain.path, chain.path[1:], strict=False))
    for depth, (lower, upper) in enumerate(steps):
        certificate = chain.members[lower].certificate
        issuer = chain.members[upper].certificate
        for finding in judge_link(certificate, issuer, depth):
            _add(chain, lower, finding)
    for position, upper in enumerate(chain.path):
        for lower in chain.path[:position]:
            certificate = chain.members[lower].certificate
            issuer = chain.members[upper].certificate
            for finding in judge_constraints(certificate, issuer):
                _add(chain, lower, finding)


def _judge_order(chain: Chain) -> None:
    chain.in_order = chain.path[0] == 0 and chain.path == sorted(chain.path)
    if chain.path[0] != 0:
        message = "it is not the first certificate: servers take the first as their own"
        _add(chain, chain.path[0], Finding(PROBLEM, "end-entity-not-first", message))
    elif not chain.in_order:
        message = "the chain is out of order: each issuer is to follow what it signed"
        _add(chain, None, Finding(WARNING, "chain-out-of-order", message))


def _judge_extras(chain: Chain) -> None:
    for index, _ in _others(chain):
        message = "it is not part of the chain"
        _add(chain, index, Finding(NOTE, "extra-certificate", message))


def _others(chain: Chain) -> list[tuple[int, Member]]:
    """Return the certificates that are not in the path, nor twins of those."""
    known = {chain.members[index].certificate.der for index in chain.path}
    return [
        (index, member)
        for index, member in enumerate(chain.members)
        if member.certificate.der not in known and member.certificate.der
    ]
