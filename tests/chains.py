"""Chains of certificates by the library's builder, of any kind of key."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed448
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from strategies import QUICK_KINDS, key_of_kind
from tlsmith.core.keys import generate_private_key, kind_of, public_key_info

START = datetime(2026, 1, 1, tzinfo=UTC)
END = datetime(2036, 1, 1, tzinfo=UTC)
# Large RSA keys are of the same kind as small ones, and take ten times as long.
EVERY_KIND = (*QUICK_KINDS, "ed448")
# What the library puts into PKCS#12, and takes out again.
IN_PKCS12 = tuple(kind for kind in EVERY_KIND if not kind.startswith("ml-dsa"))


@dataclass(frozen=True)
class Pair:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: Any

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def info(self) -> bytes:
        return public_key_info(self.key.public_key())

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@dataclass(frozen=True)
class Family:
    """A root, the intermediate it signed, and the end entity that one signed."""

    root: Pair
    intermediate: Pair
    leaf: Pair

    @property
    def ders(self) -> list[bytes]:
        return [self.leaf.der, self.intermediate.der, self.root.der]

    @property
    def pem(self) -> bytes:
        return self.leaf.pem + self.intermediate.pem + self.root.pem


def key_of(kind: str) -> Any:
    """Return a key of a kind, the same each time."""
    return _ed448() if kind == "ed448" else key_of_kind(kind)


@cache
def _ed448() -> ed448.Ed448PrivateKey:
    return ed448.Ed448PrivateKey.generate()


@cache
def family(kind: str = "p256", name: str = "app.test") -> Family:
    """Return a chain whose end entity has a key of a kind; its CAs have P-256."""
    root = certify(f"Root of {name}", generate_private_key(), ca=True)
    intermediate = certify(
        f"Intermediate of {name}", generate_private_key(), root, ca=True
    )
    return Family(root, intermediate, certify(name, key_of(kind), intermediate))


def certify(
    name: str,
    key: Any,
    issuer: Pair | None = None,
    *,
    ca: bool = False,
    start: datetime = START,
    extensions: bool = True,
    serial_number: int | None = None,
) -> Pair:
    """Return a certificate, signed by its own key where there is no issuer."""
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    signed_by = key if issuer is None else issuer.key
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if issuer is None else issuer.certificate.subject)
        .public_key(key.public_key())
        .serial_number(serial_number or x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(END)
    )
    if extensions:
        builder = builder.add_extension(
            x509.BasicConstraints(ca=ca, path_length=None), critical=True
        )
    if extensions and not ca:
        builder = builder.add_extension(
            x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False
        )
    return Pair(builder.sign(signed_by, _hash_for(signed_by)), key)


def request(key: Any, name: str = "app.test") -> bytes:
    """Return a DER certification request."""
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    return builder.sign(key, _hash_for(key)).public_bytes(Encoding.DER)


def revocation_list(issuer: Pair) -> bytes:
    """Return a DER revocation list that is empty."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(START)
        .next_update(END)
    )
    signed = builder.sign(issuer.key, _hash_for(issuer.key))
    return signed.public_bytes(Encoding.DER)


def _hash_for(key: Any) -> Any:
    return hashes.SHA256() if kind_of(key).startswith(("rsa", "p", "secp")) else None
