"""zlint judges every certificate; what it may say is listed, each with a reason."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from interop.gallery import Piece
from interop.zlint_findings import zlint_findings
from tlsmith.core.keys import KINDS

pytestmark = [pytest.mark.interop, pytest.mark.network]

Gallery = Callable[[str], list[Piece]]

_NO_SERVER = "a development CA runs no server that could say what was revoked"
_PUBLIC_POLICY = "a policy of the public web's CAs; ours has none to name"
_PRIVATE = "what we are here for: names and addresses of nobody else"
_OTHER_KEY = "the public web takes RSA and the NIST curves alone"
_ASKED = "it was asked for"
_NOT_PUBLIC = "a rule for the public web's CAs alone"

# What every certificate may have, by the name of the lint.
OF_ALL = {
    "e_dnsname_not_valid_tld": _PRIVATE,
    "e_ext_san_contains_reserved_ip": _PRIVATE,
    "e_sub_cert_aia_missing": _NO_SERVER,
    "e_sub_cert_aia_does_not_contain_ocsp_url": _NO_SERVER,
    "w_sub_cert_aia_does_not_contain_issuing_ca_url": _NO_SERVER,
    "e_sub_cert_cert_policy_empty": _PUBLIC_POLICY,
    "e_sub_cert_certificate_policies_missing": _PUBLIC_POLICY,
    "w_ct_sct_policy_count_unsatisfied": "private names belong in no public log",
    "w_ext_subject_key_identifier_not_recommended_subscriber": (
        "RFC 5280 4.2.1.2 recommends it"
    ),
    "w_subject_common_name_included": "what people look for in lists",
    "n_san_iana_pub_suffix_empty": "localhost has one label",
}
_OTHER = {
    "e_algorithm_identifier_improper_encoding": _OTHER_KEY,
    "e_public_key_type_not_allowed": _OTHER_KEY,
    "e_signature_algorithm_not_supported": _OTHER_KEY,
}
OF_KINDS = {
    "ed25519": _OTHER,
    "ml-dsa-44": _OTHER,
    "ml-dsa-65": _OTHER,
    "ml-dsa-87": _OTHER,
    "p521": {
        "e_mp_ecdsa_pub_key_encoding_correct": "Mozilla takes no P-521 from public CAs",
        "e_mp_ecdsa_signature_encoding_correct": "Mozilla takes no P-521 either",
    },
}
_OF_CAS = {
    "e_ca_country_name_missing": "a CA of one machine is in no country",
    "e_sub_ca_certificate_policies_missing": _PUBLIC_POLICY,
    "e_sub_ca_crl_distribution_points_missing": _NO_SERVER,
    "w_sub_ca_aia_missing": _NO_SERVER,
    "w_sub_ca_aia_does_not_contain_issuing_ca_url": _NO_SERVER,
    "n_ca_digital_signature_not_set": "it signs no OCSP response, and no handshake",
    "n_sub_ca_eku_missing": "it signs for clients and mail as well",
    "n_mp_allowed_eku": "it signs for clients and mail as well",
    "e_ext_nc_intersects_reserved_ip": _PRIVATE,
    "e_name_constraint_not_fqdn": (
        "it takes a host of one label, such as localhost, for none (RFC 5280 4.2.1.10)"
    ),
    "w_root_ca_basic_constraints_path_len_constraint_field_present": (
        "it limits what a stolen key can do"
    ),
}
OF_SHAPES: dict[str, dict[str, str]] = {
    "root": _OF_CAS,
    "intermediate": _OF_CAS,
    "every-name": {
        "e_ext_san_rfc822_name_present": _ASKED,
        "e_ext_san_uniform_resource_identifier_present": _ASKED,
    },
    "uri": {"e_ext_san_uniform_resource_identifier_present": _ASKED},
    "subject": {
        "e_sub_cert_locality_name_must_appear": _NOT_PUBLIC,
        "e_sub_cert_province_must_appear": _NOT_PUBLIC,
    },
    "self-signed-address": {
        "e_subject_contains_reserved_ip": (
            "an issuer must have a name (RFC 5280 4.1.2.4), and it has no other"
        )
    },
    "self-signed-years": {
        "e_tls_server_cert_valid_time_longer_than_398_days": _ASKED,
        "w_tls_server_cert_valid_time_longer_than_397_days": _ASKED,
    },
    "self-signed-ca": _OF_CAS
    | {
        "e_ca_organization_name_missing": _NOT_PUBLIC,
        "e_rsa_allowed_ku_no_encipherment_ca": (
            "RFC 3279 2.3.1 recommends otherwise, and NSS takes no RSA server without"
        ),
    },
}


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_found_without_a_reason(gallery: Gallery, kind: str) -> None:
    faults = []
    for shape, found in _findings(gallery(kind)).items():
        allowed = OF_ALL | OF_KINDS.get(kind, {}) | OF_SHAPES.get(shape, {})
        faults += [f"{shape}: {lint}" for lint in found if lint not in allowed]
    assert not faults


def test_every_reason_is_still_needed(gallery: Gallery) -> None:
    seen: set[str] = set()
    for kind in ("p521", "ml-dsa-44", "rsa2048"):
        seen = seen.union(*_findings(gallery(kind)).values())
    listed = set(OF_ALL).union(*OF_KINDS.values(), *OF_SHAPES.values())
    assert listed - seen == set()


def _findings(pieces: list[Piece]) -> dict[str, set[str]]:
    """Return what zlint finds: shape, to the names of its lints."""
    files = {piece.shape: piece.certificate for piece in pieces}
    for name in ("root", "intermediate"):
        files[name] = pieces[0].folder / f"{name}.pem"
    return dict(zip(files, zlint_findings(list(files.values())), strict=True))
