"""What was found to be a key, a certificate or a keystore, and what is known of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

KEYS = frozenset(["key", "encrypted-key", "ssh-key", "keystore", "encrypted-keystore"])
"""What an artefact is that holds a private key."""


@dataclass(frozen=True, slots=True)
class Artefact:
    """One key, certificate or keystore, and where it is.

    Args:
        start: Its first character in the text.
        end: The offset after what may be shown of it: its header, never its body.
        is_: What rules may ask for: `key`, `encrypted-key`, `ssh-key`, `ca-key`,
            `keystore`, `encrypted-keystore`, `expired`, `self-signed` and so on.
        told: What it is, in words; no key material.
        mark: Names it among others, in words: what it is recognised by.
        confidence: `low`, `medium` or `high`.
        key: The SHA-256 of its public key, of a private key.
        certificates: The certificates in it.
        host: This machine's own name, if nobody but it is concerned.
    """

    start: int
    end: int
    is_: frozenset[str]
    told: str
    mark: str
    confidence: str = "high"
    key: str | None = None
    certificates: tuple[Certificate, ...] = ()
    host: str = ""


class Certificate(NamedTuple):
    """What is asked of a certificate.

    Args:
        key: The SHA-256 of its public key.
        subject: Who it is for.
        is_ca: Whether it may sign others.
        faults: What rules find wrong in it.
        told: All of it, in words.
        host: This machine's own name, if it is for no other, and no CA's.
        ends: When it expires, in seconds since 1970.
    """

    key: str
    subject: str
    is_ca: bool
    faults: frozenset[str] = frozenset()
    told: str = ""
    host: str = ""
    ends: float = 0.0


@dataclass(frozen=True, slots=True)
class Key:
    """A private key that was read.

    Args:
        kind: What rules may ask for.
        told: Its algorithm and size.
        digest: The SHA-256 of its bytes.
        public: The SHA-256 of its public key, where that could be told.
        confidence: `low` where it could not be read whole.
    """

    kind: str
    told: str
    digest: str
    public: str | None = None
    confidence: str = "high"

    @property
    def mark(self) -> str:
        """Names it among others."""
        if self.public:
            return f"{self.told}, public key {self.public[:16]}"
        return f"{self.told}, SHA-256 {self.digest[:16]}"
