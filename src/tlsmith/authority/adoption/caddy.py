"""Caddy's data directory: a CA for names inside, and what it issued to its sites."""

from __future__ import annotations

import os
from datetime import datetime

from tlsmith.authority.adoption.adopted import AdoptedCertificate, Records
from tlsmith.authority.adoption.arrange import (
    Arranged,
    arrange,
    is_authority,
    signed_by,
)
from tlsmith.authority.adoption.issued import not_revoked
from tlsmith.authority.adoption.opening import Passphrases, read_certificates
from tlsmith.authority.adoption.source import SourceFolder
from tlsmith.core.formats.objects import HeldCertificate
from tlsmith.errors import InputError

AUTHORITIES = os.path.join("pki", "authorities")
_USUAL = "local"
_ROOT, _INTERMEDIATE = "root", "intermediate"


def read_caddy(
    path: str, passphrases: Passphrases, now: datetime
) -> tuple[Arranged, Records, SourceFolder]:
    """Return Caddy's CA, from its data directory or from the CA's own folder in it.

    Raises:
        InputError: there is no CA, or it is not clear which is meant.
    """
    top, name, notes = _locate(path)
    source = SourceFolder(top)
    folder = os.path.join(AUTHORITIES, name)
    certificates: list[HeldCertificate] = []
    keys = []
    for role in (_ROOT, _INTERMEDIATE):
        certificate = source.place(folder, f"{role}.crt")
        if role == _INTERMEDIATE and not source.has(certificate):
            continue
        certificates += read_certificates(source.read(certificate), certificate)
        key = source.place(folder, f"{role}.key")
        if source.has(key):
            keys.append(passphrases.open_key(source.read_key(key), key))
    arranged = arrange(certificates, keys, now)
    issued, more = _issued(source, certificates, now)
    return arranged, Records(issued, notes=(*notes, *more)), source


def _locate(path: str) -> tuple[str, str, list[str]]:
    """Return the data directory, the CA's name, and notes on other CAs in it."""
    if not os.path.isdir(os.path.join(path, AUTHORITIES)):
        whole = os.path.abspath(path)
        above, name = os.path.split(whole)
        return os.path.dirname(os.path.dirname(above)), name, []
    source = SourceFolder(path)
    names = [
        name
        for name in source.names(AUTHORITIES)
        if source.has(AUTHORITIES, name, f"{_ROOT}.crt")
    ]
    if len(names) == 1:
        return path, names[0], []
    if _USUAL not in names:
        raise InputError(
            f"{len(names)} CAs are in {source.place(AUTHORITIES)!r}",
            code="several-authorities" if names else "no-authority",
            hint="name the folder of the one to adopt",
        )
    others = ", ".join(name for name in names if name != _USUAL)
    return path, _USUAL, [f"Caddy has further CAs, each a folder to adopt: {others}"]


def _issued(
    source: SourceFolder, authorities: list[HeldCertificate], now: datetime
) -> tuple[tuple[AdoptedCertificate, ...], list[str]]:
    """Return the certificates of sites that this CA issued, and notes.

    Caddy makes a new intermediate every week, and keeps the old one beside what it
    signed: a site's file holds the chain.
    """
    found: dict[int, AdoptedCertificate] = {}
    earlier = set()
    for path in _site_files(source):
        chain = read_certificates(source.read(path), path)
        issuer = _issuer_of(chain, authorities)
        if issuer is None:
            continue
        if all(issuer.der != one.der for one in authorities):
            earlier.add(issuer.der)
        one = not_revoked(chain[0].der, now)
        found[one.serial_number] = one
    notes = ["Caddy revokes nothing, and forgets what it renewed: that stays unknown"]
    if earlier:
        notes.append(
            f"{len(earlier)} earlier intermediates signed some of these certificates; "
            "their keys are gone, so that those cannot be put on a CRL of theirs"
        )
    return tuple(found.values()), notes


def _site_files(source: SourceFolder) -> list[str]:
    return [
        path
        for issuer in source.names("certificates")
        for site in source.names("certificates", issuer)
        for path in source.files("certificates", issuer, site)
        if path.endswith(".crt")
    ]


def _issuer_of(
    chain: tuple[HeldCertificate, ...], authorities: list[HeldCertificate]
) -> HeldCertificate | None:
    """Return the CA that signed the first of a chain, if it is ours or below ours."""
    for issuer in authorities:
        if signed_by(chain[0], issuer):
            return issuer
    for issuer in chain[1:]:
        ours = any(signed_by(issuer, one) for one in authorities)
        if is_authority(issuer) and ours and signed_by(chain[0], issuer):
            return issuer
    return None
