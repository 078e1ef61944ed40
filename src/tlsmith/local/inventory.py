"""What was made so far: one line of JSON for every certificate."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from tlsmith.core.issuer import IssuedCertificate
from tlsmith.errors import FileError
from tlsmith.files import read_file

_FILE = "certificates.jsonl"


class Record(NamedTuple):
    """A certificate that was made, and where it was put.

    Args:
        names: as in its subjectAltName.
        cert_file: absolute.
        not_after: last second of its validity, in UTC.
        serial_number: hexadecimal.
        made_by: "make" or "mkcert".
    """

    names: tuple[str, ...]
    cert_file: str
    not_after: datetime
    serial_number: str
    made_by: str


def record(
    home: str,
    issued: IssuedCertificate,
    names: Sequence[str],
    cert_file: str,
    made_by: str = "make",
) -> None:
    """Add a certificate to the inventory of `home`; what cannot be is left out.

    The certificate is made and on disk by then: it would be wrong to call that failed.
    """
    entry = Record(
        tuple(names),
        os.path.abspath(cert_file),
        issued.not_after,
        f"{issued.serial_number:x}",
        made_by,
    )
    facts = entry._asdict() | {"not_after": entry.not_after.isoformat()}
    # Escaped: a file's name may have bytes that are no characters.
    line = (json.dumps(facts) + "\n").encode("ascii")
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    try:
        # One write, appended: two processes never mix their lines.
        descriptor = os.open(os.path.join(home, _FILE), flags, 0o600)
        try:
            os.write(descriptor, line)
        finally:
            os.close(descriptor)
    except OSError:
        return


def inventory(home: str) -> list[Record]:
    """Return the certificates made so far whose files are still there, oldest first."""
    try:
        lines = read_file(os.path.join(home, _FILE)).splitlines()
    except FileError as error:
        if error.code == "file-not-found":
            return []
        raise
    latest: dict[str, Record] = {}
    for line in lines:
        found = _parse(line)
        if found is not None:
            latest.pop(found.cert_file, None)
            latest[found.cert_file] = found
    return [entry for entry in latest.values() if os.path.exists(entry.cert_file)]


def _parse(line: bytes) -> Record | None:
    """Return the record of a line; None for one that a crash cut short."""
    try:
        facts = json.loads(line)
        return Record(
            tuple(map(str, facts["names"])),
            os.fspath(facts["cert_file"]),
            datetime.fromisoformat(facts["not_after"]),
            str(facts["serial_number"]),
            str(facts["made_by"]),
        )
    except (ValueError, KeyError, TypeError):
        return None
