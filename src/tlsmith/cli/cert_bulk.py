"""`tlsmith cert issue --from-csv`: many certificates, many to a commit."""

from __future__ import annotations

import base64
import binascii
import contextlib
import csv
import os
import sys
import time
from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from tlsmith.cli.cert_issue import issued_facts, wanted_of
from tlsmith.cli.issued_files import check_folder, write_issued
from tlsmith.cli.output import emit_json, is_somebody_there, say
from tlsmith.cli.store import open_authority, person
from tlsmith.core.formats import encode_chain, encode_private_key
from tlsmith.core.keys import DEFAULT_KIND, check_public_key, generate_private_key
from tlsmith.core.names import parse_names
from tlsmith.core.requested import read_request
from tlsmith.errors import ConfigError, FileError, InputError, TLSmithError
from tlsmith.files import NewFile, read_file

if TYPE_CHECKING:
    from tlsmith.authority.service import Issued, Wanted
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


class _Row(NamedTuple):
    """A row that was read, and the key that was made for it."""

    line: int
    values: dict[str, str]
    key: PrivateKey | None


def issue_from_csv(options: dict[str, Any]) -> None:
    """Issue a certificate for each row; rows that are refused are named at the end.

    Raises:
        ConfigError: rows were refused; the others were issued.
    """
    if options["out_dir"]:
        check_folder(options["out_dir"])
    faults: list[str] = []
    waiting: deque[_Row] = deque()
    progress = _Progress()
    with (
        _opened(options["from_csv"]) as file,
        open_authority(options["store"], options["passphrase_file"]) as authority,
    ):
        wanted = _wanted(_rows(file, options["from_csv"]), options, waiting, faults)
        for result in authority.issue_many(wanted, person()):
            row = waiting.popleft()
            if isinstance(result, TLSmithError):
                faults.append(_fault(row.line, result))
            else:
                _deliver(row, result, options)
            progress.step()
    progress.end(len(faults))
    if faults:
        raise ConfigError(
            f"{len(faults)} of the rows in {options['from_csv']!r} were refused",
            mistakes=faults[:100],
            hint="mend these rows, and give them alone in another file: the others "
            "were issued",
        )


@contextlib.contextmanager
def _opened(path: str) -> Iterator[Any]:
    """Give the text of a file, read row by row: there may be millions."""
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


def _rows(file: Any, path: str) -> Iterator[tuple[int, dict[str, str]]]:
    reader = csv.DictReader(file)
    unknown = set(reader.fieldnames or ()) - set(_COLUMNS)
    if unknown or not {"names", "csr"} & set(reader.fieldnames or ()):
        raise InputError(
            f"{path!r} has not the columns of certificates"
            + (f": {', '.join(sorted(map(str, unknown)))}" if unknown else ""),
            hint=f"its first line names columns of {', '.join(_COLUMNS)}",
        )
    for row in reader:
        yield reader.line_num, {key: value or "" for key, value in row.items() if key}


def _wanted(
    rows: Iterator[tuple[int, dict[str, str]]],
    options: dict[str, Any],
    waiting: deque[_Row],
    faults: list[str],
) -> Iterator[Wanted]:
    for line, values in rows:
        try:
            wanted, key = _of_row(values, options)
        except TLSmithError as error:
            faults.append(_fault(line, error))
            continue
        waiting.append(_Row(line, values, key))
        yield wanted


def _of_row(
    values: dict[str, str], options: dict[str, Any]
) -> tuple[Wanted, PrivateKey | None]:
    names = parse_names(values["names"].split()) if values.get("names") else ()
    key, request = None, None
    if values.get("csr"):
        request = read_request(_csr(values["csr"]))
        names, public_key = names or request.names, request.public_key
    elif values.get("public_key"):
        public_key = _public_key(values["public_key"])
    else:
        key = generate_private_key(options["kind"] or DEFAULT_KIND)
        public_key = key.public_key()
    mine = dict(options)
    for column in ("profile", "subject"):
        mine[column] = values.get(column) or options[column]
    if values.get("days"):
        mine["days"] = _days(values["days"])
    return wanted_of(names, public_key, request, mine), key


def _csr(text: str) -> bytes:
    """Return a CSR that a cell holds: its file's name, or its DER in base64."""
    if text.startswith("MI"):
        try:
            return base64.b64decode(text, validate=True)
        except binascii.Error:
            pass
    return read_file(text)


def _public_key(text: str) -> PublicKey:
    """Return a public key that a cell holds: its file's name, or DER in base64.

    Who gives the file vouches that the key is whose the names are: unlike a CSR it
    proves nothing (RFC 4211 section 4).
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import (
        load_der_public_key,
        load_pem_public_key,
    )

    try:
        if text.startswith("M"):
            key: Any = load_der_public_key(base64.b64decode(text, validate=True))
        else:
            key = load_pem_public_key(read_file(text))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise InputError(
            "a public key that cannot be read", hint="give PEM, or DER in base64"
        ) from error
    check_public_key(key)
    return key  # type: ignore[no-any-return]


def _days(text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise InputError(f"not a number of days: {text!r}") from error


def _deliver(row: _Row, issued: Issued, options: dict[str, Any]) -> None:
    """Write the files of a row; without a place, print the certificate as JSON."""
    folder = options["out_dir"]
    cert_file = row.values.get("cert_file") or ""
    if not cert_file and folder:
        cert_file = f"{_stem(issued)}.pem"
    key_file = row.values.get("key_file") or (
        f"{_stem(issued)}-key.pem" if row.key else ""
    )
    files = []
    if row.key is not None:
        place = os.path.join(folder or "", key_file)
        files.append(NewFile(place, encode_private_key(row.key), secret=True))
    if cert_file:
        place = os.path.join(folder or "", cert_file)
        files.append(NewFile(place, encode_chain(issued.chain)))
    if files:
        write_issued(issued, files)
    if options["as_json"] or not cert_file:
        chain = {} if cert_file else {"chain": encode_chain(issued.chain).decode()}
        emit_json(issued_facts(issued) | chain, indent=None, at_once=False)


def _stem(issued: Issued) -> str:
    """Return a file name: the first name and the serial number, without a path."""
    name = issued.names[0] if issued.names else "certificate"
    safe = "".join(c if c.isalnum() or c in ".-" else "_" for c in name)
    return f"{safe.lstrip('.')[:100]}-{issued.serial_number & 0xFFFFFFFFFF:010x}"


def _fault(line: int, error: TLSmithError) -> str:
    reasons = getattr(error, "reasons", ())
    return f"line {line}: {error.message}" + (
        f": {'; '.join(reasons)}" if reasons else ""
    )


class _Progress:
    """Tells a person how far it is, once a second."""

    def __init__(self) -> None:
        self._begun = self._told = time.monotonic()
        self._number = 0
        self._is_watched = is_somebody_there()

    def step(self) -> None:
        self._number += 1
        if self._is_watched and self._number % 500 == 0:
            now = time.monotonic()
            if now - self._told > 1:
                self._told = now
                sys.stderr.write(f"\r{self._number:,} issued")
                sys.stderr.flush()

    def end(self, refused: int) -> None:
        seconds = max(time.monotonic() - self._begun, 0.001)
        issued = self._number
        if self._is_watched and issued >= 500:
            sys.stderr.write("\r")
        say(
            f"{issued:,} rows in {seconds:.1f} s ({issued / seconds:,.0f} a second)"
            + (f", {refused:,} refused" if refused else "")
        )
