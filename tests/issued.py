"""What is in the files that commands write, as the library reads it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import verification

from tlsmith.core.keys import public_key_info


def chain(path: Path | str) -> list[x509.Certificate]:
    """The certificates in a PEM file."""
    return x509.load_pem_x509_certificates(Path(path).read_bytes())


def leaf(path: Path | str) -> x509.Certificate:
    """The first certificate in a PEM file."""
    return chain(path)[0]


def key(path: Path | str, passphrase: bytes | None = None) -> Any:
    """The private key in a PEM file."""
    return load_pem_private_key(Path(path).read_bytes(), passphrase)


def belong_together(certificate: Path | str, key_file: Path | str) -> bool:
    """Whether a key is that of a certificate."""
    public_key: Any = leaf(certificate).public_key()
    return public_key_info(public_key) == public_key_info(key(key_file).public_key())


def names(certificate: x509.Certificate) -> list[str]:
    """The values of the subjectAltName, in order."""
    found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    return [str(name.value) for name in found.value]


def days(certificate: x509.Certificate) -> float:
    """How long it lives, both ends included."""
    life = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    return (life.total_seconds() + 1) / 86400


def verify(path: Path | str, root: bytes | str, host: str) -> None:
    """Verify a chain for a host with the library, which raises where it does not."""
    pem = root.encode() if isinstance(root, str) else root
    store = verification.Store(x509.load_pem_x509_certificates(pem))
    first, *rest = chain(path)
    builder = verification.PolicyBuilder().store(store)
    builder.build_server_verifier(x509.DNSName(host)).verify(first, rest)


def mode(path: Path | str) -> int:
    """The permission bits of a file."""
    return Path(path).stat().st_mode & 0o777
