"""One object found in a file, before anything is said about it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tlsmith.core.describe.findings import Finding


@dataclass(frozen=True, slots=True)
class Found:
    """One object, and where it was.

    Args:
        kind: "certificate", "certificate-signing-request",
            "certificate-revocation-list", "private-key", "public-key", "parameters",
            "ocsp-request", "ocsp-response", "pkcs7", "pkcs12", "java-keystore",
            "openpgp" or "unknown".
        form: of a private key "pkcs8", "encrypted-pkcs8", "pkcs1", "sec1", "dsa",
            "encrypted-pem" (RFC 1421 headers) or "openssh"; of a public key "spki",
            "pkcs1", "openssh" or "ssh2"; of a Java keystore "jks" or "jceks"; else
            "der", or "trusted" for a certificate with OpenSSL's trust behind it.
        content: its DER; else, as its form says, the decoded octets.
        encoding: "der", "pem", "text" or "binary"; "tls" for what a server sent,
            "pkcs12" and "jks" for what was inside such.
        offset: where it starts in the input, octets (after any byte order mark).
        label: the PEM label as written.
        entry: the name of the entry that holds it, such as "tls.crt" of a Secret.
        headers: of a PEM block, as written.
        block: a PEM block as written, for what needs its headers to be decrypted.
        findings: what is wrong with the wrapping.
        source: the file it is from, where there are several.
    """

    kind: str
    form: str
    content: bytes
    encoding: str = "der"
    offset: int = 0
    label: str | None = None
    entry: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    block: bytes = b""
    findings: tuple[Finding, ...] = ()
    source: str | None = None


def with_findings(found: Found, *findings: Finding) -> Found:
    """Return `found` with more to say about its wrapping."""
    return replace(found, findings=(*found.findings, *findings))
