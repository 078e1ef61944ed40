"""What the server asks of the authority, and what it gives it to report to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from tlsmith.authority.ocsp_service import OCSPAnswer
from tlsmith.authority.publication import Document

__all__ = [
    "AuthorityPort",
    "CRLFigures",
    "Document",
    "Figures",
    "Meter",
    "OCSPAnswer",
    "OwnCertificate",
]


class OwnCertificate(NamedTuple):
    """The certificate the server itself presents.

    Args:
        chain: PEM, end entity first.
        key: PEM, PKCS #8, unencrypted: it never leaves memory.
    """

    chain: bytes
    key: bytes
    not_before: datetime
    not_after: datetime


class CRLFigures(NamedTuple):
    """What the metrics say of one CRL.

    Args:
        name: as in its path, such as "issuing.crl".
    """

    name: str
    number: int
    this_update: datetime
    next_update: datetime


class Figures(NamedTuple):
    """What the metrics say of the store."""

    crls: Sequence[CRLFigures] = ()
    store_bytes: int = 0


class Meter(Protocol):
    """Where the authority reports what it does. Quick, and safe in any thread.

    Events, with what their labels say: "issued" (profile), "revoked" (reason),
    "signer-error" (signer), "acme-step" (step), "acme-validation" (type and outcome),
    "acme-problem" (type). Measures: "commit-rows", the rows one commit made durable.
    """

    def count(self, event: str, label: str, amount: int = 1) -> None:
        """Count an event."""
        ...

    def measure(self, what: str, value: float) -> None:
        """Note a value."""
        ...


class AuthorityPort(Protocol):
    """The authority, as the server knows it.

    `answer_ocsp` and `document` are called in the event loop and must be quick;
    everything else is called in a thread and may wait for the store.
    """

    def answer_ocsp(self, request: bytes) -> OCSPAnswer:
        """Answer a DER OCSPRequest of any quality."""
        ...

    def document(self, path: str) -> Document | None:
        """Return what is published at a path such as "/crl/issuing.crl"."""
        ...

    def own_certificate(
        self, names: Sequence[str], profile: str, seconds: int
    ) -> OwnCertificate:
        """Issue the server's own certificate.

        Args:
            seconds: how long it is to last.
        """
        ...

    def client_roots(self) -> bytes:
        """Return the PEM certificates that clients' certificates must chain to."""
        ...

    def checks(self) -> Mapping[str, str | None]:
        """Return each thing readiness depends on, with what is wrong or None."""
        ...

    def figures(self) -> Figures:
        """Return what the metrics say of the store."""
        ...

    def maintain(self) -> float:
        """Do what is due, and return the seconds until it should be called again."""
        ...

    def close(self) -> None:
        """Finish what runs, and let go of the store."""
        ...
