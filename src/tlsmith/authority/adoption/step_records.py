"""What step-ca wrote into its database: certificates issued and revoked."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from tlsmith.authority.adoption.adopted import AdoptedCertificate, Records
from tlsmith.authority.adoption.badger.database import MANIFEST, read_badger
from tlsmith.authority.adoption.badger.table import VERSION, manifest_version
from tlsmith.authority.adoption.bolt import read_bolt
from tlsmith.authority.adoption.issued import REASONS, not_revoked, revoked
from tlsmith.authority.adoption.source import SourceFolder
from tlsmith.errors import InputError

_ISSUED, _REVOKED, _CRL = b"x509_certs", b"revoked_x509_certs", b"x509_crl"
_TABLES = (_ISSUED, _REVOKED, _CRL)
_UNKNOWN = (
    "what it issued is unknown here, and what it revoked is not revoked here; keep its "
    "own CRL or OCSP up until the last of its certificates has expired"
)
_SERVERS = ("mysql", "postgresql")

Tables = Mapping[bytes, Mapping[bytes, bytes]]


def read_step_records(
    source: SourceFolder, database: Mapping[str, str], now: datetime
) -> Records:
    """Return what a step-ca's database tells, or a note on why that is not read.

    Args:
        database: type, dataSource and valueDir of the `db` of its `ca.json`, the
            paths as they are now.

    Raises:
        InputError: it is there, and damaged.
        FileError: it is there, and not ours to read.
    """
    kind, place = database.get("type", "").lower(), database.get("dataSource", "")
    if not kind:
        return _without("it has no database: what it issued is recorded nowhere")
    if kind in _SERVERS:
        return _without(
            f"its records are in {kind}, on a server, and were not read: {_UNKNOWN}"
        )
    if kind == "bbolt" and source.has(place):
        with source.mapped(place) as data:
            return records_of(read_bolt(data, _TABLES, repr(place)), now)
    if kind.startswith("badger") and source.has_folder(place):
        return _from_badger(source, place, database.get("valueDir") or place, now)
    return _without(
        f"its database, {kind} at {place!r}, is not there or cannot be read: {_UNKNOWN}"
    )


def _from_badger(
    source: SourceFolder, folder: str, values: str, now: datetime
) -> Records:
    manifest = source.place(folder, MANIFEST)
    version = manifest_version(source.read(manifest)) if source.has(manifest) else None
    if version != VERSION:
        written = f"version {version}" if version is not None else "no version at all"
        return _without(
            f"its Badger database in {folder!r} is of {written} and cannot be read; "
            f"only that of Badger 2, version {VERSION}, can: {_UNKNOWN}"
        )
    try:
        records = records_of(read_badger(source, folder, values, _TABLES), now)
    except InputError as error:
        if error.code != "unsupported-database":
            raise
        return _without(f"{error.message}: {_UNKNOWN}")
    if not source.has(folder, "LOCK"):
        return records
    running = (
        f"{source.place(folder, 'LOCK')!r} is there: step-ca still runs, or crashed; "
        "what it issues from now on is unknown here. Stop it and adopt once more"
    )
    return records._replace(notes=(*records.notes, running))


def _without(note: str) -> Records:
    return Records(notes=(note,))


def records_of(tables: Tables, now: datetime) -> Records:
    """Return what step-ca's tables tell.

    Args:
        tables: `x509_certs`, `revoked_x509_certs` and `x509_crl`, key to value.

    Raises:
        InputError: an entry that revokes, or the CRL, is damaged.
    """
    issued, notes = {}, []
    for key, certificate in tables[_ISSUED].items():
        try:
            one = not_revoked(certificate, now)
        except InputError as error:
            notes.append(f"passed by: the certificate {_text(key)}: {error.message}")
            continue
        issued[one.serial_number] = one
    for key, entry in tables[_REVOKED].items():
        one = _revoked(key, entry, issued)
        issued[one.serial_number] = one
    number, crl = _crl(tables[_CRL])
    return Records(tuple(issued.values()), number, None, crl, tuple(notes))


def _revoked(
    key: bytes, entry: bytes, issued: Mapping[int, AdoptedCertificate]
) -> AdoptedCertificate:
    try:
        serial_number = int(key)
        facts: dict[str, Any] = json.loads(entry)
        date = _time(str(facts["RevokedAt"]))
        reason = REASONS.get(_reason_code(facts), "unspecified")
    except (ValueError, KeyError, TypeError) as error:
        raise _damaged(f"record of the revoked certificate {_text(key)}") from error
    unknown = AdoptedCertificate(serial_number, "revoked", None, "")
    return revoked(issued.get(serial_number, unknown), date, reason)


def _time(text: str) -> datetime:
    """Return a time as Go writes it, with nine digits of a second or none."""
    whole, _, rest = text.partition(".")
    zone = rest.lstrip("0123456789") if rest else ""
    moment = datetime.fromisoformat(whole + zone)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _reason_code(facts: Mapping[str, Any]) -> int:
    """Return a code of RFC 5280 5.3.1, which step-ca's first versions called Reason."""
    code = facts.get("ReasonCode", facts.get("Reason"))
    return code if isinstance(code, int) else 0


def _crl(entries: Mapping[bytes, bytes]) -> tuple[int | None, bytes | None]:
    """Return the number and DER of the CRL that newer versions of step-ca keep."""
    if b"crl" not in entries:
        return None, None
    try:
        facts = json.loads(entries[b"crl"])
        return int(facts["Number"]), base64.b64decode(facts["DER"], validate=True)
    except (KeyError, ValueError, TypeError) as error:
        raise _damaged("CRL") from error


def _damaged(what: str) -> InputError:
    return InputError(
        f"step-ca's {what} is damaged",
        code="database-damaged",
        hint="stop step-ca, copy its folder once more, and adopt that",
    )


def _text(key: bytes) -> str:
    return repr(key.decode("ascii", "replace"))
