"""A report of `show` in words, for a terminal of 80 columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tlsmith.cli.show_bodies import body, row, wrapped
from tlsmith.core.describe.described import Described
from tlsmith.core.describe.facts import Facts
from tlsmith.core.describe.findings import LEVELS, Finding
from tlsmith.core.describe.plain import safe
from tlsmith.core.describe.report import Report

# More certificates than this are shown in two lines each, unless all is asked for.
_MOST_IN_FULL = 12

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
        lines += wrapped(text, "", " " * (len(finding.level) + 2))
    lines.append(f"({_counts(findings)})")
    return lines


def _counts(findings: Sequence[Finding]) -> str:
    counted = []
    for level in LEVELS:
        count = sum(finding.level == level for finding in findings)
        if count:
            counted.append(f"{count} {level}{'' if count == 1 else 's'}")
    return ", ".join(counted)


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
    yield from wrapped(_title(report, index), "", "    ")
    facts = described.facts
    if described.certificate is not None:
        key = facts["public_key"]["text"]
        role = facts.get("role", "certificate")
        yield f"    {safe(role)}, {safe(key)}, {facts['validity']['remaining']}"


def _block(report: Report, index: int) -> Iterator[str]:
    described = report.objects[index]
    yield from wrapped(_title(report, index), "", "    ")
    found = described.found
    if found.entry is not None and found.kind != "public-key":
        yield from row("entry", found.entry)
    yield from body(described)


def _chain(report: Report) -> Iterator[str]:
    """Yield how the certificates that came together make a chain."""
    chain = report.chain
    if chain is None or (len(chain.path) < 2 and chain.complete is not False):
        return
    yield "chain"
    for position, index in enumerate(chain.path):
        item = chain.members[index].item
        words = _name(report.objects[item])
        if position:
            below = chain.members[chain.path[position - 1]].item
            words += f", which signed [{below + 1}]"
        yield from wrapped(f"[{item + 1}] {words}", "  ", "      ")
    last = chain.members[chain.path[-1]]
    if chain.links[chain.path[-1]].issuer == chain.path[-1]:
        end = "complete: it ends in a root that is here"
    elif chain.anchor is not None:
        end = f"complete: it ends in {chain.anchor}, a root of the local CA"
    elif chain.complete is False:
        end = f"incomplete: {last.certificate.issuer.text} is missing"
    else:
        issuer = last.certificate.issuer.text
        end = f"it ends in {issuer}, which is not here, as a root need not be"
    yield from wrapped(end, "  ", "      ")
