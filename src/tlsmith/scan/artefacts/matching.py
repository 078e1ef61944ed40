"""Which key belongs to which certificate."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from tlsmith.scan.artefacts.artefact import Artefact, Certificate

BELONGS = "its certificate"
OWNS = "its private key is"


def connected(artefacts: Iterable[Artefact]) -> list[Artefact]:
    """The same artefacts of one file; keys tell their certificates, and the reverse."""
    found = list(artefacts)
    known = {one.key: one for a in found for one in a.certificates}
    if not known:
        return found
    keys = {a.key for a in found if a.key is not None}
    return [_told(one, known, keys) for one in found]


def _told(one: Artefact, known: dict[str, Certificate], keys: set[str]) -> Artefact:
    if one.key in known:
        certificate = known[one.key]
        is_ = one.is_ | {"ca-key"} if certificate.is_ca else one.is_
        told = f"{one.told}; {belongs(certificate)} in this file"
        return replace(one, is_=is_, told=told, host=certificate.host)
    if any(each.key in keys for each in one.certificates):
        return replace(one, told=f"{one.told}; {OWNS} in this file")
    return one


def belongs(certificate: Certificate) -> str:
    """How a key tells its certificate."""
    return f"{BELONGS}: {certificate.told},"
