"""One object with all that is known of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from tlsmith.core.describe.certificate import Certificate
from tlsmith.core.describe.facts import Facts
from tlsmith.core.describe.findings import PROBLEM, Finding
from tlsmith.core.describe.found import Found
from tlsmith.core.describe.signature import Algorithm, Signature

# Tried before any other on a PKCS#12 file: none, empty, and Java's and mkcert's own.
DEFAULT_PASSPHRASES: tuple[tuple[str, bytes | None], ...] = (
    ("no passphrase", None),
    ("an empty passphrase", b""),
    ("the passphrase changeit", b"changeit"),
)


@dataclass(frozen=True, slots=True)
class Context:
    """What describing needs besides the bytes.

    Args:
        now: with a time zone.
        passphrases: given by the user, tried on what is encrypted.
    """

    now: datetime
    passphrases: Sequence[bytes] = ()


@dataclass(slots=True)
class Described:
    """One object.

    Args:
        spki: DER SubjectPublicKeyInfo of the key it is, or holds; empty if unknown.
        inner: objects inside it, described after it.
        signature: of a list or response that another certificate signed.
        issuer: DER name of the one that is said to have signed it.
    """

    found: Found
    facts: Facts
    findings: list[Finding] = field(default_factory=list)
    certificate: Certificate | None = None
    spki: bytes = b""
    inner: list[Found] = field(default_factory=list)
    signature: Signature | None = None
    issuer: bytes = b""
    inner_algorithm: Algorithm | None = None
    inside: int | None = None

    def add(self, level: str, code: str, message: str) -> None:
        self.findings.append(Finding(level, code, message))

    @property
    def is_broken(self) -> bool:
        """Whether a problem was found already."""
        return any(finding.level == PROBLEM for finding in self.findings)
