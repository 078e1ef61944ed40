"""An `index.txt` together with the certificates it tells of."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from tlsmith.authority.adoption.adopted import AdoptedCertificate, Records
from tlsmith.authority.adoption.crl_records import differences, load_crl, number_of
from tlsmith.authority.adoption.index_text import IndexEntry, parse_index
from tlsmith.authority.adoption.issued import not_revoked, revoked
from tlsmith.authority.adoption.source import SourceFolder, is_plain_name
from tlsmith.core.formats import split_pem
from tlsmith.errors import FileError, InputError

_MOST_NAMED = 3


class IndexPlaces(NamedTuple):
    """Where a CA that `openssl ca` keeps has its files; absolute paths.

    Args:
        folders: where certificates lie under their serial numbers, first to last.
    """

    database: str
    serial: str
    crlnumber: str
    folders: tuple[str, ...]
    crl: str


def read_index_records(
    source: SourceFolder, places: IndexPlaces, now: datetime
) -> Records:
    """Return all that such a CA wrote down.

    Raises:
        FileError: the index is missing, or not ours to read.
        ConfigError: lines of revoked certificates cannot be read.
        InputError: the CRL is damaged.
    """
    index = parse_index(source.read(places.database), repr(places.database))
    shelf = _Shelf(source, places.folders, now)
    entries, notes = _each_serial_once(index.entries)
    issued = tuple(_adopted(entry, shelf.find(entry), now) for entry in entries)
    held = [e.revocation for e in entries if e.revocation]
    if any(one.hold_instruction for one in held):
        notes.append("hold instruction codes are not kept: RFC 5280 has them no more")
    crl = _crl(source, places.crl)
    if crl is not None:
        notes += differences(issued, crl)
    number, more = _crl_number(source, places.crlnumber, crl)
    next_serial = _hexadecimal(source, places.serial)
    return Records(
        issued,
        number,
        next_serial,
        crl,
        (*index.notes, *notes, *shelf.notes(), *more, *_serial_note(source, places)),
    )


class _Shelf:
    """The certificates of an index, each in a file under its serial number."""

    def __init__(
        self, source: SourceFolder, folders: Sequence[str], now: datetime
    ) -> None:
        self._source = source
        self._now = now
        self._files = {
            _serial_of(path): path
            for folder in reversed(folders)
            for path in source.files(folder)
            if _serial_of(path) is not None
        }
        self._folders = folders
        self._missing: list[int] = []
        self._wrong: list[str] = []
        self._refused: list[str] = []

    def find(self, entry: IndexEntry) -> AdoptedCertificate | None:
        path = self._files.get(entry.serial_number) or self._by_name(entry)
        if path is None:
            self._missing.append(entry.serial_number)
            return None
        try:
            found = not_revoked(_certificate(self._source.read(path)), self._now)
        except (InputError, FileError) as error:
            self._wrong.append(f"{path!r}: {error.message}")
            return None
        if found.serial_number != entry.serial_number:
            self._wrong.append(f"{path!r}: its serial number is another")
            return None
        return found

    def _by_name(self, entry: IndexEntry) -> str | None:
        if entry.file == "unknown":
            return None
        if not is_plain_name(entry.file):
            self._refused.append(f"line {entry.line}: {entry.file!r}")
            return None
        paths = (self._source.place(one, entry.file) for one in self._folders)
        return next((path for path in paths if self._source.has(path)), None)

    def notes(self) -> Iterable[str]:
        yield from _note(
            [f"{one:X}" for one in self._missing],
            "certificates are known by the index alone, as their files are not here",
        )
        yield from _note(
            self._wrong, "files hold not the certificate that the index tells of"
        )
        yield from _note(
            self._refused, "file names in the index lead elsewhere, and were not read"
        )


def _note(what: Sequence[str], words: str) -> Iterable[str]:
    if what:
        named = ", ".join(what[:_MOST_NAMED])
        yield f"{len(what)} {words}: {named}" + (
            ", ..." if len(what) > _MOST_NAMED else ""
        )


def _serial_of(path: str) -> int | None:
    stem = os.path.splitext(os.path.basename(path))[0]
    try:
        return int(stem, 16)
    except ValueError:
        return None


def _certificate(data: bytes) -> bytes:
    if data[:1] == b"\x30":
        return data
    labelled = (der for label, der in split_pem(data) if label.endswith("CERTIFICATE"))
    return next(labelled, b"")


def _each_serial_once(
    entries: Iterable[IndexEntry],
) -> tuple[list[IndexEntry], list[str]]:
    """Keep one line of each serial number: revoked before all else, then the latest."""
    kept: dict[int, IndexEntry] = {}
    twice: dict[int, list[int]] = {}
    for entry in entries:
        other = kept.setdefault(entry.serial_number, entry)
        if other is entry:
            continue
        twice.setdefault(entry.serial_number, [other.line]).append(entry.line)
        if entry.revocation or not other.revocation:
            kept[entry.serial_number] = entry
    notes = [
        f"the serial number {serial_number:X} is on lines "
        f"{' and '.join(map(str, lines))}; taken is line {kept[serial_number].line}"
        for serial_number, lines in twice.items()
    ]
    return list(kept.values()), notes


def _adopted(
    entry: IndexEntry, held: AdoptedCertificate | None, now: datetime
) -> AdoptedCertificate:
    is_over = entry.status == "expired" or entry.not_after < now
    one = AdoptedCertificate(
        entry.serial_number,
        "expired" if is_over else "good",
        entry.not_after,
        held.subject if held else entry.subject,
        held.der if held else None,
    )
    revocation = entry.revocation
    if revocation is None:
        return one
    return revoked(one, revocation.date, revocation.reason)._replace(
        invalidity_date=revocation.invalidity_date
    )


def _crl(source: SourceFolder, path: str) -> bytes | None:
    if not path or not source.has(path):
        return None
    return load_crl(source.read(path), repr(path))


def _crl_number(
    source: SourceFolder, path: str, crl: bytes | None
) -> tuple[int | None, list[str]]:
    """Return the number of the latest CRL: the file `crlnumber` holds the next."""
    following = _hexadecimal(source, path)
    numbers = [following - 1] if following is not None else []
    notes = []
    if crl is not None:
        number = number_of(crl)
        if number is None:
            notes.append("its CRL has no number (RFC 5280 5.2.3); ours will have one")
        else:
            numbers.append(number)
    return (max(numbers) if numbers else None), notes


def _hexadecimal(source: SourceFolder, path: str) -> int | None:
    if not path or not source.has(path):
        return None
    try:
        return int(source.read(path).decode("ascii").strip(), 16)
    except ValueError:
        return None


def _serial_note(source: SourceFolder, places: IndexPlaces) -> Iterable[str]:
    for path in (places.serial, places.crlnumber):
        if path and source.has(path) and _hexadecimal(source, path) is None:
            yield f"{path!r} holds no hexadecimal number, and was passed by"
