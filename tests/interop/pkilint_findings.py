"""pkilint, used as a library: what it finds in a certificate, and what it may find."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

from pkilint import document, finding_filter, loader, pkix
from pkilint.bin import lint_pkix_signer_signee_cert_chain as chain_linter
from pkilint.cabf import cabf_crl, serverauth
from pkilint.cabf.serverauth.serverauth_constants import CertificateType
from pkilint.pkix import certificate, crl, extension, name, ocsp

SUBSCRIBER = CertificateType.DV_FINAL_CERTIFICATE
ROOT = CertificateType.ROOT_CA
INTERMEDIATE = CertificateType.INTERNAL_CONSTRAINED_TLS_CA

_LOADER = loader.RFC5280CertificateDocumentLoader()
_CRL_LOADER = loader.RFC5280CertificateListDocumentLoader()
_OCSP_LOADER = loader.RFC6960OCSPResponseDocumentLoader()


class Finding(NamedTuple):
    """What a linter says.

    Args:
        place: where in the certificate.
    """

    severity: str
    code: str
    place: str
    message: str

    def __str__(self) -> str:
        return f"{self.severity} {self.code} at {self.place}: {self.message}"


class Allowed(NamedTuple):
    """A finding that is no fault of ours: its code, its place, and why.

    Args:
        place: regular expression.
        says: of its message, a regular expression.
    """

    code: str
    place: str
    because: str
    says: str = ""

    def covers(self, finding: Finding) -> bool:
        return (
            finding.code == self.code
            and bool(re.search(self.place, finding.place))
            and bool(re.search(self.says, finding.message))
        )


def rfc5280_findings(der: bytes) -> Iterator[Finding]:
    """Yield what the profile of RFC 5280 finds in a certificate."""
    root = _LOADER.load_der_document(der).root
    yield from _findings(_rfc5280_profile().validate(root))


def serverauth_findings(der: bytes, kind: CertificateType) -> Iterator[Finding]:
    """Yield what the CA/Browser Forum's profile for this kind of certificate finds."""
    root = _LOADER.load_der_document(der).root
    results, _ = finding_filter.filter_results(
        serverauth.create_serverauth_finding_filters(kind),
        _serverauth_profile(kind).validate(root),
    )
    yield from _findings(results)


def chain_findings(issuer: bytes, subject: bytes) -> Iterator[Finding]:
    """Yield what is wrong between a certificate and its issuer's: names, signature."""
    documents: dict[str, document.Document] = {}
    for role, der in (("issuer", issuer), ("subject", subject)):
        documents[role] = _LOADER.load_der_document(der, role, role, documents)
    decoding, of_issuer, of_subject = _chain_profile()
    for validator, role in (
        (decoding, "issuer"),
        (decoding, "subject"),
        (of_issuer, "issuer"),
        (of_subject, "subject"),
    ):
        yield from _findings(validator.validate(documents[role].root))


def crl_findings(der: bytes, *, is_arl: bool) -> Iterator[Finding]:
    """Yield what RFC 5280 and the Baseline Requirements find in a CRL.

    Args:
        is_arl: whether it lists certificates of CAs.
    """
    root = _CRL_LOADER.load_der_document(der).root
    yield from _findings(_crl_profile(is_arl).validate(root))


def ocsp_findings(der: bytes) -> Iterator[Finding]:
    """Yield what RFC 6960 finds in an OCSP response."""
    root = _OCSP_LOADER.load_der_document(der).root
    yield from _findings(_ocsp_profile().validate(root))


@cache
def _crl_profile(is_arl: bool) -> Any:
    kind = crl.CertificateRevocationListType["ARL" if is_arl else "CRL"]
    validity = cabf_crl.create_validity_period_validator(kind)
    return crl.create_pkix_crl_validator_container(
        _decoders(),
        [
            crl.create_issuer_validator_container([]),
            crl.create_validity_validator_container([validity]),
            crl.create_extensions_validator_container([]),
            cabf_crl.CabfCrlReasonCodeAllowlistValidator(kind),
        ],
    )


@cache
def _ocsp_profile() -> Any:
    return ocsp.create_pkix_ocsp_response_validator_container(
        [ocsp.create_response_decoder(), *_decoders()], []
    )


def _decoders() -> list[Any]:
    return [
        pkix.create_attribute_decoder(name.ATTRIBUTE_TYPE_MAPPINGS),
        pkix.create_extension_decoder(extension.EXTENSION_MAPPINGS),
    ]


@cache
def _rfc5280_profile() -> Any:
    return certificate.create_pkix_certificate_validator_container(
        certificate.create_decoding_validators(
            name.ATTRIBUTE_TYPE_MAPPINGS, extension.EXTENSION_MAPPINGS
        ),
        [
            certificate.create_issuer_validator_container([]),
            certificate.create_validity_validator_container(),
            certificate.create_subject_validator_container([]),
            certificate.create_extensions_validator_container([]),
            certificate.create_spki_validator_container([]),
        ],
    )


@cache
def _serverauth_profile(kind: CertificateType) -> Any:
    return certificate.create_pkix_certificate_validator_container(
        serverauth.create_decoding_validators(), serverauth.create_validators(kind)
    )


@cache
def _chain_profile() -> tuple[Any, Any, Any]:
    return (
        chain_linter.create_decoder_validation_container(),
        chain_linter.create_issuer_validation_container(),
        chain_linter.create_subject_validation_container(),
    )


def _findings(results: Any) -> Iterator[Finding]:
    for result in results:
        place = re.sub(r"^certificate\.tbsCertificate\.", "", str(result.node.path))
        for found in result.finding_descriptions:
            finding = found.finding
            message = str(found.message or "")
            yield Finding(finding.severity.name, finding.code, place, message)
