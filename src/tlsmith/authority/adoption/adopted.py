"""What is known of a CA that another tool made."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from tlsmith.core.keys import PrivateKey

Kind = Literal["pem", "pkcs12", "mkcert", "openssl", "easy-rsa", "step-ca", "caddy"]
Role = Literal["root", "intermediate"]
Status = Literal["good", "revoked", "expired"]


class AdoptedAuthority(NamedTuple):
    """A CA certificate, with its key where that was found.

    Args:
        certificate: DER.
        private_key: None where it is kept elsewhere.
        source: the file the certificate was in, for messages.
    """

    certificate: bytes
    private_key: PrivateKey | None
    role: Role
    source: str


class AdoptedCertificate(NamedTuple):
    """A certificate that the CA issued, as its own records have it.

    Args:
        not_after: None where only the serial number of a revoked one is known.
        subject: RFC 4514 where the certificate is there, else as the records write it.
        der: None where the records do not hold the certificate itself.
        reason: spelled as RFC 5280 section 5.3.1 has it; None where there is none.
        invalidity_date: since when the key is thought to be known (5.3.2).
    """

    serial_number: int
    status: Status
    not_after: datetime | None
    subject: str
    der: bytes | None = None
    revocation_date: datetime | None = None
    reason: str | None = None
    invalidity_date: datetime | None = None


class Records(NamedTuple):
    """What a CA wrote down of its work, beside its certificates and keys.

    Args:
        crl_number: of the latest CRL, as far as known: ours are to have higher ones.
        next_serial: what it would have given to the next certificate.
        crl: DER of the latest CRL.
        notes: what a person should know, in words.
    """

    issued: tuple[AdoptedCertificate, ...] = ()
    crl_number: int | None = None
    next_serial: int | None = None
    crl: bytes | None = None
    notes: tuple[str, ...] = ()


class AdoptedCA(NamedTuple):
    """A CA as it was found; nothing of it was changed.

    Args:
        certificates: root first where it is there, the one that issues last.
        issued: without the CA's own certificates.
        notes: what a person should know before going on, in words.
    """

    kind: Kind
    certificates: tuple[AdoptedAuthority, ...]
    issued: tuple[AdoptedCertificate, ...]
    crl_number: int | None
    next_serial: int | None
    crl: bytes | None
    notes: tuple[str, ...]

    @property
    def issuing(self) -> AdoptedAuthority:
        """The CA that the records of issued certificates are of."""
        return self.certificates[-1]
