"""Keys and certificates for the scanner to find, and what it finds in folders."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from tlsmith.scan.engine import Options, Scan, scan
from tlsmith.scan.examine import Examiner
from tlsmith.scan.finding import Finding
from tlsmith.scan.rule import Rule
from tlsmith.scan.rulebook import every_rule

DAY = timedelta(days=1)


def of_artefacts() -> list[Rule]:
    """The rules about keys, certificates and keystores."""
    return [rule for rule in every_rule() if rule.match.get("kind") == "artefact"]


def found_in(data: bytes | str, path: str = "deploy/file") -> list[Finding]:
    """What is found in a file of this content."""
    content = data.encode() if isinstance(data, str) else data
    return Examiner(of_artefacts()).data(path, path, content).findings


def kinds_in(data: bytes | str, path: str = "deploy/file") -> list[str]:
    """The rules that find something in it, without what all their names begin with."""
    return [one.rule.removeprefix("artefact-") for one in found_in(data, path)]


def scanned(folder: Path, **files: bytes | str) -> Scan:
    """What is found in a folder with these files; `__` in a name is a slash."""
    for name, content in files.items():
        *above, stem = name.split("__")
        path = folder.joinpath(*above, stem.replace("_", "."))
        path.parent.mkdir(parents=True, exist_ok=True)
        data = content.encode() if isinstance(content, str) else content
        path.write_bytes(data)
    return scan([str(folder)], Options(of_artefacts(), jobs=1))


def by_file(done: Scan) -> dict[str, Finding]:
    """Findings by the name of their file."""
    return {Path(one.path).name: one for one in done.findings}


def new_key() -> Any:
    """A private key on P-256."""
    return ec.generate_private_key(ec.SECP256R1())


@cache
def some_key() -> Any:
    """A private key that tests may share."""
    return new_key()


def pem_of(key: Any, form: str = "PKCS8", passphrase: bytes | None = None) -> str:
    """A private key in PEM."""
    encryption = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    return key.private_bytes(
        Encoding.PEM, getattr(PrivateFormat, form), encryption
    ).decode()


def der_of(key: Any) -> bytes:
    """A private key in PKCS#8."""
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


@dataclass(frozen=True)
class Wanted:
    """How a certificate is to be."""

    name: str = "web.example.com"
    is_ca: bool = False
    days: int = 90
    age: int = 1
    key: Any = None
    issuer: Any = None
    alternative: str | None = None
    key_usage: bool = False
    more: tuple[x509.ExtensionType, ...] = ()


def certificate(wanted: Wanted) -> x509.Certificate:
    """Such a certificate; signed by its own key where there is no issuer's."""
    key = wanted.key or some_key()
    start = datetime.now(UTC) - wanted.age * DAY
    issuer = "Some CA" if wanted.issuer else wanted.name
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(wanted.name))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + wanted.days * DAY)
    )
    if wanted.is_ca:
        builder = builder.add_extension(x509.BasicConstraints(True, None), True)
    if wanted.alternative:
        names = x509.SubjectAlternativeName([x509.DNSName(wanted.alternative)])
        builder = builder.add_extension(names, False)
    if wanted.key_usage:
        usage = x509.KeyUsage(
            False, False, False, False, False, True, True, False, False
        )
        builder = builder.add_extension(usage, True)
    for extension in wanted.more:
        builder = builder.add_extension(extension, False)
    return builder.sign(wanted.issuer or key, hashes.SHA256())


def certificate_pem(wanted: Wanted) -> str:
    """The same in PEM."""
    return certificate(wanted).public_bytes(Encoding.PEM).decode()


def root_pem(key: Any) -> str:
    """The certificate of a root with this key."""
    return certificate_pem(Wanted("Some CA", is_ca=True, key=key, key_usage=True))


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])
