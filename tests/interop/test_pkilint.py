"""pkilint judges every certificate; what it may say is listed, each with a reason."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from interop.gallery import Piece
from interop.pkilint_findings import (
    INTERMEDIATE,
    ROOT,
    SUBSCRIBER,
    Allowed,
    Finding,
    chain_findings,
    rfc5280_findings,
    serverauth_findings,
)
from tlsmith.core.formats import split_pem
from tlsmith.core.keys import KINDS

pytestmark = pytest.mark.interop

Gallery = Callable[[str], list[Piece]]

_OF_CONSTRAINTS = r"nameConstraints\.permittedSubtrees"
_ONE_LABEL = "it takes a name of one label, such as localhost, for no name at all"
_HOST_AND_BELOW = (
    "RFC 5280 4.2.1.10: a host, or a domain with a period in front, and no address"
)

OF_RFC5280 = [
    Allowed("pkix.subject_key_identifier_method_1_identified", "", "a note, no fault"),
    Allowed(
        "pkix.invalid_domain_name_syntax",
        r"subjectAltName\.\d+",
        _ONE_LABEL,
        r'"localhost"$',
    ),
    Allowed(
        "pkix.invalid_domain_name_syntax",
        r"subjectAltName\.\d+",
        "RFC 5280 leaves wildcards open (4.2.1.6); RFC 9525 6.3 defines them",
        r'"\*\.[a-z.]+"$',
    ),
    Allowed(
        "pkix.invalid_uri_syntax",
        r"subjectAltName\.\d+",
        "it knows the schemes of the web only, not spiffe:// (RFC 3986 3.1)",
        '"spiffe://',
    ),
    Allowed("pkix.invalid_domain_name_syntax", _OF_CONSTRAINTS, _ONE_LABEL),
    Allowed("pkix.invalid_email_address_syntax", _OF_CONSTRAINTS, _HOST_AND_BELOW),
    Allowed("pkix.invalid_uri_syntax", _OF_CONSTRAINTS, _HOST_AND_BELOW),
]

_NO_SERVER = "a development CA runs no server that could say what was revoked"
_PUBLIC_POLICY = "a policy of the public web's CAs; ours has none to name"
_OTHER_KEY = "the public web takes RSA and the NIST curves alone"
_OF_LEAVES = [
    Allowed("pkix.subject_key_identifier_method_1_identified", "", "a note, no fault"),
    Allowed("cabf.internal_domain_name", "subjectAltName", "what we are here for"),
    Allowed("cabf.internal_ip_address", "subjectAltName", "what we are here for"),
    Allowed("cabf.serverauth.subscriber.revocation_information_absent", "", _NO_SERVER),
    Allowed("msft.end_entity.revocation_information_absent", "", _NO_SERVER),
    Allowed(
        "cabf.serverauth.subscriber.authority_info_access_extension_absent",
        "",
        "it would name such a server; the chain is delivered with the certificate",
    ),
    Allowed(
        "cabf.serverauth.subscriber.certificate_policies_extension_absent",
        "",
        _PUBLIC_POLICY,
    ),
    Allowed(
        "cabf.serverauth.dv.common_name_attribute_present",
        "",
        "not recommended, and what people look for in lists of certificates",
    ),
    Allowed(
        "cabf.serverauth.subscriber.subject_key_identifier_extension_present",
        "",
        "not recommended there, and recommended by RFC 5280 4.2.1.2",
    ),
    Allowed(
        "cabf.serverauth.subscriber_rsa_digitalsignature_and_keyencipherment_present",
        "",
        "not recommended, and needed by clients that know RSA key exchange only",
    ),
    Allowed("cabf.serverauth.prohibited_signature_algorithm_encoding", "", _OTHER_KEY),
    Allowed(
        "cabf.serverauth.prohibited_subject_public_key_algorithm_encoding",
        "",
        _OTHER_KEY,
    ),
]
_ASKED_FOR_MAIL = "an e-mail address or a URI was asked for beside the host"
# What a shape was made for, beside what holds for all.
_OF_SHAPES = {
    "every-name": [
        Allowed("cabf.serverauth.prohibited_san_type", "", _ASKED_FOR_MAIL),
        Allowed(
            "cabf.serverauth.subscriber.emailprotection_eku_present",
            "",
            _ASKED_FOR_MAIL,
        ),
    ],
    "uri": [
        Allowed("cabf.serverauth.prohibited_san_type", "", _ASKED_FOR_MAIL),
        Allowed("pkix.invalid_uri_syntax", "subjectAltName", "it is spiffe://"),
    ],
    "subject": [
        Allowed(
            "cabf.serverauth.dv.unknown_attribute_present",
            "subject",
            "an organisation was asked for",
        ),
    ],
    "year": [
        Allowed(
            "cabf.serverauth.certificate_validity_period_exceeds_200_days",
            "validity",
            "397 days were asked for; 199 are the default",
        ),
    ],
}
_OF_SELF_SIGNED = [
    Allowed(
        "cabf.serverauth.certificate_validity_period_exceeds_200_days",
        "validity",
        "each client is told by hand to trust it: not twice a year",
    ),
]

_LIMITED = "it limits what a stolen key can do: Decision 1"
OF_CAS = [
    Allowed("pkix.subject_key_identifier_method_1_identified", "", "a note, no fault"),
    Allowed("cabf.internal_domain_name", _OF_CONSTRAINTS, "what we are here for"),
    Allowed("pkix.invalid_email_address_syntax", _OF_CONSTRAINTS, _HOST_AND_BELOW),
    Allowed("pkix.invalid_uri_syntax", _OF_CONSTRAINTS, _HOST_AND_BELOW),
    Allowed(
        "cabf.serverauth.name_constraints_discouraged_name_type",
        _OF_CONSTRAINTS,
        "a kind of name without a constraint would be free",
    ),
    Allowed(
        "cabf.serverauth.ca.country_attribute_absent",
        "",
        "a CA of one machine is in no country",
    ),
    Allowed(
        "cabf.ca_certificate_no_digital_signature_bit",
        "",
        "it signs no OCSP response, and no handshake",
    ),
    Allowed("cabf.serverauth.prohibited_signature_algorithm_encoding", "", _OTHER_KEY),
    Allowed(
        "cabf.serverauth.prohibited_subject_public_key_algorithm_encoding",
        "",
        _OTHER_KEY,
    ),
]
OF_ROOTS = [
    *OF_CAS,
    Allowed("cabf.serverauth.root.unknown_extension_present", "", _LIMITED),
    Allowed(
        "cabf.serverauth.root_basic_constraints_pathlenconstraint_present", "", _LIMITED
    ),
]
OF_INTERMEDIATES = [
    *OF_CAS,
    Allowed(
        "cabf.serverauth.ca.certificate_policies_extension_absent", "", _PUBLIC_POLICY
    ),
    Allowed(
        "cabf.serverauth.ca.crl_distribution_points_extension_absent", "", _NO_SERVER
    ),
    Allowed(
        "cabf.serverauth.ca.authority_info_access_extension_absent", "", _NO_SERVER
    ),
    Allowed(
        "cabf.serverauth.ca.extended_key_usage_extension_absent",
        "",
        "it signs for clients and mail as well",
    ),
    Allowed(
        "cabf.serverauth.ca.incomplete_name_constraints",
        "",
        "directory names are not constrained: TLS and mail read no host from them",
    ),
]
_UNKNOWN_TO_IT = [
    Allowed("pkix.unsupported_algorithm", "signature", "it cannot check ML-DSA yet")
]
# Shapes that are no server's certificate, and are judged by RFC 5280 alone.
_NOT_FOR_SERVERAUTH = (
    "e-mail",
    "e-mail-client",
    "self-signed-e-mail",
    "self-signed-ca",
)


@pytest.mark.parametrize("kind", KINDS)
def test_no_certificate_breaks_rfc_5280(gallery: Gallery, kind: str) -> None:
    for piece in gallery(kind):
        _hold(piece, rfc5280_findings(piece.ders[0]), OF_RFC5280)


@pytest.mark.parametrize("kind", KINDS)
def test_no_ca_breaks_rfc_5280(gallery: Gallery, kind: str) -> None:
    for name, der in _authorities(gallery(kind)[0]):
        _hold(f"{name} of {kind}", rfc5280_findings(der), OF_RFC5280)


@pytest.mark.parametrize("kind", KINDS)
def test_every_link_of_the_chain_fits(gallery: Gallery, kind: str) -> None:
    piece = gallery(kind)[0]
    (_, root), (_, intermediate) = _authorities(piece)
    unknown = _UNKNOWN_TO_IT if kind.startswith("ml-dsa") else []
    for issuer, subject in ((root, root), (root, intermediate)):
        _hold(f"CAs of {kind}", chain_findings(issuer, subject), unknown)
    _hold(piece, chain_findings(intermediate, piece.ders[0]), unknown)


@pytest.mark.parametrize("kind", KINDS)
def test_servers_have_what_public_certificates_have(
    gallery: Gallery, kind: str
) -> None:
    """Nothing is found but what only a public CA can have, each with its reason."""
    for piece in gallery(kind):
        if piece.shape not in _NOT_FOR_SERVERAUTH:
            allowed = [*_OF_LEAVES, *_OF_SHAPES.get(piece.shape, [])]
            allowed += _OF_SELF_SIGNED if piece.is_self_signed else []
            _hold(piece, serverauth_findings(piece.ders[0], SUBSCRIBER), allowed)


@pytest.mark.parametrize("kind", KINDS)
def test_cas_have_what_public_cas_have(gallery: Gallery, kind: str) -> None:
    (_, root), (_, intermediate) = _authorities(gallery(kind)[0])
    _hold(f"root of {kind}", serverauth_findings(root, ROOT), OF_ROOTS)
    found = serverauth_findings(intermediate, INTERMEDIATE)
    _hold(f"intermediate of {kind}", found, OF_INTERMEDIATES)


def test_every_reason_is_still_needed(gallery: Gallery) -> None:
    found: list[Finding] = []
    for kind in ("p256", "ed25519", "rsa2048"):
        for piece in gallery(kind):
            found += rfc5280_findings(piece.ders[0])
            if piece.shape not in _NOT_FOR_SERVERAUTH:
                found += serverauth_findings(piece.ders[0], SUBSCRIBER)
        (_, root), (_, intermediate) = _authorities(gallery(kind)[0])
        found += [*rfc5280_findings(root), *serverauth_findings(root, ROOT)]
        found += serverauth_findings(intermediate, INTERMEDIATE)
    of_shapes = [allowed for some in _OF_SHAPES.values() for allowed in some]
    for allowed in (*OF_RFC5280, *_OF_LEAVES, *of_shapes, *OF_ROOTS, *OF_INTERMEDIATES):
        assert any(allowed.covers(finding) for finding in found), allowed


def _authorities(piece: Piece) -> list[tuple[str, bytes]]:
    folder = piece.folder
    return [
        (name, split_pem((folder / f"{name}.pem").read_bytes())[0][1])
        for name in ("root", "intermediate")
    ]


def _hold(
    what: Piece | str, found: Iterable[Finding], allowed: Iterable[Allowed]
) -> None:
    reasons = list(allowed)
    faults = [
        str(finding)
        for finding in found
        if not any(one.covers(finding) for one in reasons)
    ]
    assert not faults, f"{what}: {faults}"
