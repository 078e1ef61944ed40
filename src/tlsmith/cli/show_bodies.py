"""What `show` says of one object of each kind, in lines."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Sequence

from tlsmith.core.describe.described import Described
from tlsmith.core.describe.facts import Facts
from tlsmith.core.describe.general import in_words
from tlsmith.core.describe.plain import safe
from tlsmith.core.describe.signature import GOOD

WIDTH = 80
_LABEL = 13
_MOST_ENTRIES = 10
_MOST_NAMES = 40
_MOST_LINES = 60  # of one extension; the name constraints of a local CA take 48

_CAPITALS = {
    "acme": "ACME",
    "ca": "CA",
    "crl": "CRL",
    "microsoft": "Microsoft",
    "netscape": "Netscape",
    "ocsp": "OCSP",
    "smime": "S/MIME",
    "tls": "TLS",
    "url": "URL",
}


def body(described: Described) -> Iterator[str]:
    """Yield the lines about an object, below its title."""
    write = _BODIES.get(described.found.kind)
    if write is not None:
        yield from write(described.facts)


def wrapped(text: str, first: str, following: str) -> list[str]:
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


def row(label: str, *values: object) -> Iterator[str]:
    """Yield a fact: its label, and its values below one another."""
    for value in values:
        head = f"  {label:<{_LABEL}}"
        yield from wrapped(str(value), head, " " * len(head))
        label = ""


def _certificate(facts: Facts) -> Iterator[str]:
    yield from row("role", facts.get("role", "unknown"))
    yield from _names(facts)
    yield from row("subject", facts["subject"] or "(empty)")
    yield from row("issuer", facts["issuer"] or "(empty)")
    yield from row("signature", _signed(facts))
    validity = facts["validity"]
    yield from row(
        "validity",
        validity["remaining"],
        f"{_time(facts['not_before'])} to {_time(facts['not_after'])}",
    )
    yield from row("key", facts["public_key"]["text"])
    yield from row("signed with", facts["signature_algorithm"])
    yield from row("serial", facts["serial_number"] or "unreadable")
    version = facts["version"]
    if version != 3:
        yield from row("version", version if version is not None else "unreadable")
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
    yield from row("names", *shown)
    if critical:
        yield from row("", "(critical)")


def _signed(facts: Facts) -> str:
    signature = facts.get("signature", "unknown")
    if facts.get("self_signed"):
        return "by its own key, checked"
    if signature == GOOD and facts.get("signed_by") is not None:
        signer = facts["signed_by"]
        by = f"[{signer + 1}]" if isinstance(signer, int) else signer
        return f"by {by}, checked"
    if signature == GOOD:
        return f"by {facts.get('trusted_root', 'a root of the local CA')}, checked"
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
        name = " ".join(_CAPITALS.get(word, word) for word in one["name"].split("_"))
        critical = " (critical)" if one["critical"] else ""
        lines = _first_lines(one["text"])
        head = f"    {name}{critical}:"
        if len(lines) == 1:
            yield from wrapped(f"{name}{critical}: {lines[0]}", "    ", "      ")
            continue
        yield safe(head)
        for line in lines:
            indent = " " * (6 + len(line) - len(line.lstrip()))
            yield from wrapped(line, indent, indent + "  ")


def _first_lines(lines: Sequence[str]) -> list[str]:
    """Return as many lines as people read, and how many there are beside."""
    shown = list(lines[:_MOST_LINES])
    if len(lines) > _MOST_LINES:
        shown.append(f"and {len(lines) - _MOST_LINES} more: --json has them all")
    return shown


def _fingerprints(facts: Facts) -> Iterator[str]:
    prints = facts.get("fingerprints", {})
    for name, label in (("sha256", "SHA-256"), ("sha1", "SHA-1")):
        if name in prints:
            yield from row(label, prints[name])
    yield from _key_prints(facts.get("public_key", {}))


def _key_prints(key: Facts) -> Iterator[str]:
    if "sha256" in key:
        yield from row("key SHA-256", key["sha256"])
        yield from row("key pin", key["pin_sha256"])


def _private_key(facts: Facts) -> Iterator[str]:
    if "format" in facts:
        yield from row("format", facts["format"])
        encrypted = "no"
        if facts["encrypted"]:
            encrypted = f"yes: {facts.get('encryption', 'unknown')}"
            if facts.get("decrypted"):
                encrypted += "; the passphrase fits"
        yield from row("encrypted", encrypted)
    if "text" in facts:
        yield from row("key", facts["text"])
    if "ssh_fingerprint" in facts:
        yield from row("SSH", facts["ssh_fingerprint"])
    yield from _key_prints(facts.get("public_key", {}))
    if facts.get("matches"):
        yield from row("fits", ", ".join(f"[{item + 1}]" for item in facts["matches"]))


def _public_key(facts: Facts) -> Iterator[str]:
    yield from row("format", facts["format"])
    yield from row("key", facts["text"])
    if facts.get("comment"):
        yield from row("comment", facts["comment"])
    if "ssh_fingerprint" in facts:
        yield from row("SSH", facts["ssh_fingerprint"])
    yield from _key_prints(facts.get("public_key", facts))


def _request(facts: Facts) -> Iterator[str]:
    if "subject" not in facts:
        return
    yield from _names(facts)
    yield from row("subject", facts["subject"] or "(empty)")
    yield from row("key", facts["public_key"]["text"])
    signature = facts.get("signature", "unreadable")
    good = signature == GOOD
    yield from row("signature", "by its own key, checked" if good else signature)
    yield from row("signed with", facts.get("signature_algorithm", "unreadable"))
    for attribute in facts["attributes"]:
        name = attribute["name"].replace("_", " ")
        yield from wrapped(f"{name}: {attribute['value']}", "  ", "      ")
    yield from _extensions(facts, ("subject_alt_name",))
    yield from _key_prints(facts["public_key"])


def _revocation_list(facts: Facts) -> Iterator[str]:
    if "issuer" not in facts:
        return
    yield from row("issuer", facts["issuer"] or "(empty)")
    yield from row("signature", _signed(facts))
    yield from row(
        "validity",
        facts["remaining"],
        f"{_time(facts['this_update'])} to {_time(facts['next_update'])}",
    )
    yield from row("signed with", facts["signature_algorithm"])
    reasons = ", ".join(
        f"{count} {reason.replace('_', ' ')}"
        for reason, count in facts["revoked_reasons"].items()
    )
    yield from row(
        "revoked", f"{facts['revoked_count']}" + (reasons and f": {reasons}")
    )
    for entry in facts["revoked"][:_MOST_ENTRIES]:
        date = _time(entry["revocation_date"])
        reason = entry["reason"].replace("_", " ")
        yield from row("", f"{entry['serial_number']} at {date}, {reason}")
    if facts["revoked_count"] > _MOST_ENTRIES:
        yield from row("", "... --json has them all")
    yield from _extensions(facts)


def _ocsp_response(facts: Facts) -> Iterator[str]:
    yield from row("status", facts.get("response_status", "unreadable"))
    if "responses" not in facts:
        return
    responder = facts.get("responder") or facts.get("responder_key_hash", "unknown")
    yield from row("responder", responder)
    yield from row("signature", _signed(facts))
    yield from row("produced at", _time(facts["produced_at"]))
    for one in facts["responses"]:
        status = f"{one.get('serial_number')}: {one['status']}"
        if "revocation_time" in one:
            status += f" at {_time(one['revocation_time'])}"
            reason = one.get("revocation_reason", "no reason")
            status += ", " + reason.replace("_", " ")
        since = f"as of {_time(one['this_update'])}"
        if one["next_update"]:
            since += f", {one['remaining']}"
        yield from row("certificate", status, since)
    yield from _extensions(facts)


def _ocsp_request(facts: Facts) -> Iterator[str]:
    for one in facts.get("requests", ()):
        yield from row(
            "asks for",
            f"serial {one.get('serial_number')}",
            f"issuer name hash {one.get('issuer_name_hash')}",
            f"issuer key hash {one.get('issuer_key_hash')}",
        )
    yield from _extensions(facts) if "extensions" in facts else ()


def _pkcs7(facts: Facts) -> Iterator[str]:
    yield from row("holds", facts.get("content_type", "unreadable"))
    if facts.get("signers"):
        yield from row("signers", facts["signers"])


def _pkcs12(facts: Facts) -> Iterator[str]:
    yield from row("opened with", facts.get("opened_with") or "nothing that was tried")
    for content in facts["contents"]:
        encryption = content["encryption"]
        bags = [*dict.fromkeys(content["bags"])] or ["nothing"]
        yield from row("contents", *([encryption] if encryption else bags))
    yield from row("MAC", facts.get("mac") or "none")


def _keystore(facts: Facts) -> Iterator[str]:
    yield from row("format", facts["format"])
    for entry in facts["entries"]:
        line = f"{entry['alias']}: {entry.get('type', '?')}, {_time(entry['created'])}"
        yield from row("alias", line)
    yield from row("integrity", facts.get("integrity", "not checked"))


def _parameters(facts: Facts) -> Iterator[str]:
    curve = facts.get("curve")
    size = f"{facts.get('size', '?')} bits"
    yield from row("key", f"{facts.get('algorithm', 'unknown')}, {curve or size}")


_BODIES: dict[str, Callable[[Facts], Iterator[str]]] = {
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
