"""Usages of keys: their names, held to what another library calls them."""

from __future__ import annotations

import pytest
from cryptography import x509

from tlsmith.core.profiles import encode_key_usage
from tlsmith.core.usages import (
    ANY_EXTENDED_KEY_USAGE,
    EXTENDED_KEY_USAGES,
    KEY_USAGES,
    SIGNING_USAGES,
    extended_key_usage_name,
    key_usage_names,
)

_THEIRS = {
    "digitalSignature": "digital_signature",
    "contentCommitment": "content_commitment",
    "keyEncipherment": "key_encipherment",
    "dataEncipherment": "data_encipherment",
    "keyAgreement": "key_agreement",
    "keyCertSign": "key_cert_sign",
    "cRLSign": "crl_sign",
}


@pytest.mark.parametrize("name", KEY_USAGES)
def test_a_bit_of_key_usage_is_the_one_of_its_name(name: str) -> None:
    others = {**dict.fromkeys(_THEIRS.values(), False), _THEIRS[name]: True}
    theirs = x509.KeyUsage(**others, encipher_only=False, decipher_only=False)
    assert theirs.public_bytes() == encode_key_usage(KEY_USAGES[name])
    assert key_usage_names(KEY_USAGES[name]) == [name]


def test_usages_are_named_in_order() -> None:
    assert key_usage_names(0xFE) == list(KEY_USAGES)
    assert "keyEncipherment" not in key_usage_names(SIGNING_USAGES)


_OIDS = x509.ExtendedKeyUsageOID
_EXTENDED = {
    "serverAuth": _OIDS.SERVER_AUTH,
    "clientAuth": _OIDS.CLIENT_AUTH,
    "codeSigning": _OIDS.CODE_SIGNING,
    "emailProtection": _OIDS.EMAIL_PROTECTION,
    "timeStamping": _OIDS.TIME_STAMPING,
    "OCSPSigning": _OIDS.OCSP_SIGNING,
    "ipsecIKE": _OIDS.IPSEC_IKE,
    "msSmartcardLogon": _OIDS.SMARTCARD_LOGON,
    "pkinitKDC": _OIDS.KERBEROS_PKINIT_KDC,
    # Of these the library has no name: RFC 9336 and RFC 4556.
    "documentSigning": x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36"),
    "pkinitClientAuth": x509.ObjectIdentifier("1.3.6.1.5.2.3.4"),
}


def test_an_extended_usage_is_the_one_of_its_name() -> None:
    theirs = {name: oid.dotted_string for name, oid in _EXTENDED.items()}
    assert theirs == EXTENDED_KEY_USAGES
    for name, identifier in theirs.items():
        assert extended_key_usage_name(identifier) == name


def test_an_extended_usage_we_do_not_know_is_its_oid() -> None:
    assert extended_key_usage_name("1.2.3") == "1.2.3"
    assert _OIDS.ANY_EXTENDED_KEY_USAGE.dotted_string == ANY_EXTENDED_KEY_USAGE
