"""What is wrong with what a certificate may be used for (RFC 5280 section 4.2)."""

from __future__ import annotations

from collections.abc import Iterator

from tlsmith.core.describe.certificate import Certificate
from tlsmith.core.describe.findings import NOTE, PROBLEM, WARNING, Finding

# What RFC 5280 wants critical, and what it wants not.
_CRITICAL = {
    "name_constraints": "section 4.2.1.10",
    "policy_constraints": "section 4.2.1.11",
    "inhibit_any_policy": "section 4.2.1.14",
}
_NOT_CRITICAL = {
    "subject_key_identifier": "section 4.2.1.2",
    "authority_key_identifier": "section 4.2.1.1",
    "issuer_alt_name": "section 4.2.1.7",
    "authority_information_access": "section 4.2.2.1",
    "subject_information_access": "section 4.2.2.2",
    "freshest_crl": "section 4.2.1.15",
}


def judge_usage(certificate: Certificate) -> Iterator[Finding]:
    """Yield findings about the extensions of `certificate`."""
    yield from _judge_criticality(certificate)
    if certificate.is_ca:
        yield from _judge_ca(certificate)
    else:
        yield from _judge_end_entity(certificate)
    if "precertificate_poison" in certificate.extensions:
        message = "a precertificate, for transparency logs only: no client accepts it"
        yield Finding(PROBLEM, "precertificate", message)


def _judge_criticality(certificate: Certificate) -> Iterator[Finding]:
    for name, extension in certificate.extensions.items():
        field = f"extensions.{name}"
        if name == extension["oid"] and extension["critical"]:
            message = f"{name} is critical, and few clients know it: they refuse it"
            yield Finding(PROBLEM, "unknown-critical-extension", message, field)
        if name in _CRITICAL and not extension["critical"]:
            message = f"{name} is not critical; RFC 5280 {_CRITICAL[name]} wants that"
            yield Finding(WARNING, "extension-not-critical", message, field)
        if name in _NOT_CRITICAL and extension["critical"]:
            message = f"{name} is critical; RFC 5280 {_NOT_CRITICAL[name]} forbids that"
            yield Finding(WARNING, "extension-critical", message, field)
    names = certificate.extensions.get("subject_alt_name")
    if names is not None and not certificate.is_ca:
        empty = not certificate.subject.attributes
        if empty and not names["critical"]:
            message = "the subject is empty, and subjectAltName is not critical then"
            yield Finding(WARNING, "names-not-critical", message)
        elif names["critical"] and not empty:
            message = "subjectAltName is critical, beside a subject that is not empty"
            yield Finding(NOTE, "names-critical", message)


def _judge_ca(certificate: Certificate) -> Iterator[Finding]:
    constraints = certificate.extensions.get("basic_constraints")
    if constraints is not None and not constraints["critical"]:
        message = "basicConstraints of a CA is not critical: strict clients refuse it"
        yield Finding(WARNING, "extension-not-critical", message)
    usage = certificate.key_usage
    if usage is None and certificate.version == 3:
        message = "a CA without keyUsage: strict clients refuse it"
        yield Finding(WARNING, "no-key-usage", message)
    elif usage is not None and "key_cert_sign" not in usage:
        message = "a CA whose keyUsage does not let it sign certificates"
        yield Finding(PROBLEM, "ca-may-not-sign", message)
    if "subject_key_identifier" not in certificate.extensions:
        message = "a CA without subjectKeyIdentifier: strict clients refuse it"
        yield Finding(WARNING, "no-subject-key-identifier", message)
    if not certificate.subject.attributes:
        message = "a CA with an empty subject: nothing it signs can name its issuer"
        yield Finding(PROBLEM, "empty-ca-subject", message)
    if any(name["type"] in ("dns", "ip") for name in certificate.names):
        message = "names a host, and is a CA: Firefox and rustls refuse it for a server"
        yield Finding(WARNING, "ca-as-end-entity", message)
    if certificate.version == 1:
        message = "version 1, which cannot say that it is a CA: many clients refuse it"
        yield Finding(WARNING, "version-1", message)


def _judge_end_entity(certificate: Certificate) -> Iterator[Finding]:
    extensions = certificate.extensions
    if certificate.version in (1, 2):
        message = f"version {certificate.version}: browsers, Go and Python refuse it"
        yield Finding(PROBLEM, "version-1", message)
        return
    usage = certificate.key_usage
    if usage is None:
        message = "no keyUsage: the key may be used for anything"
        yield Finding(NOTE, "no-key-usage", message)
    else:
        yield from _judge_key_usage(certificate, usage)
    purposes = certificate.purposes
    if purposes is None:
        message = "no extendedKeyUsage: it is for any purpose"
        yield Finding(NOTE, "no-extended-key-usage", message)
    elif not {"serverAuth", "anyExtendedKeyUsage"} & {*purposes} and any(
        name["type"] in ("dns", "ip") for name in certificate.names
    ):
        message = "names a host, but extendedKeyUsage does not let it be a TLS server"
        yield Finding(NOTE, "not-for-servers", message)
    if "authority_key_identifier" not in extensions and not certificate.is_self_issued:
        message = "no authorityKeyIdentifier: strict clients refuse it"
        yield Finding(WARNING, "no-authority-key-identifier", message)
    if "subject_key_identifier" not in extensions:
        message = "no subjectKeyIdentifier, which RFC 5280 section 4.2.1.2 asks for"
        yield Finding(NOTE, "no-subject-key-identifier", message)
    if "name_constraints" in extensions:
        message = "nameConstraints in a certificate that is no CA's means nothing"
        yield Finding(WARNING, "constraints-without-ca", message)


def _judge_key_usage(certificate: Certificate, usage: list[str]) -> Iterator[Finding]:
    field = "extensions.key_usage"
    if "key_cert_sign" in usage:
        message = "keyUsage lets it sign certificates, and it is no CA"
        yield Finding(WARNING, "sign-without-ca", message, field)
    purposes = certificate.purposes or ["serverAuth"]
    if not {"serverAuth", "clientAuth"} & {*purposes}:
        return
    if not {"digital_signature", "key_encipherment", "key_agreement"} & {*usage}:
        message = "keyUsage lets it neither sign nor agree on keys: no use for TLS"
        yield Finding(PROBLEM, "key-usage-unfit", message, field)
    elif "digital_signature" not in usage:
        message = "keyUsage lacks digitalSignature, which TLS 1.3 needs"
        yield Finding(WARNING, "no-digital-signature", message, field)
    algorithm = certificate.public_key["algorithm"]
    if "key_encipherment" in usage and not algorithm.startswith("RSA"):
        message = f"keyUsage has keyEncipherment, which {algorithm} keys cannot do"
        yield Finding(NOTE, "key-usage-of-other-key", message, field)
