"""What the objects of an input are to one another: chains, signers, roles."""

from __future__ import annotations

from collections.abc import Sequence

from tlsmith.core.describe.certificate import Certificate
from tlsmith.core.describe.chain import Chain, Member, read_chain
from tlsmith.core.describe.described import Context, Described
from tlsmith.core.describe.findings import PROBLEM
from tlsmith.core.describe.judge_certificate import judge_certificate
from tlsmith.core.describe.report import Report
from tlsmith.core.describe.signature import GOOD, WRONG, check

_MOST_SIGNERS = 50


def read_chains(report: Report, roots: Sequence[Certificate], *, ordered: bool) -> None:
    """Look together at the certificates of each container, and of the file itself."""
    groups: dict[_Group, list[Member]] = {}
    for index, described in enumerate(report.objects):
        if described.certificate is not None:
            member = Member(index, described.certificate)
            groups.setdefault(_group(described), []).append(member)
    beside = [one.certificate for one in groups.get(_TRUSTED, ())]
    for group, members in groups.items():
        inside, _ = group
        chain = read_chain(
            members,
            [*roots, *beside] if group != _TRUSTED else roots,
            key_item=_key_item(report, inside),
            ordered=ordered and inside is None,
        )
        report.add(*chain.findings)
        _note_signers(report, chain)
        if group == _FILE or len(groups) == 1:
            report.chain = chain
        elif inside is not None and len(chain.path) > 1:
            report.objects[inside].facts.setdefault("chains", []).append(chain.facts())


# A container's index, and an entry of it that stands for itself.
_Group = tuple[int | None, str | None]
_FILE: _Group = (None, None)
# What a Secret has to trust with, beside what it serves.
_TRUSTED: _Group = (None, "ca.crt")


def _group(described: Described) -> _Group:
    found = described.found
    if found.entry == "ca.crt" and described.inside is None:
        return _TRUSTED
    return described.inside, found.entry if found.encoding == "jks" else None


def _key_item(report: Report, inside: int | None) -> int | None:
    """Return the certificate that a private key of the same container fits."""
    for described in report.objects:
        if described.inside == inside and described.found.kind == "private-key":
            for item in described.facts.get("matches", ()):
                if report.objects[item].inside == inside:
                    return int(item)
    return None


def _note_signers(report: Report, chain: Chain) -> None:
    """Say of each certificate who signed it, and whether that was checked."""
    for index, (member, link) in enumerate(
        zip(chain.members, chain.links, strict=True)
    ):
        facts = report.objects[member.item].facts
        own = link.issuer == index and link.signature == GOOD
        facts["self_signed"] = own
        facts["signature"] = link.signature
        facts["signed_by"] = None
        if link.issuer is not None and link.signature == GOOD:
            facts["signed_by"] = chain.members[link.issuer].item
        elif chain.path and chain.path[-1] == index and chain.anchor is not None:
            facts["signature"] = GOOD
            facts["trusted_root"] = chain.anchor
        facts["role"] = _role(member.certificate, self_signed=own)


def _role(certificate: Certificate, *, self_signed: bool) -> str:
    if certificate.is_ca:
        if self_signed:
            return "root CA"
        return "CA" if certificate.is_self_issued else "intermediate CA"
    role = "end entity"
    purposes = certificate.purposes or []
    if "OCSPSigning" in purposes:
        role = "end entity, OCSP responder"
    elif "serverAuth" in purposes:
        role = "end entity, TLS server"
    elif "clientAuth" in purposes:
        role = "end entity, TLS client"
    return role


def judge_certificates(report: Report, context: Context) -> None:
    for index, described in enumerate(report.objects):
        if described.certificate is not None:
            own = bool(described.facts.get("self_signed"))
            findings = judge_certificate(
                described.certificate, context.now, self_signed=own
            )
            report.about(index, *findings)


def check_signers(report: Report, roots: Sequence[Certificate]) -> None:
    """Check the signatures of lists and responses with the certificates at hand."""
    certificates = [one.certificate for one in report.objects if one.certificate]
    for described in report.objects:
        signature = described.signature
        if signature is None:
            continue
        described.facts["signature"] = "issuer not here"
        for certificate in (*certificates, *roots)[:_MOST_SIGNERS]:
            named = described.issuer in (b"", certificate.subject.der)
            verdict = check(signature, certificate.spki) if named else ""
            if verdict == GOOD:
                described.facts["signature"] = GOOD
                described.facts["signed_by"] = certificate.subject.text
                break
            if verdict == WRONG and described.issuer:
                described.facts["signature"] = WRONG
        if described.facts["signature"] == WRONG:
            message = "its signature was not made by the certificate of that name"
            described.add(PROBLEM, "wrong-signature", message)
