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
    assert len([name for name in vars(oid) if name.isupper()]) == 13
