"""A certificate with every extension that we know how to read."""

from __future__ import annotations

import ipaddress
from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import (
    AuthorityInformationAccessOID,
    ExtendedKeyUsageOID,
    NameOID,
    SubjectInformationAccessOID,
)

from strategies import NOW, key_of_kind

_NAME = x509.Name(
    [
        x509.NameAttribute(NameOID.COUNTRY_NAME, "DE"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Tést, Co"),
        x509.NameAttribute(NameOID.COMMON_NAME, "app.test"),
    ]
)
_NAMES: list[x509.GeneralName] = [
    x509.DNSName("app.test"),
    x509.DNSName("xn--bcher-kva.test"),
    x509.IPAddress(ipaddress.ip_address("10.1.2.3")),
    x509.IPAddress(ipaddress.ip_address("::1")),
    x509.RFC822Name("me@app.test"),
    x509.UniformResourceIdentifier("spiffe://app.test/x"),
    x509.DirectoryName(_NAME),
    x509.RegisteredID(x509.ObjectIdentifier("1.2.3.4")),
    x509.OtherName(x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3"), b"\x0c\2me"),
]
_URL = x509.UniformResourceIdentifier("http://x.test/")
_PART = x509.RelativeDistinguishedName([x509.NameAttribute(NameOID.COMMON_NAME, "r")])
_POINTS = [
    x509.DistributionPoint(
        [_URL],
        None,
        frozenset([x509.ReasonFlags.key_compromise]),
        [x509.DirectoryName(_NAME)],
    ),
    x509.DistributionPoint(None, _PART, None, None),
]
_NOTICE = x509.UserNotice(x509.NoticeReference("Org", [1, 2]), "text")


def _other(dotted: str, content: bytes) -> x509.UnrecognizedExtension:
    return x509.UnrecognizedExtension(x509.ObjectIdentifier(dotted), content)


_EXTENSIONS: list[x509.ExtensionType] = [
    x509.SubjectAlternativeName(_NAMES),
    x509.IssuerAlternativeName([x509.DNSName("i.test")]),
    x509.BasicConstraints(ca=True, path_length=1),
    x509.KeyUsage(*[True, False, False, False, False, True, True, False, False]),
    x509.ExtendedKeyUsage(
        [ExtendedKeyUsageOID.SERVER_AUTH, x509.ObjectIdentifier("1.2.3.5")]
    ),
    x509.SubjectKeyIdentifier(b"key"),
    x509.AuthorityKeyIdentifier(b"issuer", [x509.DirectoryName(_NAME)], 5),
    x509.NameConstraints(
        [x509.DNSName("test"), x509.IPAddress(ipaddress.ip_network("10.0.0.0/8"))],
        [x509.DNSName("bad.test")],
    ),
    x509.PolicyConstraints(0, 1),
    x509.InhibitAnyPolicy(0),
    x509.CRLDistributionPoints(_POINTS),
    x509.FreshestCRL(_POINTS),
    x509.AuthorityInformationAccess(
        [x509.AccessDescription(AuthorityInformationAccessOID.OCSP, _URL)]
    ),
    x509.SubjectInformationAccess(
        [x509.AccessDescription(SubjectInformationAccessOID.CA_REPOSITORY, _URL)]
    ),
    x509.CertificatePolicies(
        [
            x509.PolicyInformation(x509.ObjectIdentifier("2.23.140.1.2.1"), None),
            x509.PolicyInformation(
                x509.ObjectIdentifier("1.2.3"), ["http://cps.test", _NOTICE]
            ),
        ]
    ),
    x509.TLSFeature([x509.TLSFeatureType.status_request]),
    x509.OCSPNoCheck(),
    x509.PrivateKeyUsagePeriod(
        NOW.replace(tzinfo=None), NOW.replace(tzinfo=None) + timedelta(days=3)
    ),
    x509.MSCertificateTemplate(x509.ObjectIdentifier("1.2.3.6"), 100, 3),
    _other("2.16.840.1.113730.1.13", b"\x16\x07comment"),
    _other("2.16.840.1.113730.1.1", b"\3\2\6\x40"),
    _other("1.3.6.1.4.1.311.20.2", b"\x1e\6\0W\0e\0b"),
    _other("1.2.3.4.5.6", b"\1\2\3"),
]


def rich_certificate() -> bytes:
    """Return a certificate that signed itself, with all of them."""
    key = key_of_kind("p256")
    builder = (
        x509.CertificateBuilder()
        .subject_name(_NAME)
        .issuer_name(_NAME)
        .public_key(key.public_key())
        .serial_number(5)
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=90))
    )
    for extension in _EXTENSIONS:
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)
