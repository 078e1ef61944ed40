"""`tlsmith scan`: find where TLS verification is off, and put it right."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

import click

from tlsmith.cli.entry import CLEAN, FINDINGS
from tlsmith.cli.output import counted, emit, say
from tlsmith.cli.scan_run import Asked, Scanned, every_rule, run_scan
from tlsmith.errors import InputError
from tlsmith.scan.finding import SEVERITIES, Finding
from tlsmith.scan.reporters import FORMATS, Results, report


class _PathsOrCommand(click.Group):
    """A group whose own argument is paths: a command is one only as the first word."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or args[0] not in self.commands:
            return click.Command.parse_args(self, ctx, args)
        click.Command.parse_args(self, ctx, [])
        # Where click keeps the words it has not looked at, by its version.
        kept = (
            "_protected_args" if hasattr(ctx, "_protected_args") else "protected_args"
        )
        setattr(ctx, kept, args[:1])
        ctx.args = args[1:]
        return ctx.args


@click.group(
    cls=_PathsOrCommand,
    invoke_without_command=True,
    subcommand_metavar="",
    short_help="Find where TLS verification is off, and put it right.",
)
@click.argument("paths", metavar="PATH...", nargs=-1)
@click.option("--format", "form", type=click.Choice(FORMATS), help="How to tell it.")
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option(
    "--fail-on",
    type=click.Choice([*SEVERITIES, "never"]),
    default="low",
    show_default=True,
    help="Exit with 1 from this severity on.",
)
@click.pass_context
def scan(
    context: click.Context, /, paths: tuple[str, ...], **options: Any
) -> int | None:
    """Find where TLS verification is off, and put it right.

    \b
    Examples:
      tlsmith scan .
    """
    if context.invoked_subcommand is not None:
        return None
    if not paths:
        raise InputError(
            "nothing to scan",
            code="usage",
            hint="name files or folders: tlsmith scan .",
        )
    began = time.monotonic()
    rules = every_rule()
    scanned = run_scan(Asked(paths, rules))
    results = Results(
        scanned.findings,
        {rule.id: rule for rule in rules},
        files=scanned.files,
        colour=sys.stdout.isatty() and not os.environ.get("NO_COLOR"),
    )
    form = "json" if options["as_json"] else options["form"] or "human"
    text = report(form, results)
    if text:
        emit(text)
    _summarise(results, scanned, time.monotonic() - began)
    return _exit_code([finding for finding, _ in results.told], options["fail_on"])


def _summarise(results: Results, scanned: Scanned, seconds: float) -> None:
    counts = results.counts()
    told = ", ".join(f"{number} {severity}" for severity, number in counts.items())
    skipped = Counter(reason for _, reason in scanned.skipped)
    parts = [f"{counted(scanned.files, 'file', 'files')} in {seconds:.1f} s"]
    parts += [f"{number:,} {reason} skipped" for reason, number in skipped.items()]
    found = counted(sum(counts.values()), "finding", "findings")
    say(f"{found}{f' ({told})' if told else ''}; {', '.join(parts)}")


def _exit_code(findings: Sequence[Finding], fail_on: str) -> int:
    if fail_on == "never":
        return CLEAN
    least = SEVERITIES.index(fail_on)
    bad = any(SEVERITIES.index(finding.severity) >= least for finding in findings)
    return FINDINGS if bad else CLEAN
