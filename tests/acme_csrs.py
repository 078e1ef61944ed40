"""Certificate requests (PKCS #10), right or wrong as a test wants them."""

from __future__ import annotations

import contextlib
import functools
import ipaddress
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519
from cryptography.x509.oid import NameOID


@functools.cache
def certificate_key() -> ec.EllipticCurvePrivateKey:
    """Return the key of certificates where a test does not care."""
    return ec.generate_private_key(ec.SECP256R1())


def csr(
    *names: str,
    key: Any = None,
    common_name: str | None = None,
    extensions: tuple[tuple[x509.ExtensionType, bool], ...] = (),
    others: tuple[x509.GeneralName, ...] = (),
) -> bytes:
    """Return a request, DER.

    Args:
        names: DNS names and IP addresses of the subject alternative name.
        others: names of other kinds in it.
        extensions: further ones, each with whether it is critical.
    """
    key = key or certificate_key()
    subject = [] if common_name is None else [_common_name(common_name)]
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(subject))
    if names or others:
        general = [_general(name) for name in names]
        builder = builder.add_extension(
            x509.SubjectAlternativeName([*general, *others]), critical=False
        )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    digest = (
        None
        if isinstance(key, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey)
        else hashes.SHA256()
    )
    made = builder.sign(key, digest)
    return made.public_bytes(serialization.Encoding.DER)


def forged(der: bytes) -> bytes:
    """Return the request with a signature that does not verify."""
    return der[:-1] + bytes([der[-1] ^ 1])


def _general(name: str) -> x509.GeneralName:
    with contextlib.suppress(ValueError):
        return x509.IPAddress(ipaddress.ip_address(name))
    return x509.DNSName(name)


def _common_name(name: str) -> Any:
    return x509.NameAttribute(NameOID.COMMON_NAME, name)
