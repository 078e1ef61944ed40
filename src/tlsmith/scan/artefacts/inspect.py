"""Which files hold keys or certificates, and what is to be said of them."""

from __future__ import annotations

from tlsmith.scan.finding import Finding


def concerned(path: str, data: bytes) -> bool:
    """Whether a file may hold a key or a certificate."""
    return False


def inspect(path: str, inside: str, data: bytes) -> list[Finding]:
    """What is to be said of the keys and certificates in a file."""
    return []
