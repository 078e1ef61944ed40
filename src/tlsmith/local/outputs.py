"""A certificate and its key as files, in the format asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from tlsmith.core.formats import (
    encode_chain,
    encode_kubernetes_secret,
    encode_pkcs7,
    encode_pkcs12,
    encode_private_key,
)
from tlsmith.files import NewFile
from tlsmith.local.places import Places

if TYPE_CHECKING:
    from tlsmith.core.keys import PrivateKey

# Format, to the ending of its file; those without a place of their own for the key
# hold it themselves, or cannot.
ENDINGS = {
    "pem": ".pem",
    "der": ".der",
    "combined": ".pem",
    "p12": ".p12",
    "p7b": ".p7b",
    "k8s-secret": ".yaml",
}
FORMATS = tuple(ENDINGS)
_KEY_ENDINGS = {"pem": "-key.pem", "der": "-key.der", "p7b": "-key.pem"}
USUAL_PASSPHRASE = b"changeit"


class Made(NamedTuple):
    """What is to be written.

    Args:
        chain: DER, end entity first, without the root.
        key: None for a certificate made from a request.
        name: what stores call it.
        key_is_new: whether the key file is to be written.
        legacy: whether PKCS#12 is to be as clients before 2019 read it.
    """

    chain: Sequence[bytes]
    key: PrivateKey | None
    name: str
    key_is_new: bool = True
    legacy: bool = False


def places_for(stem: str, file_format: str, *, with_key: bool) -> Places:
    """Return where files of a format go by default."""
    ending = _KEY_ENDINGS.get(file_format)
    key_file = stem + ending if with_key and ending else None
    return Places(stem + ENDINGS[file_format], key_file)


def encode_files(
    made: Made, places: Places, file_format: str, passphrase: bytes | None
) -> list[NewFile]:
    """Return the files to write, keys first.

    Args:
        passphrase: encrypts the key and PKCS#12; without one a key is written as it
            is, and PKCS#12 gets the passphrase everyone uses, "changeit".
    """
    files = []
    if places.key_file is not None and made.key is not None and made.key_is_new:
        data = encode_private_key(made.key, passphrase, der=file_format == "der")
        files.append(NewFile(places.key_file, data, secret=True))
    if places.p12_file is not None:
        files.append(NewFile(places.p12_file, _pkcs12(made, passphrase), secret=True))
    files.append(_main_file(made, places.cert_file, file_format, passphrase))
    return files


def _main_file(
    made: Made, path: str, file_format: str, passphrase: bytes | None
) -> NewFile:
    if file_format == "der":
        return NewFile(path, made.chain[0])
    if file_format == "p7b":
        return NewFile(path, encode_pkcs7(made.chain, der=False))
    if file_format == "p12":
        return NewFile(path, _pkcs12(made, passphrase), secret=True)
    if file_format == "combined" and made.key is not None:
        key = encode_private_key(made.key, passphrase)
        return NewFile(path, encode_chain(made.chain) + key, secret=True)
    if file_format == "k8s-secret" and made.key is not None:
        data = encode_kubernetes_secret(made.chain, made.key, name=made.name)
        return NewFile(path, data, secret=True)
    return NewFile(path, encode_chain(made.chain))


def _pkcs12(made: Made, passphrase: bytes | None) -> bytes:
    return encode_pkcs12(
        made.key,
        made.chain,
        passphrase=passphrase or USUAL_PASSPHRASE,
        name=made.name,
        legacy=made.legacy,
    )
