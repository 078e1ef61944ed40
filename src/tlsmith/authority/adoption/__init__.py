"""Adoption: CAs that other tools made, read and never changed."""

from tlsmith.authority.adoption.adopted import (
    AdoptedAuthority,
    AdoptedCA,
    AdoptedCertificate,
)
from tlsmith.authority.adoption.detect import detect
from tlsmith.authority.adoption.read import read_ca

__all__ = [
    "AdoptedAuthority",
    "AdoptedCA",
    "AdoptedCertificate",
    "detect",
    "read_ca",
]
