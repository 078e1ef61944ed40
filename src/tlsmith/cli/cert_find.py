"""`tlsmith cert list`, `show`, `export`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from tlsmith.cli.cert_selection import one_certificate, select_by_key, select_by_name
from tlsmith.cli.durations import parse_duration
from tlsmith.cli.output import emit, emit_json, say, standard_or
from tlsmith.cli.store import json_option, open_authority, store_option
from tlsmith.cli.table import table
from tlsmith.errors import InputError
from tlsmith.storage.search import Search

if TYPE_CHECKING:
    from tlsmith.authority.service import Authority
    from tlsmith.storage.certificates import CertificateRecord

_LIMIT = 50
_MOST_NAMES = 4  # in a row


@click.command("list", short_help="List certificates.")
@store_option
@click.option("--name", help="A name, or .DOMAIN for all below it.")
@click.option("--serial", help="A serial number, hexadecimal.")
@click.option("--fingerprint", help="SHA-256 of a certificate.")
@click.option("--key", "key_file", metavar="FILE", help="Of this key.")
@click.option("--requester", help="Who asked, such as token:ci.")
@click.option("--profile", help="Of this profile.")
@click.option(
    "--status",
    type=click.Choice(["good", "revoked", "hold", "expired"]),
    metavar="STATUS",
    help="good, revoked, hold or expired.",
)
@click.option("--expires-in", metavar="TIME", help="Expire within 30d, 12h...")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many.")
@click.option("--all", "everything", is_flag=True, help="Without a limit.")
@json_option
def list_command(
    store: str | None,
    limit: int | None,
    everything: bool,
    as_json: bool,
    **conditions: Any,
) -> None:
    """List certificates, the newest first; everything given must hold.

    As JSON it is one object a line, and all of them unless --limit says otherwise.

    \b
    Examples:
      tlsmith cert list --name .corp.example --status good
      tlsmith cert list --expires-in 14d
      tlsmith cert list --key key.pem --json
    """
    now = datetime.now(UTC)
    search = search_of(now, **conditions)
    most = None if everything or (as_json and limit is None) else (limit or _LIMIT)
    with open_authority(store) as authority:
        found = _first(authority.find_all(search), most)
        if as_json:
            _print_lines(authority, found)
        else:
            _print_table(list(found), most, now)


def search_of(now: datetime, **conditions: Any) -> Search:
    """Return the search that options ask for.

    Raises:
        InputError: one of them cannot be read.
    """
    search = Search(requester=conditions["requester"], profile=conditions["profile"])
    if conditions["name"]:
        search = search._replace(name=select_by_name(conditions["name"]).search.name)
    if conditions["serial"]:
        search = search._replace(serial_number=_hexadecimal(conditions["serial"]))
    if conditions["fingerprint"]:
        digits = conditions["fingerprint"].replace(":", "")
        try:
            search = search._replace(fingerprint=bytes.fromhex(digits))
        except ValueError as error:
            raise InputError(
                f"not a fingerprint: {digits!r}", hint="give its SHA-256, hexadecimal"
            ) from error
    if conditions["key_file"]:
        selected = select_by_key(conditions["key_file"]).search
        search = search._replace(key_hash=selected.key_hash)
    if conditions["expires_in"]:
        until = now + parse_duration(conditions["expires_in"])
        search = search._replace(expires_after=now, expires_before=until)
    if conditions["status"] == "expired":
        return search._replace(expires_after=None, expires_before=now)
    return search._replace(status=conditions["status"])


def _hexadecimal(text: str) -> int:
    try:
        return int(text.replace(":", ""), 16)
    except ValueError as error:
        raise InputError(
            f"not a serial number: {text!r}", hint="write it in hexadecimal, whole"
        ) from error


@click.command(short_help="Show a certificate and what became of it.")
@click.argument("certificate", metavar="SERIAL|FILE")
@store_option
@json_option
def show(certificate: str, store: str | None, as_json: bool) -> None:
    """Show a certificate: whom it was issued to, for what, and its status.

    \b
    Example:
      tlsmith cert show 406a1b2c...
    """
    with open_authority(store) as authority:
        record = one_certificate(authority, certificate)
        facts = facts_of(authority, record)
    if as_json:
        emit_json(facts)
        return
    width = max(map(len, facts))
    lines = []
    for name, value in facts.items():
        shown = ", ".join(value) if isinstance(value, list) else value
        if shown not in (None, ""):
            lines.append(f"{name.replace('_', ' '):<{width}}  {shown}")
    emit("\n".join(lines))


@click.command(short_help="Print a certificate, PEM.")
@click.argument("certificate", metavar="SERIAL|FILE")
@store_option
@click.option("--chain", is_flag=True, help="With its intermediates.")
@click.option("--out", metavar="FILE", default="-", help="Where to; standard output.")
def export(certificate: str, store: str | None, chain: bool, out: str) -> None:
    """Print a certificate as PEM, with its chain if asked.

    \b
    Example:
      tlsmith cert export 406a1b2c... --chain --out www.pem
    """
    from tlsmith.authority.chains import chain_without_root
    from tlsmith.core.formats import encode_chain
    from tlsmith.files import write_file

    with open_authority(store) as authority:
        record = one_certificate(authority, certificate)
        if record.certificate is None:
            raise InputError(
                f"of {record.serial_number:x} the store knows the number alone",
                hint="it was adopted without the certificate itself",
            )
        certificates = [record.certificate]
        if chain:
            records = authority.issuers.records()
            own = next(one for one in records if one.id == record.authority_id)
            certificates += chain_without_root(own, records)
    write_file(standard_or(out), encode_chain(certificates))


def facts_of(authority: Authority, record: CertificateRecord) -> dict[str, Any]:
    """Return the facts of a certificate, its issuer by its slug."""
    from tlsmith.authority.records import certificate_facts

    slugs = {one.id: one.slug for one in authority.issuers.records()}
    return certificate_facts(record, slugs.get(record.authority_id, ""))


def _first(
    records: Iterable[CertificateRecord], most: int | None
) -> Iterator[CertificateRecord]:
    for number, record in enumerate(records):
        if number == most:
            return
        yield record


def _print_lines(authority: Authority, records: Iterable[CertificateRecord]) -> None:
    for record in records:
        emit_json(facts_of(authority, record), indent=None)


def _print_table(
    records: list[CertificateRecord], most: int | None, now: datetime
) -> None:
    if not records:
        say("no certificate was found")
        return
    rows = [
        (
            f"{record.serial_number:x}",
            _status(record, now),
            f"{record.not_after:%Y-%m-%d}",
            record.profile,
            record.requester,
            _few(record.names),
        )
        for record in records
    ]
    heads = ("serial number", "status", "good until", "profile", "requester", "names")
    emit(table([heads, *rows]))
    if len(records) == most:
        say(f"the first {most}: --all shows every one, --limit more or fewer")


def _few(names: Sequence[str]) -> str:
    """Return names for a row; `cert show` has all."""
    if len(names) <= _MOST_NAMES:
        return ", ".join(names)
    return f"{', '.join(names[:_MOST_NAMES])} and {len(names) - _MOST_NAMES} more"


def _status(record: CertificateRecord, now: datetime) -> str:
    from tlsmith.authority.records import STATUS_NAMES

    if record.not_after < now and record.status == 0:
        return "expired"
    return STATUS_NAMES[record.status]
