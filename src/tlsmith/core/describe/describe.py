"""From bytes to everything that can be said about them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from tlsmith.core.describe.certificate import (
    Certificate,
    certificate_facts,
    read_certificate,
)
from tlsmith.core.describe.chain import Chain, Member, read_chain
from tlsmith.core.describe.described import Context, Described
from tlsmith.core.describe.findings import NOTE, PROBLEM, WARNING, Finding
from tlsmith.core.describe.found import Found
from tlsmith.core.describe.judge_certificate import judge_certificate
from tlsmith.core.describe.keystore import describe_keystore
from tlsmith.core.describe.matching import match_keys
from tlsmith.core.describe.openssh import describe_openssh_public
from tlsmith.core.describe.parameters import describe_parameters
from tlsmith.core.describe.pkcs7 import describe_pkcs7
from tlsmith.core.describe.pkcs12 import describe_pkcs12
from tlsmith.core.describe.private import describe_private_key, describe_public_key
from tlsmith.core.describe.recognise import MOST_OBJECTS, recognise
from tlsmith.core.describe.report import Report
from tlsmith.core.describe.request import describe_request
from tlsmith.core.describe.revocation import describe_revocation_list
from tlsmith.core.describe.second_opinion import refusal
from tlsmith.core.describe.signature import GOOD, WRONG, check
from tlsmith.core.describe.status import (
    describe_ocsp_request,
    describe_ocsp_response,
)
from tlsmith.core.describe.unknown import nothing_known
from tlsmith.core.describe.validity import read_validity

_MOST_SIGNERS = 50


def describe(
    data: bytes,
    *,
    now: datetime,
    passphrases: Sequence[bytes] = (),
    anchors: Sequence[bytes] = (),
) -> Report:
    """Explain every object in `data`.

    Args:
        now: with a time zone; what is expired depends on it.
        passphrases: to try on what is encrypted.
        anchors: DER roots that are trusted here.

    Raises:
        InputError: there is nothing in it that we know; says what it seems to be.
    """
    found = recognise(data)
    if all(one.kind == "unknown" and one.form != "entry" for one in found):
        raise nothing_known(data, found)
    return describe_found(found, Context(now, passphrases), anchors)


def describe_found(
    found: Sequence[Found],
    context: Context,
    anchors: Sequence[bytes] = (),
    *,
    ordered: bool = True,
) -> Report:
    """Explain objects that were found already, such as what a server sent.

    Args:
        ordered: the order of the certificates matters.
    """
    report = Report(_describe_all(found, context))
    if len(report.objects) >= MOST_OBJECTS:
        message = f"there is more: only the first {MOST_OBJECTS} objects are shown"
        report.add(Finding(WARNING, "too-many-objects", message))
    roots = [read_certificate(anchor) for anchor in anchors]
    match_keys(report)
    _read_chains(report, roots, ordered=ordered)
    _judge_all(report, context)
    _check_signers(report, roots)
    for index, described in enumerate(report.objects):
        report.about(index, *described.findings)
    return report


def _describe_all(found: Sequence[Found], context: Context) -> list[Described]:
    objects: list[Described] = []
    for one in found:
        described = _describe_one(one, context)
        index = len(objects)
        objects.append(described)
        for inner in described.inner:
            # What is inside holds nothing more: certificates, keys, lists.
            part = _describe_one(inner, context)
            part.inside = index
            objects.append(part)
        if len(objects) >= MOST_OBJECTS:
            break
    return objects[:MOST_OBJECTS]


def _describe_one(found: Found, context: Context) -> Described:
    described = _dispatch(found, context)
    described.findings = [*found.findings, *described.findings]
    if not described.is_broken:
        # OpenSSL's trust settings behind a certificate are not part of it.
        certificate = described.certificate
        content = found.content if certificate is None else certificate.der
        refused = refusal(found.kind, content)
        if refused is not None:
            described.findings.append(refused)
    return described


def _dispatch(found: Found, context: Context) -> Described:
    if found.kind == "private-key":
        return describe_private_key(found, context)
    if found.kind == "public-key":
        if found.form in ("openssh", "ssh2"):
            return describe_openssh_public(found)
        return describe_public_key(found)
    timed = {
        "certificate": _describe_certificate,
        "certificate-revocation-list": describe_revocation_list,
        "ocsp-response": describe_ocsp_response,
        "pkcs12": describe_pkcs12,
        "java-keystore": describe_keystore,
    }
    plain = {
        "certificate-signing-request": describe_request,
        "ocsp-request": describe_ocsp_request,
        "pkcs7": describe_pkcs7,
        "parameters": describe_parameters,
    }
    if found.kind in timed:
        return timed[found.kind](found, context)
    return plain.get(found.kind, _describe_unknown)(found)


def _describe_unknown(found: Found) -> Described:
    described = Described(found, {})
    if found.kind == "openpgp":
        message = f"{found.label}: OpenPGP, not TLS; gpg --show-keys explains it"
        described.add(NOTE, "openpgp", message)
    elif not found.findings:
        message = f"not a structure we know: {found.label or 'DER'}"
        described.add(WARNING, "unknown-object", message)
    return described


def _describe_certificate(found: Found, context: Context) -> Described:
    trusted = found.form == "trusted"
    certificate = read_certificate(found.content, trusted=trusted)
    described = Described(found, certificate_facts(certificate))
    described.findings = [*certificate.dissection.findings]
    described.certificate = certificate
    described.spki = certificate.spki
    described.facts["validity"] = read_validity(
        certificate.not_before, certificate.not_after, context.now
    )
    if trusted:
        message = "OpenSSL's own trust settings stand behind it: few programs read that"
        described.add(NOTE, "openssl-trust", message)
    return described


def _read_chains(
    report: Report, roots: Sequence[Certificate], *, ordered: bool
) -> None:
    """Look at the certificates of each container, and of the file itself, together."""
    groups: dict[int | None, list[Member]] = {}
    for index, described in enumerate(report.objects):
        if described.certificate is not None:
            member = Member(index, described.certificate)
            groups.setdefault(described.inside, []).append(member)
    for inside, members in groups.items():
        chain = read_chain(
            members,
            roots,
            key_item=_key_item(report, inside),
            ordered=ordered and inside is None,
        )
        report.add(*chain.findings)
        _note_signers(report, chain)
        if inside is None or len(groups) == 1:
            report.chain = chain
        else:
            report.objects[inside].facts["chain"] = chain.facts()


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
        return "root CA" if self_signed else "intermediate CA"
    role = "end entity"
    purposes = certificate.purposes or []
    if "OCSPSigning" in purposes:
        role = "end entity, OCSP responder"
    elif "serverAuth" in purposes:
        role = "end entity, TLS server"
    elif "clientAuth" in purposes:
        role = "end entity, TLS client"
    return role


def _judge_all(report: Report, context: Context) -> None:
    for index, described in enumerate(report.objects):
        if described.certificate is not None:
            own = bool(described.facts.get("self_signed"))
            findings = judge_certificate(
                described.certificate, context.now, self_signed=own
            )
            report.about(index, *findings)


def _check_signers(report: Report, roots: Sequence[Certificate]) -> None:
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
