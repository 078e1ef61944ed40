"""CAs kept by `openssl ca`, and by easy-rsa, which runs it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from datetime import datetime

from tlsmith.authority.adoption.adopted import Records
from tlsmith.authority.adoption.arrange import (
    Arranged,
    arrange,
    is_authority,
    signed_by,
)
from tlsmith.authority.adoption.index_records import IndexPlaces, read_index_records
from tlsmith.authority.adoption.opening import Passphrases, read_certificates
from tlsmith.authority.adoption.openssl_config import ca_places, parse_openssl_config
from tlsmith.authority.adoption.source import SourceFolder
from tlsmith.core.formats.objects import HeldCertificate, HeldKey
from tlsmith.core.view import view_certificate
from tlsmith.errors import InputError

CONFIG = "openssl.cnf"
INDEX = "index.txt"
_CERTIFICATE_FOLDERS = ("", "certs")
_KEY_FOLDERS = ("private", "")
_ENDINGS = (".pem", ".crt", ".cer", ".cert", ".der")
_KEY_ENDINGS = (".pem", ".key", ".der")
# easy-rsa keeps what it took back or saw expire elsewhere, under the serial number.
_EASY_RSA_SHELVES = (
    "certs_by_serial",
    os.path.join("revoked", "certs_by_serial"),
    os.path.join("renewed", "certs_by_serial"),
    os.path.join("expired", "certs_by_serial"),
)


def read_openssl(
    path: str, passphrases: Passphrases, now: datetime
) -> tuple[Arranged, Records, SourceFolder]:
    """Return the CA in a folder, or the `default_ca` of a configuration file.

    Raises:
        InputError: its certificate or its key cannot be found, or do not fit.
    """
    is_folder = os.path.isdir(path)
    source = SourceFolder(path if is_folder else os.path.dirname(path) or os.curdir)
    config = os.path.join(path, CONFIG) if is_folder else os.path.abspath(path)
    said = {}
    if source.has(config):
        said = ca_places(parse_openssl_config(source.read(config)), source)
    notes: tuple[str, ...] = ()
    if is_folder:
        said, notes = _inside(said, source)
    places = _places(said, source)
    certificates, keys = _find_ca(said, source, passphrases)
    arranged = arrange(certificates, keys, now)
    records = read_index_records(source, places, now)
    kept = records._replace(notes=(*notes, *records.notes))
    return arranged, kept, source


def read_easy_rsa(
    path: str, passphrases: Passphrases, now: datetime
) -> tuple[Arranged, Records, SourceFolder]:
    """Return the CA in a folder of easy-rsa 3, or in the `pki` inside it."""
    inner = os.path.join(path, "pki")
    source = SourceFolder(inner if os.path.isdir(inner) else path)
    certificate = source.place("ca.crt")
    certificates = read_certificates(source.read(certificate), certificate)
    keys = []
    key = source.place("private", "ca.key")
    if source.has(key):
        keys = [passphrases.open_key(source.read_key(key), key)]
    places = IndexPlaces(
        source.place(INDEX),
        source.place("serial"),
        source.place("crlnumber"),
        tuple(source.place(shelf) for shelf in _EASY_RSA_SHELVES),
        source.place("crl.pem"),
    )
    arranged = arrange(certificates, keys, now)
    return arranged, read_index_records(source, places, now), source


def _inside(
    said: dict[str, str], source: SourceFolder
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return where the configuration of a folder puts what lies in that folder.

    A folder that was moved, or copied, has a configuration that names its old place.
    """
    kept = {key: path for key, path in said.items() if source.holds(path)}
    gone = sorted(key for key in said if key not in kept and key != "crl")
    if not gone:
        return kept, ()
    return kept, (
        f"{source.place(CONFIG)!r} puts {', '.join(gone)} outside of this folder; "
        "what is in the folder was taken. To follow it, name that file itself",
    )


def _places(said: dict[str, str], source: SourceFolder) -> IndexPlaces:
    newcerts = said.get("new_certs_dir", source.place("newcerts"))
    return IndexPlaces(
        said.get("database", source.place(INDEX)),
        said.get("serial", source.place("serial")),
        said.get("crlnumber", source.place("crlnumber")),
        tuple(dict.fromkeys((newcerts, source.place("certs")))),
        said.get("crl") or _first(source, ("crl.pem", "ca.crl", "crl/crl.pem")),
    )


def _first(source: SourceFolder, names: Sequence[str]) -> str:
    paths = [source.place(name) for name in names]
    return next((path for path in paths if source.has(path)), "")


def _find_ca(
    said: dict[str, str], source: SourceFolder, passphrases: Passphrases
) -> tuple[list[HeldCertificate], list[HeldKey]]:
    """Return the CA's certificate, those of its issuers, and its key.

    Raises:
        InputError: it is not clear which certificate is the CA's.
    """
    around = _certificates_around(source)
    if "certificate" in said and source.has(said["certificate"]):
        path = said["certificate"]
        own = read_certificates(source.read(path), path)[0]
        keys = _keys(said, [own], source, passphrases)
        return [own, *_issuers(own, around)], keys
    if not around:
        raise InputError(
            f"there is no certificate of a CA in {source.path!r}",
            code="no-authority",
            hint=f"put it there, or name the {CONFIG} that says where it is",
        )
    keys = _keys(said, around, source, passphrases)
    infos = {one.info for one in keys}
    owns = [one for one in around if _info(one) in infos] or _lowest(around)
    found = {one.der: one for own in owns for one in (own, *_issuers(own, around))}
    return list(found.values()), keys


def _keys(
    said: dict[str, str],
    owners: Sequence[HeldCertificate],
    source: SourceFolder,
    passphrases: Passphrases,
) -> list[HeldKey]:
    """Return the key that the configuration names, else those that fit a CA.

    Keys of servers may lie there too: those are left alone, and nobody is asked for the
    passphrase of one among several whose name is not that of a CA's.
    """
    named = said.get("private_key", "")
    if named and source.has(named):
        return [passphrases.open_key(source.read_key(named), named)]
    paths = _key_paths(source)
    infos = {_info(one) for one in owners}
    keys = []
    for path in paths:
        data = source.read(path)
        is_named_so = "ca" in os.path.basename(path).lower()
        if b"ENCRYPTED" in data and not is_named_so and len(paths) > 1:
            continue
        key = passphrases.open_key(data, path)
        if key.info in infos:
            source.read_key(path)  # for what it says of who may read it
            keys.append(key)
    return keys


def _key_paths(source: SourceFolder) -> list[str]:
    return [
        path
        for folder in _KEY_FOLDERS
        for path in source.files(folder)
        if path.endswith(_KEY_ENDINGS) and b"PRIVATE KEY-" in source.read(path)
    ]


def _certificates_around(source: SourceFolder) -> list[HeldCertificate]:
    found: dict[bytes, HeldCertificate] = {}
    for folder in _CERTIFICATE_FOLDERS:
        for path in source.files(folder):
            if path.endswith(_ENDINGS) and _is_certificate(source.read(path)):
                for one in read_certificates(source.read(path), path):
                    if is_authority(one):
                        found.setdefault(one.der, one)
    return list(found.values())


def _is_certificate(data: bytes) -> bool:
    if b"-----BEGIN" in data:
        return b"CERTIFICATE-----" in data
    try:
        view_certificate(data)
    except InputError:
        return False
    return True


def _issuers(
    own: HeldCertificate, around: Iterable[HeldCertificate]
) -> list[HeldCertificate]:
    """Return those above a certificate, up to the root, as far as they are here."""
    pool = list(around)
    chain = [own]
    for one in chain:  # which grows as we go
        chain += [
            other
            for other in pool
            if signed_by(one, other) and all(other is not it for it in chain)
        ]
    return chain[1:]


def _lowest(around: Sequence[HeldCertificate]) -> list[HeldCertificate]:
    """Return those that signed no other: without a key, the likeliest to issue."""
    return [
        one
        for one in around
        if not any(signed_by(other, one) for other in around if other is not one)
    ]


def _info(held: HeldCertificate) -> bytes:
    return view_certificate(held.der).public_key_info
