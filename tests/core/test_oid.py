"""The OIDs, against the names another library knows them by."""

import pytest
from cryptography.x509 import oid as known

from tlsmith.core import oid


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (oid.SUBJECT_KEY_IDENTIFIER, known.ExtensionOID.SUBJECT_KEY_IDENTIFIER),
        (oid.KEY_USAGE, known.ExtensionOID.KEY_USAGE),
        (oid.SUBJECT_ALT_NAME, known.ExtensionOID.SUBJECT_ALTERNATIVE_NAME),
        (oid.BASIC_CONSTRAINTS, known.ExtensionOID.BASIC_CONSTRAINTS),
        (oid.NAME_CONSTRAINTS, known.ExtensionOID.NAME_CONSTRAINTS),
        (oid.AUTHORITY_KEY_IDENTIFIER, known.ExtensionOID.AUTHORITY_KEY_IDENTIFIER),
        (oid.EXTENDED_KEY_USAGE, known.ExtensionOID.EXTENDED_KEY_USAGE),
        (oid.SERVER_AUTH, known.ExtendedKeyUsageOID.SERVER_AUTH),
        (oid.CLIENT_AUTH, known.ExtendedKeyUsageOID.CLIENT_AUTH),
        (oid.EMAIL_PROTECTION, known.ExtendedKeyUsageOID.EMAIL_PROTECTION),
        (oid.CRL_DISTRIBUTION_POINTS, known.ExtensionOID.CRL_DISTRIBUTION_POINTS),
        (oid.CERTIFICATE_POLICIES, known.ExtensionOID.CERTIFICATE_POLICIES),
        (oid.FRESHEST_CRL, known.ExtensionOID.FRESHEST_CRL),
        (
            oid.AUTHORITY_INFORMATION_ACCESS,
            known.ExtensionOID.AUTHORITY_INFORMATION_ACCESS,
        ),
        (oid.TLS_FEATURE, known.ExtensionOID.TLS_FEATURE),
        (oid.OCSP_NO_CHECK, known.ExtensionOID.OCSP_NO_CHECK),
        (oid.CRL_NUMBER, known.ExtensionOID.CRL_NUMBER),
        (oid.CRL_REASON, known.CRLEntryExtensionOID.CRL_REASON),
        (oid.INVALIDITY_DATE, known.CRLEntryExtensionOID.INVALIDITY_DATE),
        (oid.DELTA_CRL_INDICATOR, known.ExtensionOID.DELTA_CRL_INDICATOR),
        (
            oid.ISSUING_DISTRIBUTION_POINT,
            known.ExtensionOID.ISSUING_DISTRIBUTION_POINT,
        ),
        (oid.OCSP, known.AuthorityInformationAccessOID.OCSP),
        (oid.CA_ISSUERS, known.AuthorityInformationAccessOID.CA_ISSUERS),
        (oid.OCSP_NONCE, known.OCSPExtensionOID.NONCE),
        (oid.OCSP_BASIC, known.ObjectIdentifier("1.3.6.1.5.5.7.48.1.1")),
        (oid.OCSP_SIGNING, known.ExtendedKeyUsageOID.OCSP_SIGNING),
        # RFC 9608 section 2; the library has no name for it.
        (oid.NO_REVOCATION_AVAILABLE, known.ObjectIdentifier("2.5.29.56")),
        (oid.COMMON_NAME, known.NameOID.COMMON_NAME),
        (oid.ORGANIZATION, known.NameOID.ORGANIZATION_NAME),
        (oid.ORGANIZATIONAL_UNIT, known.NameOID.ORGANIZATIONAL_UNIT_NAME),
    ],
)
def test_an_oid_is_the_one_of_its_name(
    ours: str, theirs: known.ObjectIdentifier
) -> None:
    assert ours == theirs.dotted_string


def test_none_is_left_out_above() -> None:
    assert len([name for name in vars(oid) if name.isupper()]) == 30
