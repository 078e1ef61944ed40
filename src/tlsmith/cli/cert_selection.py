"""Which certificate is meant: by serial number, file, fingerprint, key or name."""

from __future__ import annotations

import os
import re
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from tlsmith.core.formats import split_pem
from tlsmith.core.names import parse_name
from tlsmith.core.view import view_certificate
from tlsmith.errors import InputError
from tlsmith.files import read_input
from tlsmith.storage.search import Search

if TYPE_CHECKING:
    from tlsmith.authority.service import Authority
    from tlsmith.storage.certificates import CertificateRecord


class Selection(NamedTuple):
    """What was asked for, and the words for it."""

    search: Search
    words: str


def select(text: str) -> Selection:
    """Return the certificate that a word names.

    A file with a certificate, a SHA-256 fingerprint, or a serial number in
    hexadecimal, both with or without colons.

    Raises:
        InputError: it is none of these.
    """
    if os.path.exists(text) or text == "-":
        return _of_file(text)
    digits = text.replace(":", "").lower().removeprefix("0x")
    if re.fullmatch(r"[0-9a-f]{64}", digits):
        return Selection(
            Search(fingerprint=bytes.fromhex(digits)), f"with the fingerprint {digits}"
        )
    if re.fullmatch(r"[0-9a-f]{1,40}", digits):
        return Selection(
            Search(serial_number=int(digits, 16)), f"with the serial number {digits}"
        )
    raise InputError(
        f"neither a file nor a serial number: {text!r}",
        hint="give a certificate's file, its serial number in hexadecimal, or its "
        "SHA-256 fingerprint; by name: --name NAME",
    )


def select_by_name(name: str) -> Selection:
    """Return the certificates of a name, or of all names below `.DOMAIN`."""
    if name.startswith("."):
        return Selection(Search(name=name.lower()), f"below {name}")
    value = parse_name(name, loose=True).value
    return Selection(Search(name=value), f"for {value}")


def select_by_key(path: str) -> Selection:
    """Return the certificates of a key: a private or public key, CSR or certificate.

    Raises:
        InputError: there is no key in the file.
    """
    digest = sha256(key_info_of(read_input(path), path)).digest()
    return Selection(Search(key_hash=digest), f"with the key in {path!r}")


def key_info_of(data: bytes, path: str) -> bytes:
    """Return the DER SubjectPublicKeyInfo of whatever holds a key."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    from tlsmith.core.formats import load_private_key
    from tlsmith.core.keys import public_key_info

    if b"BEGIN CERTIFICATE-----" in data:
        return view_certificate(_certificate_in(data, path)).public_key_info
    try:
        if b"REQUEST-----" in data:
            return public_key_info(x509.load_pem_x509_csr(data).public_key())
        if b"BEGIN PUBLIC KEY-----" in data:
            return public_key_info(load_pem_public_key(data))  # type: ignore[arg-type]
    except ValueError as error:
        raise InputError(f"no key can be read in {path!r}") from error
    return public_key_info(load_private_key(data).public_key())


def _of_file(path: str) -> Selection:
    certificate = _certificate_in(read_input(path), path)
    digest = sha256(certificate).digest()
    return Selection(Search(fingerprint=digest), f"like the one in {path!r}")


def _certificate_in(data: bytes, path: str) -> bytes:
    if b"-----BEGIN" in data:
        found = [der for label, der in split_pem(data) if label == "CERTIFICATE"]
        if not found:
            raise InputError(
                f"no certificate in {path!r}",
                hint=f"see what it is: tlsmith show {path}",
            )
        return found[0]
    view_certificate(data)
    return data


def one_certificate(authority: Authority, text: str) -> CertificateRecord:
    """Return the certificate a word names.

    Raises:
        NotFoundError: this CA did not issue it.
    """
    selection = select(text)
    return authority.find_one(selection.search, selection.words)
