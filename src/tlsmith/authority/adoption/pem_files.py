"""CAs that are a file or two: PEM, DER, PKCS#12, and mkcert's CAROOT."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime

from tlsmith.authority.adoption.adopted import Records
from tlsmith.authority.adoption.arrange import (
    Arranged,
    arrange,
    is_authority,
    signed_by,
)
from tlsmith.authority.adoption.crl_records import latest_of, number_of, with_crl
from tlsmith.authority.adoption.issued import not_revoked
from tlsmith.authority.adoption.opening import Passphrases, read_certificates
from tlsmith.authority.adoption.source import SourceFolder
from tlsmith.core.formats.objects import HeldCertificate, HeldKey, Objects
from tlsmith.core.keys import public_key_info
from tlsmith.errors import InputError

MKCERT_ROOT, MKCERT_KEY = "rootCA.pem", "rootCA-key.pem"
# Far more than the files of any CA that is kept as files alone.
_LARGEST = 16 * 1024 * 1024
_ENDINGS = (".pem", ".crt", ".cer", ".cert", ".der", ".key", ".p12", ".pfx", ".crl")


def read_mkcert(
    folder: str, passphrases: Passphrases, now: datetime
) -> tuple[Arranged, Records, SourceFolder]:
    """Return mkcert's CA: `rootCA.pem`, and its key where it is there."""
    source = SourceFolder(folder)
    root = source.place(MKCERT_ROOT)
    certificates = read_certificates(source.read(root), root)[:1]
    keys = []
    if source.has(MKCERT_KEY):
        path = source.place(MKCERT_KEY)
        keys = [passphrases.open_key(source.read_key(path), path)]
    notes = ("mkcert keeps no list of what it issued: nothing of that can be revoked",)
    return arrange(certificates, keys, now), Records(notes=notes), source


def read_files(
    path: str, passphrases: Passphrases, now: datetime
) -> tuple[Arranged, Records, SourceFolder]:
    """Return the CA in a file, with its key in a file beside it, or in a folder.

    Raises:
        InputError: there is no CA, or more than one, or a damaged file.
    """
    if os.path.isdir(path):
        source = SourceFolder(path)
        objects, notes = _read_folder(source, passphrases)
    else:
        source = SourceFolder(os.path.dirname(path) or os.curdir)
        objects = passphrases.open_objects(source.read(os.path.abspath(path)), path)
        objects, notes = _with_key_beside(objects, path, source, passphrases), []
    arranged = arrange(objects.certificates, _keys_of_authorities(objects), now)
    kept = {one.certificate for one in arranged.authorities}
    others = [one for one in objects.certificates if one.der not in kept]
    records = _records(arranged, others, objects, now)
    return arranged, records._replace(notes=(*notes, *records.notes)), source


def _keys_of_authorities(objects: Objects) -> list[HeldKey]:
    """Return the keys without those of certificates that are no CA's."""
    others = {_info(one) for one in objects.certificates if not is_authority(one)} - {
        _info(one) for one in objects.certificates if is_authority(one)
    }
    return [one for one in objects.keys if one.info not in others]


def _info(held: HeldCertificate) -> bytes:
    try:
        return public_key_info(held.parsed.public_key())
    except Exception:  # a kind of key that the library lacks
        return b""


def _with_key_beside(
    objects: Objects, path: str, source: SourceFolder, passphrases: Passphrases
) -> Objects:
    """Add the key from a file named after that of the certificate."""
    if objects.keys:
        return objects
    stem, ending = os.path.splitext(os.path.abspath(path))
    for name in (f"{stem}.key", f"{stem}-key{ending}", f"{stem}.key{ending}"):
        if name != os.path.abspath(path) and source.has(name):
            key = passphrases.open_key(source.read_key(name), name)
            return objects.plus(Objects(keys=(key,)))
    return objects


def _read_folder(
    source: SourceFolder, passphrases: Passphrases
) -> tuple[Objects, list[str]]:
    objects, notes = Objects(), []
    for path in source.files():
        if not path.lower().endswith(_ENDINGS) or os.path.getsize(path) > _LARGEST:
            continue
        try:
            objects = objects.plus(passphrases.open_objects(source.read(path), path))
        except InputError as error:
            if error.code != "not-recognised":
                raise
            notes.append(f"passed by {path!r}: nothing of a CA is in it")
    if not objects.certificates:
        raise InputError(
            f"there is no certificate in {source.path!r}",
            code="no-authority",
            hint="name the file of the CA's certificate, or the folder it is in",
        )
    return objects, notes


def _records(
    arranged: Arranged,
    others: Sequence[HeldCertificate],
    objects: Objects,
    now: datetime,
) -> Records:
    from cryptography.x509 import load_der_x509_certificate

    authorities = [
        HeldCertificate(
            one.certificate, load_der_x509_certificate(one.certificate), one.source
        )
        for one in arranged.authorities
    ]
    ours = [
        one
        for one in others
        if not is_authority(one)
        and any(signed_by(one, issuer) for issuer in authorities)
    ]
    crl, more = latest_of(objects.crls, arranged.authorities[-1].certificate)
    issued = with_crl([not_revoked(one.der, now) for one in ours], crl)
    notes = (
        *objects.notes,
        *more,
        "files alone tell not all that was issued; what is not here stays unknown",
    )
    return Records(issued, number_of(crl) if crl else None, None, crl, notes)
