"""Reading the rows of `tlsmith cert issue --from-csv`: what each wants.

Imported for that alone, so what a row needs is imported here, and not for each.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import csv
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    load_der_public_key,
    load_pem_public_key,
)

from tlsmith.cli.cert_issue import wanted_of
from tlsmith.core.keys import (
    DEFAULT_KIND,
    check_public_key,
    generate_private_key,
    is_point_on_p256,
)
from tlsmith.core.names import parse_names
from tlsmith.core.requested import read_request
from tlsmith.errors import FileError, InputError
from tlsmith.files import read_file

if TYPE_CHECKING:
    from tlsmith.authority.wanted import Wanted
    from tlsmith.core.keys import PrivateKey, PublicKey

_COLUMNS = (
    "names",
    "csr",
    "public_key",
    "profile",
    "days",
    "subject",
    "cert_file",
    "key_file",
)


class Row(NamedTuple):
    """A row that was read, and the key that was made for it."""

    line: int
    values: dict[str, str]
    key: PrivateKey | None


@contextlib.contextmanager
def opened(path: str) -> Iterator[Any]:
    """Give the text of a file, read row by row: there may be millions.

    Raises:
        FileError: it cannot be opened.
        InputError: what is read of it is no CSV in UTF-8.
    """
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            yield file
    except OSError as error:
        if error.filename != path:
            raise
        reason = (error.strerror or str(error)).lower()
        raise FileError(f"cannot read {path!r}: {reason}", path=path) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(
            f"{path!r} cannot be read as CSV: {error}",
            code="bad-csv",
            hint="save it as UTF-8, with commas; the rows before it were issued",
        ) from error


def read_rows(file: Any, path: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield each row as its line and its cells by the columns' names.

    Raises:
        InputError: the first line does not name the columns.
    """
    reader = csv.reader(file)
    columns = next(reader, [])
    unknown = set(columns) - set(_COLUMNS)
    if unknown or not {"names", "csr"} & set(columns):
        raise InputError(
            f"{path!r} has not the columns of certificates"
            + (f": {', '.join(sorted(unknown))}" if unknown else ""),
            hint=f"its first line names columns of {', '.join(_COLUMNS)}",
        )
    for cells in reader:
        if cells:
            yield reader.line_num, dict(zip(columns, cells, strict=False))


class RowReader:
    """Makes of rows, and of the options that hold for all, what is wanted.

    Args:
        options: of the command.

    Raises:
        InputError: the options contradict each other.
    """

    def __init__(self, options: dict[str, Any]) -> None:
        self._options = options
        # What most rows leave as it is need not be read again for each.
        self._base = wanted_of((), None, None, options)

    def read(self, values: dict[str, str]) -> tuple[Wanted, PrivateKey | None]:
        """Return what a row wants, and the key that was made for it, if one was.

        Raises:
            TLSmithError: a cell is none of what its column is to hold.
        """
        names = parse_names(values["names"].split()) if values.get("names") else ()
        if values.get("csr"):
            request = read_request(_csr(values["csr"]))
            names = names or request.names
            mine = self._mine(values)
            return wanted_of(names, request.public_key, request, mine), None
        key, info = None, None
        if values.get("public_key"):
            public_key, info = _public_key(values["public_key"])
        else:
            key = generate_private_key(self._options["kind"] or DEFAULT_KIND)
            public_key = key.public_key()
        if values.get("days") or values.get("subject"):
            return wanted_of(names, public_key, None, self._mine(values)), key
        wanted = self._base._replace(
            names=names,
            public_key=public_key,
            profile=values.get("profile") or self._base.profile,
            public_key_info=info,
        )
        return wanted, key

    def _mine(self, values: dict[str, str]) -> dict[str, Any]:
        """Return the options as a row has them."""
        mine = dict(self._options)
        for column in ("profile", "subject"):
            mine[column] = values.get(column) or self._options[column]
        if values.get("days"):
            mine["days"] = _days(values["days"])
        return mine


def _csr(text: str) -> bytes:
    """Return a CSR that a cell holds: its file's name, or its DER in base64."""
    if text.startswith("MI"):
        try:
            return base64.b64decode(text, validate=True)
        except binascii.Error:
            pass
    return read_file(text)


def _public_key(text: str) -> tuple[PublicKey, bytes | None]:
    """Return a public key that a cell holds: its file's name, or DER in base64.

    Who gives the file vouches that the key is whose the names are: unlike a CSR it
    proves nothing (RFC 4211 section 4).

    Returns:
        The key, and its SubjectPublicKeyInfo where that need not be written anew.
    """
    info = b""
    try:
        if text.startswith("M"):
            info = base64.b64decode(text, validate=True)
            key: Any = load_der_public_key(info)
        else:
            key = load_pem_public_key(read_file(text))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise InputError(
            "a public key that cannot be read", hint="give PEM, or DER in base64"
        ) from error
    if is_point_on_p256(info):
        return key, info
    check_public_key(key)
    return key, None


def _days(text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise InputError(f"not a number of days: {text!r}") from error
