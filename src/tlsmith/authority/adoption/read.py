"""One way in: a path, and what CA is there."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime

from tlsmith.authority.adoption.adopted import AdoptedCA, Kind, Records
from tlsmith.authority.adoption.arrange import Arranged
from tlsmith.authority.adoption.caddy import read_caddy
from tlsmith.authority.adoption.detect import detect
from tlsmith.authority.adoption.opening import Passphrases
from tlsmith.authority.adoption.openssl_folder import (
    read_easy_rsa,
    read_openssl,
)
from tlsmith.authority.adoption.pem_files import read_files, read_mkcert
from tlsmith.authority.adoption.source import SourceFolder
from tlsmith.authority.adoption.step_ca import read_step_ca

_Reader = Callable[[str, Passphrases, datetime], tuple[Arranged, Records, SourceFolder]]


def read_ca(
    path: str, *, passphrase: Callable[[str], bytes], now: datetime
) -> AdoptedCA:
    """Return the CA that another tool made at `path`; nothing of it is changed.

    Args:
        path: a folder or a file; see docs/adopt.md for what it can be.
        passphrase: asked for what is encrypted, with what that is, in words.
        now: the present, with its time zone.

    Raises:
        FileError: something is missing, or not ours to read.
        PassphraseError: the passphrase does not open a key.
        NotACAError: the certificate is no CA's.
        KeyMismatchError: the key does not belong to the certificate.
        ConfigError: records of revoked certificates cannot be read.
        InputError: something is damaged, or there is more than one CA.
    """
    kind = detect(path)
    if not os.path.isdir(path) and kind == "mkcert":
        path = os.path.dirname(path) or os.curdir
    arranged, records, source = _READERS[kind](path, Passphrases(passphrase), now)
    return AdoptedCA(
        kind,
        arranged.authorities,
        records.issued,
        records.crl_number,
        records.next_serial,
        records.crl,
        tuple(dict.fromkeys((*arranged.notes, *records.notes, *source.notes))),
    )


_READERS: dict[Kind, _Reader] = {
    "pem": read_files,
    "pkcs12": read_files,
    "mkcert": read_mkcert,
    "openssl": read_openssl,
    "easy-rsa": read_easy_rsa,
    "step-ca": read_step_ca,
    "caddy": read_caddy,
}
