"""The files of a certificate that is issued: looked at before, written after."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tlsmith.errors import FileError, InputError
from tlsmith.files import NewFile, is_stream, read_file, write_together
from tlsmith.files.atomic import place_of, remove_quietly, write_temporary

if TYPE_CHECKING:
    from tlsmith.authority.issued import Issued


def check_places(cert_file: str, key_file: str | None = None) -> None:
    """Refuse places that cannot be written, before a certificate is issued for them.

    A certificate whose key was never written would stand in the store for good.

    Args:
        key_file: where a new key goes; None where none is written.

    Raises:
        InputError: something else is there, or both are one file.
        FileError: a folder is missing, or not ours to write.
    """
    files = [path for path in (key_file, cert_file) if path and not is_stream(path)]
    if len(files) == 2 and place_of(files[0]) == place_of(files[1]):
        raise InputError(
            f"{cert_file!r} is to hold both the certificate and its key",
            code="same-file",
            hint="give --cert-file and --key-file names of their own",
        )
    for path in files:
        _refuse_another(path, b"PRIVATE KEY-----" if path == key_file else b"")
        # What the system says of it is known for certain only by trying.
        remove_quietly(write_temporary(place_of(path), b"", 0o600))


def check_folder(folder: str) -> None:
    """Make a folder for many certificates, and see that files can be written there.

    Raises:
        FileError: it cannot be made, or is not ours to write.
    """
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise FileError(
            f"cannot make the folder {folder!r}: {reason}", path=folder
        ) from error
    place = os.path.join(folder, "certificate.pem")
    remove_quietly(write_temporary(place_of(place), b"", 0o600))


def write_issued(issued: Issued, files: list[NewFile]) -> None:
    """Write what was issued.

    Raises:
        FileError: it cannot be written; which certificate it is, is told.
    """
    try:
        write_together(files)
    except FileError as error:
        serial = f"{issued.serial_number:x}"
        raise FileError(
            f"{error.message}; the certificate {serial} was issued",
            path=error.path,
            code=error.code,
            hint=f"take it back: tlsmith cert revoke {serial}",
        ) from error


def _refuse_another(path: str, mark: bytes) -> None:
    """Refuse to replace what is no certificate, or no key where one is to go."""
    if not os.path.isfile(path):
        return
    wanted = mark or b"BEGIN CERTIFICATE-----"
    if wanted not in read_file(path):
        what = "key" if mark else "certificate"
        raise InputError(
            f"{path!r} is there, and no {what}",
            code="file-exists",
            hint=f"name another --{'key' if mark else 'cert'}-file",
        )
