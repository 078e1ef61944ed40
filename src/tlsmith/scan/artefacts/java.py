"""Java's keystores, JKS and JCEKS, which open with a passphrase everybody knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tlsmith.errors import InputError, PassphraseError
from tlsmith.scan.artefacts.artefact import Artefact, Certificate
from tlsmith.scan.artefacts.certificates import certificate_of
from tlsmith.scan.artefacts.keys import key_of
from tlsmith.scan.artefacts.stores import WELL_KNOWN, closed, opened

if TYPE_CHECKING:
    from tlsmith.core.formats.jks import KeystoreEntry


def java_store(data: bytes) -> Artefact | None:
    """The keystore, by the first of its private keys that opens; None without one."""
    from tlsmith.core.formats.jks import has_passphrase, read_keystore

    form = "JKS" if data[0] == 0xFE else "JCEKS"
    try:
        entries = [one for one in read_keystore(data) if one.protected_key]
    except InputError:
        return None
    if not entries:
        return None
    whole = [word for word in WELL_KNOWN if has_passphrase(data, word)]
    tried = [*whole, *(word for word in WELL_KNOWN if word not in whole)]
    for entry in entries[:20]:
        found = _opened(form, entry, tried, whole)
        if found:
            return found
    return closed(form, data, _own(entries[0]))


def _opened(
    form: str, entry: KeystoreEntry, tried: list[bytes], whole: list[bytes]
) -> Artefact | None:
    """The entry's key; or that its store opens, mostly by the key's passphrase."""
    from tlsmith.core.formats.jks import uncover_key

    own = _own(entry)
    for passphrase in tried:
        try:
            key = key_of(uncover_key(entry.protected_key or b"", passphrase))
        except PassphraseError:
            continue
        except InputError:  # protected as JCEKS does
            break
        told = key.told if key else "of a kind unknown here"
        public = key.public if key else None
        return opened(form, passphrase, told, public, own)
    else:
        return None
    if not whole:
        return None
    told = "under the same passphrase or its own"
    return opened(form, whole[0], told, own.key if own else None, own)


def _own(entry: KeystoreEntry) -> Certificate | None:
    return certificate_of(entry.certificates[0]) if entry.certificates else None
