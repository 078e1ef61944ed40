"""Where what is made goes, and what may be replaced there."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from tlsmith.core.formats import load_private_key, split_pem
from tlsmith.core.keys import public_key_info
from tlsmith.core.names import GeneralName
from tlsmith.core.view import CertificateView, view_certificate
from tlsmith.errors import FileError, InputError
from tlsmith.files import read_file

if TYPE_CHECKING:
    from tlsmith.core.keys import PrivateKey

# A file name may have 255 bytes, and a DNS name 253 without any ending.
_LONGEST_STEM = 200
_FORCE_HINT = "choose another place, or give --force to replace it"


class Places(NamedTuple):
    """The files of one certificate; None for those that are not written."""

    cert_file: str
    key_file: str | None = None
    p12_file: str | None = None


class Existing(NamedTuple):
    """What an earlier run left at those places.

    Args:
        certificate: None where there is none.
        key: None where there is none, or it is encrypted.
    """

    certificate: CertificateView | None = None
    key: PrivateKey | None = None

    @property
    def key_matches(self) -> bool:
        if self.certificate is None or self.key is None:
            return False
        info = public_key_info(self.key.public_key())
        return info == self.certificate.public_key_info


def default_stem(names: Sequence[GeneralName], *, client: bool) -> str:
    """Return the start of the file names mkcert gives: "localhost+2", "_wildcard.test".

    Args:
        client: whether it is a client's certificate too, which the name then says.
    """
    stem = names[0].value.replace(":", "_").replace("*", "_wildcard")
    stem = stem.replace("/", "_").replace("\\", "_")[:_LONGEST_STEM]
    if len(names) > 1:
        stem += f"+{len(names) - 1}"
    if client:
        stem += "-client"
    return f"./{stem}" if stem.startswith("-") else stem


def load_existing(places: Places, passphrase: bytes | None = None) -> Existing:
    """Return what is at the places of a certificate and its key.

    Raises:
        FileError: a file there cannot be read.
        InputError: a file there is something else, which must not be lost.
    """
    certificate = _existing_certificate(places.cert_file)
    if places.key_file is None:
        return Existing(certificate)
    return Existing(certificate, load_existing_key(places.key_file, passphrase))


def load_existing_key(path: str, passphrase: bytes | None) -> PrivateKey | None:
    """Return the private key in a file; None where there is no file, or an empty one.

    Raises:
        FileError: the file cannot be read.
        InputError: it holds something else, or a key the passphrase does not open.
    """
    data = _read_if_there(path)
    if not data:
        return None
    try:
        return load_private_key(data, passphrase)
    except InputError as error:
        raise InputError(
            f"{path!r} is there already, and cannot be read as a private key: "
            f"{error.message}",
            code="would-be-lost",
            hint=_FORCE_HINT,
        ) from error


def check_request_replaceable(path: str) -> None:
    """Refuse to replace anything but a certification request.

    Raises:
        InputError: the file holds something else.
    """
    data = _read_if_there(path)
    if not data:
        return
    labels = {label for label, _ in split_pem(data)}
    if not labels or labels - {"CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"}:
        raise InputError(
            f"{path!r} is there already and is not a certification request",
            code="would-be-lost",
            hint=_FORCE_HINT,
        )


def check_replaceable(
    places: Places,
    existing: Existing,
    is_ours: Callable[[CertificateView], bool],
    *,
    keeps_key: bool = False,
) -> None:
    """Refuse to replace what was not made by us, or a key that nothing else holds.

    Args:
        is_ours: whether a certificate was signed by one of our CAs.
        keeps_key: the key file stays as it is.

    Raises:
        InputError: naming the file that would be lost.
    """
    certificate = existing.certificate
    own_pair = existing.key_matches
    if certificate is not None and not is_ours(certificate) and not own_pair:
        raise InputError(
            f"{places.cert_file!r} holds a certificate that tlsmith did not make",
            code="would-be-lost",
            hint=_FORCE_HINT,
        )
    if existing.key is not None and not own_pair and not keeps_key:
        raise InputError(
            f"{places.key_file!r} holds a key that belongs to another certificate",
            code="would-be-lost",
            hint=_FORCE_HINT,
        )


def _existing_certificate(path: str) -> CertificateView | None:
    data = _read_if_there(path)
    if not data:
        return None
    blocks = [der for label, der in split_pem(data) if label == "CERTIFICATE"]
    try:
        return view_certificate(blocks[0] if blocks else data)
    except InputError as error:
        raise InputError(
            f"{path!r} is there already and is not a certificate",
            code="would-be-lost",
            hint=_FORCE_HINT,
        ) from error


def _read_if_there(path: str) -> bytes | None:
    if os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path):
        return None  # a device or a pipe: there is nothing to lose
    try:
        return read_file(path)
    except FileError as error:
        if error.code == "file-not-found":
            return None
        raise
