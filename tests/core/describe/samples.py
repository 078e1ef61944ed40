"""One object of every kind, in every form, by the library's builders."""

from __future__ import annotations

import base64
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    pkcs7,
    pkcs12,
)
from cryptography.x509 import ocsp

from chains import END, START, family, request, revocation_list
from strategies import key_of_kind
from tlsmith.core import der

PEOPLE = family()
SECRET = b"correct horse"

PKCS8, TRADITIONAL, OPENSSH = (
    PrivateFormat.PKCS8,
    PrivateFormat.TraditionalOpenSSL,
    PrivateFormat.OpenSSH,
)


def private(key: Any, form: PrivateFormat, *, pem: bool = False) -> bytes:
    encoded: bytes = key.private_bytes(
        Encoding.PEM if pem or form is OPENSSH else Encoding.DER, form, NoEncryption()
    )
    return encoded


def encrypted(key: Any, form: PrivateFormat = PKCS8, *, pem: bool = False) -> bytes:
    encoded: bytes = key.private_bytes(
        Encoding.PEM if pem or form is OPENSSH else Encoding.DER,
        form,
        BestAvailableEncryption(SECRET),
    )
    return encoded


def public(key: Any, form: PublicFormat = PublicFormat.SubjectPublicKeyInfo) -> bytes:
    encoding = Encoding.OpenSSH if form is PublicFormat.OpenSSH else Encoding.DER
    encoded: bytes = key.public_key().public_bytes(encoding, form)
    return encoded


@cache
def dsa_key() -> dsa.DSAPrivateKey:
    return dsa.generate_private_key(2048)


def dh_parameters(bits: int = 2048) -> bytes:
    return der.sequence(der.integer((1 << bits) - 1), der.integer(2))


def p12(passphrase: bytes | None, *, with_key: bool = True, **more: Any) -> bytes:
    encryption: Any = (
        BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    )
    return pkcs12.serialize_key_and_certificates(
        b"friend",
        PEOPLE.leaf.key if with_key else None,
        PEOPLE.leaf.certificate,
        [PEOPLE.intermediate.certificate, PEOPLE.root.certificate],
        more.get("encryption", encryption),
    )


def p7() -> bytes:
    certificates = [PEOPLE.leaf.certificate, PEOPLE.root.certificate]
    return pkcs7.serialize_certificates(certificates, Encoding.DER)


def ocsp_request() -> bytes:
    builder = ocsp.OCSPRequestBuilder().add_certificate(
        PEOPLE.leaf.certificate, PEOPLE.intermediate.certificate, hashes.SHA256()
    )
    return builder.build().public_bytes(Encoding.DER)


def ocsp_response(**more: Any) -> bytes:
    """Return an OCSP response on the leaf, signed by its issuer."""
    people = PEOPLE
    revoked = more.get("revoked")
    builder = ocsp.OCSPResponseBuilder().add_response(
        people.leaf.certificate,
        people.intermediate.certificate,
        hashes.SHA256(),
        more.get("status", ocsp.OCSPCertStatus.GOOD),
        more.get("this_update", START),
        more.get("next_update", END),
        revoked,
        more.get("reason"),
    )
    encoding = ocsp.OCSPResponderEncoding.HASH
    if more.get("by_name"):
        encoding = ocsp.OCSPResponderEncoding.NAME
    builder = builder.responder_id(encoding, people.intermediate.certificate)
    if more.get("with_certificate", True):
        builder = builder.certificates([people.intermediate.certificate])
    if more.get("nonce"):
        builder = builder.add_extension(x509.OCSPNonce(more["nonce"]), critical=False)
    signed = builder.sign(more.get("key", people.intermediate.key), hashes.SHA256())
    return signed.public_bytes(Encoding.DER)


def ssh_blob(key: Any) -> bytes:
    return base64.b64decode(public(key, PublicFormat.OpenSSH).split()[1])


def every_der() -> dict[tuple[str, str], bytes]:
    """Return a DER object of every kind and form."""
    rsa, elliptic = key_of_kind("rsa2048"), key_of_kind("p256")
    return {
        ("certificate", "der"): PEOPLE.leaf.der,
        ("certificate-signing-request", "der"): request(elliptic),
        ("certificate-revocation-list", "der"): revocation_list(PEOPLE.root),
        ("private-key", "pkcs8"): private(elliptic, PKCS8),
        ("private-key", "encrypted-pkcs8"): encrypted(elliptic),
        ("private-key", "pkcs1"): private(rsa, TRADITIONAL),
        ("private-key", "sec1"): private(elliptic, TRADITIONAL),
        ("private-key", "dsa"): private(dsa_key(), TRADITIONAL),
        ("public-key", "spki"): public(rsa),
        ("public-key", "pkcs1"): public(rsa, PublicFormat.PKCS1),
        ("parameters", "der"): dh_parameters(),
        ("ocsp-request", "der"): ocsp_request(),
        ("ocsp-response", "der"): ocsp_response(),
        ("pkcs7", "der"): p7(),
        ("pkcs12", "der"): p12(SECRET),
    }


def pem_of(content: bytes, label: str) -> bytes:
    """Return `content` in PEM."""
    name = label.encode()
    text = base64.encodebytes(content)
    return b"-----BEGIN " + name + b"-----\n" + text + b"-----END " + name + b"-----\n"
