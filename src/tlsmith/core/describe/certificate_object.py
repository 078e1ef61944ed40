"""A certificate as one of the objects of an input."""

from __future__ import annotations

from tlsmith.core.describe.certificate import certificate_facts, read_certificate
from tlsmith.core.describe.described import Context, Described
from tlsmith.core.describe.findings import NOTE
from tlsmith.core.describe.found import Found
from tlsmith.core.describe.validity import read_validity


def describe_certificate(found: Found, context: Context) -> Described:
    """Return the facts of a certificate, its end seen from now."""
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
