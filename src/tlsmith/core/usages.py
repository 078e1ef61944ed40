"""What a key may be used for, by its names (RFC 5280 4.2.1.3 and 4.2.1.12)."""

from __future__ import annotations

from tlsmith.core import oid

# Bits of keyUsage, the first one the highest. The two that narrow keyAgreement are left
# out: nothing in use asks for them.
KEY_USAGES = {
    "digitalSignature": 0x80,
    "contentCommitment": 0x40,
    "keyEncipherment": 0x20,
    "dataEncipherment": 0x10,
    "keyAgreement": 0x08,
    "keyCertSign": 0x04,
    "cRLSign": 0x02,
}
# The only ones that keys of other kinds than RSA can have (RFC 5480, 8410, 9881).
SIGNING_USAGES = 0x80 | 0x40 | 0x04 | 0x02

EXTENDED_KEY_USAGES = {
    "serverAuth": oid.SERVER_AUTH,
    "clientAuth": oid.CLIENT_AUTH,
    "codeSigning": "1.3.6.1.5.5.7.3.3",
    "emailProtection": oid.EMAIL_PROTECTION,
    "timeStamping": "1.3.6.1.5.5.7.3.8",
    "OCSPSigning": oid.OCSP_SIGNING,
    "ipsecIKE": "1.3.6.1.5.5.7.3.17",
    "documentSigning": "1.3.6.1.5.5.7.3.36",
    "msSmartcardLogon": "1.3.6.1.4.1.311.20.2.2",
    "pkinitClientAuth": "1.3.6.1.5.2.3.4",
    "pkinitKDC": "1.3.6.1.5.2.3.5",
}
ANY_EXTENDED_KEY_USAGE = "2.5.29.37.0"
_NAMES = {identifier: name for name, identifier in EXTENDED_KEY_USAGES.items()}


def key_usage_names(bits: int) -> list[str]:
    """Return the names of the bits that are set, the highest first."""
    return [name for name, bit in KEY_USAGES.items() if bits & bit]


def extended_key_usage_name(identifier: str) -> str:
    """Return the name of a dotted OID, or the OID itself."""
    return _NAMES.get(identifier, identifier)
