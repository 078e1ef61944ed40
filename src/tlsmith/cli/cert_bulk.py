"""`tlsmith cert issue --from-csv`: many certificates, many to a commit."""

from __future__ import annotations

import os
import sys
import time
from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tlsmith.cli.cert_issue import issued_facts
from tlsmith.cli.cert_rows import Row, RowReader, opened, read_rows
from tlsmith.cli.issued_files import check_folder, write_issued
from tlsmith.cli.output import emit_json, is_somebody_there, say
from tlsmith.cli.store import open_authority, person
from tlsmith.core.formats import encode_chain, encode_private_key
from tlsmith.errors import ConfigError, TLSmithError
from tlsmith.files import NewFile

if TYPE_CHECKING:
    from tlsmith.authority.issued import Issued
    from tlsmith.authority.wanted import Wanted


def issue_from_csv(options: dict[str, Any]) -> None:
    """Issue a certificate for each row; rows that are refused are named at the end.

    Raises:
        ConfigError: rows were refused; the others were issued.
    """
    reader = RowReader(options)
    if options["out_dir"]:
        check_folder(options["out_dir"])
    faults: list[str] = []
    waiting: deque[Row] = deque()
    progress = _Progress()
    with (
        opened(options["from_csv"]) as file,
        open_authority(options["store"], options["passphrase_file"]) as authority,
    ):
        rows = read_rows(file, options["from_csv"])
        wanted = _wanted(rows, reader, waiting, faults)
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


def _wanted(
    rows: Iterator[tuple[int, dict[str, str]]],
    reader: RowReader,
    waiting: deque[Row],
    faults: list[str],
) -> Iterator[Wanted]:
    for line, values in rows:
        try:
            wanted, key = reader.read(values)
        except TLSmithError as error:
            faults.append(_fault(line, error))
            continue
        waiting.append(Row(line, values, key))
        yield wanted


def _deliver(row: Row, issued: Issued, options: dict[str, Any]) -> None:
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
