"""`tlsmith audit`: the log of what was done, and its proof."""

from __future__ import annotations

import sys

import click

from tlsmith.cli.entry import FINDINGS
from tlsmith.cli.output import emit, emit_json, say
from tlsmith.cli.store import json_option, open_authority, store_option
from tlsmith.cli.table import table


@click.group(short_help="Read and verify the audit log.", no_args_is_help=False)
def audit() -> None:
    """Read and verify the audit log.

    It says who did what; each record is chained to the one before.

    \b
    Examples:
      tlsmith audit verify
      tlsmith audit list --limit 20
      tlsmith audit export > audit.jsonl
    """


@audit.command(short_help="Verify that no record was changed.")
@store_option
@click.option("--head", metavar="HASH", help="A hash that was written down earlier.")
@json_option
def verify(store: str | None, head: str | None, as_json: bool) -> int:
    """Verify that no record was changed and none is missing.

    Write the hash that is printed down elsewhere: given as --head later, it shows
    whether the log was cut off and made anew.

    \b
    Examples:
      tlsmith audit verify
      tlsmith audit verify --head 5f3a...
    """
    from tlsmith.authority.audit_check import check_audit

    with open_authority(store) as authority, authority.storage.read() as connection:
        checked = check_audit(connection, known_head=head, progress=_progress)
    if as_json:
        facts = {
            "records": checked.number,
            "head": checked.head,
            "faults": list(checked.faults),
            "intact": not checked.faults,
        }
        emit_json(facts)
    else:
        for fault in checked.faults:
            emit(f"FAULT  {fault}")
        if not checked.faults:
            emit(f"{checked.number:,} records, all as they were written")
            emit(f"last hash {checked.head}")
    return FINDINGS if checked.faults else 0


@audit.command("list", short_help="List the last records.")
@store_option
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, help="How many.")
@json_option
def list_command(store: str | None, limit: int, as_json: bool) -> None:
    """List the last records, the newest first.

    \b
    Example:
      tlsmith audit list --limit 10
    """
    from tlsmith.authority.records import audit_facts
    from tlsmith.storage.audit import latest_records

    with open_authority(store) as authority, authority.storage.read() as connection:
        records = latest_records(connection, limit=limit)
    if as_json:
        for record in records:
            emit_json(audit_facts(record), indent=None)
        return
    heads = ("number", "when", "who", "what", "to what", "more")
    rows = [
        (
            str(one.sequence),
            f"{one.at:%Y-%m-%d %H:%M:%S}",
            one.actor,
            one.action,
            one.object,
            _short(one.detail),
        )
        for one in records
    ]
    emit(table([heads, *rows]))


@audit.command(short_help="Print every record, as JSON.")
@store_option
@click.option("--after", type=int, default=0, help="Only those behind a number.")
def export(store: str | None, after: int) -> None:
    """Print every record as JSON, one a line, the oldest first.

    \b
    Example:
      tlsmith audit export --after 1000 >> audit.jsonl
    """
    from tlsmith.authority.records import audit_facts
    from tlsmith.storage.audit import records

    with open_authority(store) as authority, authority.storage.read() as connection:
        for record in records(connection, after=after):
            emit_json(audit_facts(record), indent=None)


def _short(detail: str) -> str:
    return detail if len(detail) <= 60 else detail[:57] + "..."


def _progress(number: int) -> None:
    if sys.stderr.isatty():
        say(f"{number:,} records verified")
