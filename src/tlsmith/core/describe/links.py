"""Who signed whom, among certificates that are here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tlsmith.core.constraints import NameConstraints, Subtree
from tlsmith.core.describe.certificate import Certificate
from tlsmith.core.describe.facts import Facts
from tlsmith.core.describe.findings import PROBLEM, WARNING, Finding
from tlsmith.core.describe.signature import GOOD, WRONG, check
from tlsmith.core.names import GeneralName


@dataclass(frozen=True, slots=True)
class Link:
    """The certificate that signed another one.

    Args:
        issuer: its index; None where it is not here.
        signature: "good", "wrong", why it was not checked, or "issuer not here".
    """

    issuer: int | None
    signature: str


NOT_HERE = Link(None, "issuer not here")
_MOST_CANDIDATES = 20


def find_links(certificates: Sequence[Certificate]) -> list[Link]:
    """Return for each certificate who signed it; itself, where it is self-signed."""
    by_subject: dict[bytes, list[int]] = {}
    for index, certificate in enumerate(certificates):
        if certificate.subject.der:
            by_subject.setdefault(certificate.subject.der, []).append(index)
    return [
        _find(certificates, index, by_subject) for index in range(len(certificates))
    ]


def _find(
    certificates: Sequence[Certificate], index: int, by_subject: dict[bytes, list[int]]
) -> Link:
    certificate = certificates[index]
    if certificate.signature is None:
        return Link(None, "unreadable")
    candidates = by_subject.get(certificate.issuer.der, [])
    # Its own key first: a self-signed certificate may be there twice.
    ordered = sorted(candidates, key=lambda one: one != index)[:_MOST_CANDIDATES]
    best = NOT_HERE
    for candidate in ordered:
        verdict = check(certificate.signature, certificates[candidate].spki)
        if verdict == GOOD:
            return Link(candidate, GOOD)
        if best is NOT_HERE or best.signature == WRONG:
            best = Link(candidate, verdict)
    if best.signature == WRONG and best.issuer == index and len(ordered) == 1:
        # Issued under its own name by another key, as after a change of keys.
        return NOT_HERE if _names_another_key(certificate) else best
    return best


def _names_another_key(certificate: Certificate) -> bool:
    own = certificate.value("subject_key_identifier")
    return key_identifier(certificate) not in (None, own)


def key_identifier(certificate: Certificate) -> str | None:
    """Return the identifier of the key that is said to have signed it."""
    value = certificate.value("authority_key_identifier")
    if not isinstance(value, dict):
        return None
    found: str | None = value.get("key_identifier")
    return found


def judge_link(
    certificate: Certificate, issuer: Certificate, depth: int
) -> Iterator[Finding]:
    """Yield what is wrong with `issuer` as the one that signed `certificate`.

    Args:
        depth: how many CAs stand between the end entity and this issuer.
    """
    name = issuer.subject.text or "the issuer"
    if not issuer.is_ca:
        message = f"its issuer, {name}, is no CA"
        yield Finding(PROBLEM, "issuer-not-a-ca", message)
    usage = issuer.key_usage
    if issuer.is_ca and usage is not None and "key_cert_sign" not in usage:
        message = f"the keyUsage of its issuer, {name}, does not let it sign"
        yield Finding(PROBLEM, "issuer-may-not-sign", message)
    constraints = issuer.value("basic_constraints")
    length = constraints["path_length"] if isinstance(constraints, dict) else None
    if length is not None and depth > length:
        message = f"{name} allows {length} CAs below it; there are {depth}"
        yield Finding(PROBLEM, "path-length", message)
    theirs, ours = issuer.value("subject_key_identifier"), key_identifier(certificate)
    if theirs is not None and ours is not None and theirs != ours:
        message = f"names another key identifier than that of its issuer, {name}"
        yield Finding(PROBLEM, "key-identifier-mismatch", message)
    if (
        certificate.not_after is not None
        and issuer.not_after is not None
        and certificate.not_after > issuer.not_after
    ):
        message = f"outlives its issuer, {name}"
        yield Finding(WARNING, "outlives-issuer", message)


def judge_constraints(
    certificate: Certificate, issuer: Certificate
) -> Iterator[Finding]:
    """Yield the names of `certificate` that a CA above it may not sign."""
    value = issuer.value("name_constraints")
    if not isinstance(value, dict):
        return
    constraints = NameConstraints(
        tuple(_subtrees(value["permitted"])), tuple(_subtrees(value["excluded"]))
    )
    outside = [
        name["value"] for name in certificate.names if not _permits(constraints, name)
    ]
    if outside:
        shown = ", ".join(outside[:5]) + (", ..." if len(outside) > 5 else "")
        message = f"{issuer.subject.text} may not sign for {shown}"
        yield Finding(PROBLEM, "name-constraints", message)


def _subtrees(names: list[Facts]) -> Iterator[Subtree]:
    for name in names:
        # One mailbox, or a mask with holes: nobody has them, and nothing here reads
        # them; without them the rest would be judged wrong.
        if "@" not in name["value"]:
            yield Subtree(name["type"], name["value"])


def _permits(constraints: NameConstraints, name: Facts) -> bool:
    if name["type"] not in ("dns", "ip", "email", "uri"):
        return True
    host = GeneralName(name["type"], name["value"]).host
    try:
        return constraints.permits(name["type"], host)
    except ValueError:  # an address or network that is none: found fault with already
        return True
