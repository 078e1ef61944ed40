"""Where what is made goes, and what may be replaced there."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from tlsmith.core.formats import load_private_key, split_pem
from tlsmith.core.keys import public_key_info
from tlsmith.core.view import CertificateView, view_certificate
from tlsmith.errors import FileError, InputError, PassphraseError
from tlsmith.files import finish_interrupted, is_stream, read_file

if TYPE_CHECKING:
    from tlsmith.core.keys import PrivateKey

_FORCE_HINT = "choose another place, or give --force to replace it"


class Places(NamedTuple):
    """The files of one certificate; None for those that are not written."""

    cert_file: str
    key_file: str | None = None
    p12_file: str | None = None


class Existing(NamedTuple):
    """What an earlier run left at those places.

    Args:
        certificate: the end entity's; None where there is none.
        key: from the key file, or from the file that holds everything.
        keys: DER SubjectPublicKeyInfo of every private key there is.
    """

    certificate: CertificateView | None = None
    key: PrivateKey | None = None
    keys: frozenset[bytes] = frozenset()

    @property
    def key_matches(self) -> bool:
        """Whether there is a certificate, and no key but its own."""
        return (
            self.certificate is not None
            and self.key is not None
            and self.keys == {self.certificate.public_key_info}
        )


def load_existing(places: Places, passphrase: bytes | None = None) -> Existing:
    """Return what is at the places of a certificate and its key.

    Args:
        passphrase: opens what is encrypted there.

    Raises:
        FileError: a file there cannot be read.
        InputError: a file there is something else, which must not be lost.
    """
    # A run killed between two renames left a key and a certificate of two pairs.
    for path in places:
        if path is not None and not is_stream(path):
            finish_interrupted(path)
    certificates, held = _held(places.cert_file, passphrase)
    if places.p12_file is not None:
        held += _held(places.p12_file, passphrase)[1]
    if places.key_file is not None:
        key = load_existing_key(places.key_file, passphrase)
        held = held if key is None else [key, *held]
    return Existing(
        view_certificate(certificates[0]) if certificates else None,
        held[0] if held else None,
        frozenset(public_key_info(key.public_key()) for key in held),
    )


def _held(path: str, passphrase: bytes | None) -> tuple[list[bytes], list[PrivateKey]]:
    """Return the certificates and keys in a file; none where there is no file."""
    data = _read_if_there(path)
    if not data:
        return [], []
    try:
        blocks = split_pem(data)
        if blocks and all(label == "CERTIFICATE" for label, _ in blocks):
            return [der for _, der in blocks], []
        # Anything but plain PEM takes the whole reader, which takes long to import.
        from tlsmith.core.formats.load import load_objects

        found = load_objects(data, [passphrase, b"changeit"] if passphrase else [])
    except InputError as error:
        raise _would_be_lost(path, error) from error
    if not (found.certificates or found.keys):
        raise _would_be_lost(path, None)
    return [one.der for one in found.certificates], [one.key for one in found.keys]


def _would_be_lost(path: str, error: InputError | None) -> InputError:
    reason = error.message if error else "it holds neither a certificate nor a key"
    hint = _FORCE_HINT
    if isinstance(error, PassphraseError):
        hint = f"give its passphrase with --passphrase-file, or {_FORCE_HINT}"
    return InputError(
        f"{path!r} is there already, and must not be lost: {reason}",
        code="would-be-lost",
        hint=hint,
    )


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
        raise _would_be_lost(path, error) from error


def check_request_replaceable(path: str) -> None:
    """Refuse to replace anything but a certification request.

    Raises:
        InputError: the file holds something else.
    """
    data = _read_if_there(path)
    if not data:
        return
    try:
        labels = {label for label, _ in split_pem(data)}
    except InputError as error:
        raise _would_be_lost(path, error) from error
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
        is_ours: whether a certificate is one of those that may be made again.
        keeps_key: the key file stays as it is.

    Raises:
        InputError: naming the file that would be lost.
    """
    certificate = existing.certificate
    if certificate is not None and not is_ours(certificate):
        raise InputError(
            f"{places.cert_file!r} holds a certificate that tlsmith did not make",
            code="would-be-lost",
            hint=_FORCE_HINT,
        )
    strangers = existing.keys - {certificate.public_key_info if certificate else b""}
    if strangers and not keeps_key:
        holder = places.key_file or places.p12_file or places.cert_file
        raise InputError(
            f"{holder!r} holds a key that belongs to another certificate",
            code="would-be-lost",
            hint=_FORCE_HINT,
        )


def _read_if_there(path: str) -> bytes | None:
    if is_stream(path):
        return None  # there is nothing to lose
    try:
        return read_file(path)
    except FileError as error:
        if error.code == "file-not-found":
            return None
        raise
