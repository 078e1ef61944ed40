"""A report of `show` in words, for a terminal of 80 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

from tlsmith.core.describe.described import Described
from tlsmith.core.describe.facts import Facts
from tlsmith.core.describe.findings import LEVELS, Finding
from tlsmith.core.describe.general import in_words
from tlsmith.core.describe.plain import safe
from tlsmith.core.describe.report import Report
from tlsmith.core.describe.signature import GOOD

WIDTH = 80
_LABEL = 13
# More certificates than this are shown in two lines each, unless all is asked for.
_MOST_IN_FULL = 12
_MOST_ENTRIES = 10
_MOST_NAMES = 40

_TITLES = {
    "certificate": "certificate",
    "certificate-signing-request": "certificate signing request",
    "certificate-revocation-list": "certificate revocation list",
    "private-key": "private key",
    "public-key": "public key",
    "parameters": "key parameters",
    "ocsp-request": "OCSP request",
    "ocsp-response": "OCSP response",
    "pkcs7": "PKCS#7",
    "pkcs12": "PKCS#12",
    "java-keystore": "Java keystore",
    "openpgp": "OpenPGP",
    "unknown": "unknown",
}


# Facts that can stand for a name where there is none.
_NAMING = ("text", "content_type", "response_status", "format", "algorithm")


def report_text(report: Report, *, full: bool = False) -> str:
    """Return everything a person is to read about an input.

    Args:
        full: show every certificate of a large bundle in full.
    """
    brief = len(report.objects) > _MOST_IN_FULL and not full
    blocks = [
        "\n".join(_brief(report, index) if brief else _block(report, index))
        for index in range(len(report.objects))
    ]
    text = "\n".join(blocks) if brief else "\n\n".join(blocks)
    parts = [text]
    if brief:
        parts.append("Each in full: --full, or --json.")
    chain = list(_chain(report))
    if chain:
        parts.append("\n".join(chain))
    parts.append("\n".join(findings_lines(report)))
    return "\n\n".join(parts)


def findings_lines(report: Report) -> list[str]:
    """Return one line or more for each finding, and a count of them."""
    findings = report.findings
    if not findings:
        return ["Nothing wrong was found."]
    lines: list[str] = []
    for finding in findings:
        where = ""
        if finding.item is not None and len(report.objects) > 1:
            where = f"[{finding.item + 1}] "
        text = f"{finding.level}: {where}{finding.message}"
        lines += _wrapped(text, "", " " * (len(finding.level) + 2))
    lines.append(f"({_counts(findings)})")
    return lines


def _counts(findings: Sequence[Finding]) -> str:
    counted = []
    for level in LEVELS:
        count = sum(finding.level == level for finding in findings)
        if count:
            counted.append(f"{count} {level}{'' if count == 1 else 's'}")
    return ", ".join(counted)


def _wrapped(text: str, first: str, following: str) -> list[str]:
    """Return `text` in lines of at most 80 columns; what has no blanks stays whole."""
    lines = textwrap.wrap(
        safe(text),
        WIDTH,
        initial_indent=first,
        subsequent_indent=following,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return lines or [first.rstrip()]


def _row(label: str, *values: Any) -> Iterator[str]:
    """Yield a fact: its label, and its values below one another."""
    for value in values:
        head = f"  {label:<{_LABEL}}"
        yield from _wrapped(str(value), head, " " * len(head))
        label = ""


def _title(report: Report, index: int) -> str:
    described = report.objects[index]
    number = f"[{index + 1}] " if len(report.objects) > 1 else ""
    name = _name(described)
    title = number + _TITLES[described.found.kind] + (f": {name}" if name else "")
    if described.inside is not None:
        title += f" (inside [{described.inside + 1}])"
    return title


def _name(described: Described) -> str:
    """Return what to call an object: a name in it, else what it is made of."""
    facts = described.facts
    names = facts.get("names")
    if names and not facts.get("is_ca"):
        name = _shown_name(facts["subject_alt_name"][0])
        return name if len(names) == 1 else f"{name} and {len(names) - 1} more"
    if described.certificate is not None:
        common = described.certificate.subject.first("CN")
        if common:
            return common
    for key in ("subject", "issuer", *_NAMING):
        if facts.get(key):
            return str(facts[key])
    return described.found.label or ""


def _shown_name(name: Facts) -> str:
    if "unicode" in name:
        return f"{name['unicode']} ({name['value']})"
    return str(name["value"])


def _brief(report: Report, index: int) -> Iterator[str]:
    described = report.objects[index]
    yield from _wrapped(_title(report, index), "", "    ")
    facts = described.facts
    if described.certificate is not None:
        key = facts["public_key"]["text"]
        role = facts.get("role", "certificate")
        yield f"    {safe(role)}, {safe(key)}, {facts['validity']['remaining']}"


def _block(report: Report, index: int) -> Iterator[str]:
    described = report.objects[index]
    yield from _wrapped(_title(report, index), "", "    ")
    found = described.found
    if found.entry is not None and found.kind != "public-key":
        yield from _row("entry", found.entry)
    yield from _BODIES.get(found.kind, _nothing)(report, described)


def _nothing(report: Report, described: Described) -> Iterator[str]:
    yield from ()


def _certificate(report: Report, described: Described) -> Iterator[str]:
    facts = described.facts
    yield from _row("role", facts.get("role", "unknown"))
    yield from _names(facts)
    yield from _row("subject", facts["subject"] or "(empty)")
    yield from _row("issuer", facts["issuer"] or "(empty)")
    yield from _row("signature", _signed(facts))
    validity = facts["validity"]
    yield from _row(
        "validity",
        validity["remaining"],
        f"{_time(facts['not_before'])} to {_time(facts['not_after'])}",
    )
    yield from _row("key", facts["public_key"]["text"])
    yield from _row("signed with", facts["signature_algorithm"])
    yield from _row("serial", facts["serial_number"] or "unreadable")
    version = facts["version"]
    if version != 3:
        yield from _row("version", version if version is not None else "unreadable")
    yield from _extensions(facts, ("subject_alt_name",))
    yield from _fingerprints(facts)


def _names(facts: Facts) -> Iterator[str]:
    names = facts.get("subject_alt_name")
    if not isinstance(names, list):
        return
    shown = [in_words(name) for name in names[:_MOST_NAMES]]
    if len(names) > _MOST_NAMES:
        shown.append(f"and {len(names) - _MOST_NAMES} more: --json has them all")
    critical = any(
        one["name"] == "subject_alt_name" and one["critical"]
        for one in facts["extensions"]
    )
    yield from _row("names", *shown)
    if critical:
        yield from _row("", "(critical)")


def _signed(facts: Facts) -> str:
    signature = facts.get("signature", "unknown")
    if facts.get("self_signed"):
        return "by its own key, checked"
    if signature == GOOD and facts.get("signed_by") is not None:
        signer = facts["signed_by"]
        by = f"[{signer + 1}]" if isinstance(signer, int) else signer
        return f"by {by}, checked"
    if signature == GOOD:
        return f"by {facts.get('trusted_root', 'a root trusted here')}, checked"
    if signature == "wrong":
        return "WRONG: not made by the key of its issuer"
    return f"not checked: {signature}"


def _time(iso: str | None) -> str:
    if iso is None:
        return "unreadable"
    return iso.replace("T", " ").replace("Z", " UTC")


def _extensions(facts: Facts, shown: Sequence[str] = ()) -> Iterator[str]:
    extensions = [one for one in facts["extensions"] if one["name"] not in shown]
    if extensions:
        yield "  extensions"
    for one in extensions:
        name = one["name"].replace("_", " ")
        critical = " (critical)" if one["critical"] else ""
        lines = one["text"][:_MOST_NAMES]
        head = f"    {name}{critical}:"
        if len(lines) == 1:
            yield from _wrapped(f"{name}{critical}: {lines[0]}", "    ", "      ")
            continue
        yield safe(head)
        for line in lines:
            indent = " " * (6 + len(line) - len(line.lstrip()))
            yield from _wrapped(line, indent, indent + "  ")


def _fingerprints(facts: Facts) -> Iterator[str]:
    prints = facts.get("fingerprints", {})
    for name, label in (("sha256", "SHA-256"), ("sha1", "SHA-1")):
        if name in prints:
            yield from _row(label, prints[name])
    yield from _key_prints(facts.get("public_key", {}))


def _key_prints(key: Facts) -> Iterator[str]:
    if "sha256" in key:
        yield from _row("key SHA-256", key["sha256"])
        yield from _row("key pin", key["pin_sha256"])


def _private_key(report: Report, described: Described) -> Iterator[str]:
    facts = described.facts
    yield from _row("format", facts["format"])
    encrypted = "no"
    if facts["encrypted"]:
        encrypted = f"yes: {facts.get('encryption', 'unknown')}"
        if facts.get("decrypted"):
            encrypted += "; the passphrase fits"
    yield from _row("encrypted", encrypted)
    if "text" in facts:
        yield from _row("key", facts["text"])
    if "ssh_fingerprint" in facts:
        yield from _row("SSH", facts["ssh_fingerprint"])
    yield from _key_prints(facts.get("public_key", {}))
    if facts.get("matches"):
        yield from _row("fits", ", ".join(f"[{item + 1}]" for item in facts["matches"]))


def _public_key(report: Report, described: Described) -> Iterator[str]:
    facts = described.facts
    yield from _row("format", facts["format"])
    yield from _row("key", facts["text"])
    if facts.get("comment"):
        yield from _row("comment", facts["comment"])
    if "ssh_fingerprint" in facts:
        yield from _row("SSH", facts["ssh_fingerprint"])
    yield from _key_prints(facts.get("public_key", facts))


def _request(report: Report, described: Described) -> Iterator[str]:
    facts = described.facts
    if "subject" not in facts:
        return
    yield from _names(facts)
    yield from _row("subject", facts["subject"] or "(empty)")
    yield from _row("key", facts["public_key"]["text"])
    signature = facts.get("signature", "unreadable")
    good = signature == GOOD
    yield from _row("signature", "by its own key, checked" if good else signature)
    yield from _row("signed with", facts.get("signature_algorithm", "unreadable"))
    for attribute in facts["attributes"]:
        name = attribute["name"].replace("_", " ")
        yield from _wrapped(f"{name}: {attribute['value']}", "  ", "      ")
    yield from _extensions(facts, ("subject_alt_name",))
    yield from _key_prints(facts["public_key"])


def _revocation_list(report: Report, described: Described) -> Iterator[str]:
    facts = described.facts
    if "issuer" not in facts:
        return
    yield from _row("issuer", facts["issuer"] or "(empty)")
    yield from _row("signature", _signed(facts))
    yield from _row(
        "validity",
        facts["remaining"],
        f"{_time(facts['this_update'])} to {_time(facts['next_update'])}",
    )
    yield from _row("signed with", facts["signature_algorithm"])
    reasons = ", ".join(
        f"{count} {reason.replace('_', ' ')}"
        for reason, count in facts["revoked_reasons"].items()
    )
    yield from _row(
        "revoked", f"{facts['revoked_count']}" + (reasons and f": {reasons}")
    )
    for entry in facts["revoked"][:_MOST_ENTRIES]:
        date = _time(entry["revocation_date"])
        yield from _row("", f"{entry['serial_number']} at {date}, {entry['reason']}")
    if facts["revoked_count"] > _MOST_ENTRIES:
        yield from _row("", "... --json has them all")
    yield from _extensions(facts)


def _ocsp_response(report: Report, described: Described) -> Iterator[str]:
    facts = described.facts
    yield from _row("status", facts.get("response_status", "unreadable"))
    if "responses" not in facts:
        return
    responder = facts.get("responder") or facts.get("responder_key_hash", "unknown")
    yield from _row("responder", responder)
    yield from _row("signature", _signed(facts))
    yield from _row("produced at", _time(facts["produced_at"]))
    for one in facts["responses"]:
        status = f"{one.get('serial_number')}: {one['status']}"
        if "revocation_time" in one:
            status += f" at {_time(one['revocation_time'])}"
            status += f", {one.get('revocation_reason', 'no reason')}"
        since = f"as of {_time(one['this_update'])}"
        if one["next_update"]:
            since += f", {one['remaining']}"
        yield from _row("certificate", status, since)
    yield from _extensions(facts)


def _ocsp_request(report: Report, described: Described) -> Iterator[str]:
    facts = described.facts
    for one in facts.get("requests", ()):
        yield from _row(
            "asks for",
            f"serial {one.get('serial_number')}",
            f"issuer name hash {one.get('issuer_name_hash')}",
            f"issuer key hash {one.get('issuer_key_hash')}",
        )
    yield from _extensions(facts) if "extensions" in facts else ()


def _pkcs7(report: Report, described: Described) -> Iterator[str]:
    facts = described.facts
    yield from _row("holds", facts.get("content_type", "unreadable"))
    if facts.get("signers"):
        yield from _row("signers", facts["signers"])


def _pkcs12(report: Report, described: Described) -> Iterator[str]:
    facts = described.facts
    yield from _row("opened with", facts.get("opened_with") or "nothing that was tried")
    for content in facts["contents"]:
        bags = ", ".join(content["bags"])
        yield from _row("contents", content["encryption"] or f"not encrypted: {bags}")
    yield from _row("MAC", facts.get("mac") or "none")


def _keystore(report: Report, described: Described) -> Iterator[str]:
    facts = described.facts
    yield from _row("format", facts["format"])
    for entry in facts["entries"]:
        line = f"{entry['alias']}: {entry.get('type', '?')}, {_time(entry['created'])}"
        yield from _row("alias", line)
    yield from _row("integrity", facts.get("integrity", "not checked"))


def _parameters(report: Report, described: Described) -> Iterator[str]:
    facts = described.facts
    curve = facts.get("curve")
    size = f"{facts.get('size', '?')} bits"
    yield from _row("key", f"{facts.get('algorithm', 'unknown')}, {curve or size}")


_BODIES = {
    "certificate": _certificate,
    "private-key": _private_key,
    "public-key": _public_key,
    "certificate-signing-request": _request,
    "certificate-revocation-list": _revocation_list,
    "ocsp-response": _ocsp_response,
    "ocsp-request": _ocsp_request,
    "pkcs7": _pkcs7,
    "pkcs12": _pkcs12,
    "java-keystore": _keystore,
    "parameters": _parameters,
}


def _chain(report: Report) -> Iterator[str]:
    """Yield how the certificates that came together make a chain."""
    chain = report.chain
    if chain is None or len(chain.members) < 2 or not chain.path:
        return
    yield "chain"
    for position, index in enumerate(chain.path):
        item = chain.members[index].item
        words = _name(report.objects[item])
        if position:
            below = chain.members[chain.path[position - 1]].item
            words += f", which signed [{below + 1}]"
        yield from _wrapped(f"[{item + 1}] {words}", "  ", "      ")
    last = chain.members[chain.path[-1]]
    if chain.links[chain.path[-1]].issuer == chain.path[-1]:
        end = "complete: it ends in a root that is here"
    elif chain.anchor is not None:
        end = f"complete: it ends in {chain.anchor}, which is trusted here"
    elif chain.complete is False:
        end = f"incomplete: {last.certificate.issuer.text} is missing"
    else:
        issuer = last.certificate.issuer.text
        end = f"it ends in {issuer}, which is not here, as a root need not be"
    yield from _wrapped(end, "  ", "      ")
