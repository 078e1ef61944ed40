"""What was read from a file, whatever format it was in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from tlsmith.core.keys import PrivateKey

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class HeldCertificate:
    """A certificate, and where it was.

    Args:
        source: of the file, for messages.
        alias: what the container calls it, as PKCS#12 and Java do.
    """

    der: bytes
    parsed: Certificate = field(compare=False)
    source: str = field(compare=False)
    alias: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class HeldKey:
    """A private key, and where it was.

    Args:
        info: DER SubjectPublicKeyInfo; two keys are the same where these are.
        source: of the file, for messages.
        was_encrypted: with a passphrase that is not one everyone knows.
    """

    info: bytes
    key: PrivateKey = field(compare=False, repr=False)
    source: str = field(compare=False)
    was_encrypted: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Objects:
    """Everything a file holds, without duplicates, in the order it came.

    Args:
        requests: DER CertificationRequests.
        crls: DER CertificateLists.
        public_keys: DER SubjectPublicKeyInfos.
        notes: what was passed by or put right, in words.
    """

    certificates: tuple[HeldCertificate, ...] = ()
    keys: tuple[HeldKey, ...] = ()
    requests: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()
    public_keys: tuple[bytes, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """How many objects there are, notes aside."""
        others = len(self.requests) + len(self.crls) + len(self.public_keys)
        return len(self.certificates) + len(self.keys) + others

    def plus(self, *others: Objects) -> Objects:
        """Return these and those of `others`, each once."""
        every = (self, *others)
        return Objects(
            _once(one for some in every for one in some.certificates),
            _once(one for some in every for one in some.keys),
            _once(one for some in every for one in some.requests),
            _once(one for some in every for one in some.crls),
            _once(one for some in every for one in some.public_keys),
            _once(one for some in every for one in some.notes),
        )


def _once(values: Iterable[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(values))
