"""Fingerprints as they are read aloud: in groups of four, half a line each."""

from __future__ import annotations

from tlsmith.core.keys import fingerprint
from tlsmith.core.view import view_certificate


def grouped(digits: str) -> str:
    """Return a SHA-256 in groups of four digits."""
    digits = digits.upper()
    return " ".join(digits[at : at + 4] for at in range(0, len(digits), 4))


def fingerprint_lines(title: str, data: bytes) -> list[str]:
    """Return the lines of a SHA-256 over `data`, behind a title."""
    groups = grouped(fingerprint(data))
    return [f"  {title:<12}{groups[:39]}", f"  {'':<12}{groups[40:]}"]


def ca_lines(name: str, certificate: bytes) -> list[str]:
    """Return lines about a CA's certificate, its fingerprint to be read aloud."""
    view = view_certificate(certificate)
    return [
        name,
        f"  good until  {view.not_after:%Y-%m-%d}",
        *fingerprint_lines("SHA-256", certificate),
    ]


def key_lines(name: str, public_key_info: bytes) -> list[str]:
    """Return lines about a key that waits for its certificate."""
    return [name, *fingerprint_lines("key SHA-256", public_key_info)]
