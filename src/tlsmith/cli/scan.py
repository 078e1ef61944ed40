"""`tlsmith scan`: find where TLS verification is off, and put it right."""

from __future__ import annotations

from typing import Any

import click

from tlsmith.cli.output import emit
from tlsmith.cli.scan_options import scan_options
from tlsmith.errors import InputError


class _PathsOrCommand(click.Group):
    """A group whose own argument is paths: a command is one only as the first word."""

    allow_interspersed_args = True

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        return ["[OPTIONS]", "[PATH]..."]

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
@scan_options
@click.pass_context
def scan(context: click.Context, /, **options: Any) -> int | None:
    """Find where TLS verification is off, and put it right.

    Reads code, scripts, configuration and artefacts below each PATH (`-` is standard
    input) and tells each place where certificates are not verified, traffic is not
    encrypted, or a private key lies open: what it means, and what to write instead.
    What .gitignore leaves out is left out here. Findings in tests, examples and
    documentation, and those about this machine itself, are graded lower.

    --env judges the environment it runs in and what configures the programs of this
    person and machine (curl, git, npm, pip, Docker, kubectl...), --process the running
    processes; both tell a variable's name and what is wrong, and nothing else of it.

    A finding that is to stay is marked in a comment on its line or the one above, with
    a reason: `tlsmith: ignore[RULE] REASON`. Settings are those of [tool.tlsmith.scan]
    in pyproject.toml or [scan] in .tlsmith.toml, found upward from the first PATH.

    A folder that has the name of a command is given as ./rules.

    \b
    Examples:
      tlsmith scan .
      tlsmith scan --staged --fail-on medium
      tlsmith scan src --fix --dry-run
      tlsmith scan . --format sarif --output tlsmith.sarif
      tlsmith scan . --baseline .tlsmith-baseline.json
      tlsmith scan --env
      git show HEAD:deploy.sh | tlsmith scan - --stdin-name deploy.sh
      tlsmith scan rules
      tlsmith scan explain python-requests-verify-false

    Exit codes: 0 no finding of --fail-on's severity, 1 one or more, 2 wrong usage or
    settings, 3 failure.
    """
    if context.invoked_subcommand is not None:
        return None
    if any(options[name] for name in ("changed_since", "staged", "history")):
        options["paths"] = options["paths"] or (".",)
    others = ("prove", "env", "process")
    if not options["paths"] and not any(options[name] for name in others):
        raise InputError(
            "nothing to scan",
            code="usage",
            hint="name files or folders, as in: tlsmith scan .",
        )
    from tlsmith.cli.scan_report import answer

    return answer(options)


@scan.command(short_help="List every rule.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@click.option("--language", metavar="NAME", help="Only rules that read this language.")
def rules(as_json: bool, language: str | None) -> None:
    """List every rule: its id, how bad it is, where it looks, and what it finds.

    \b
    Examples:
      tlsmith scan rules
      tlsmith scan rules --language python
      tlsmith scan rules --json
    """
    from tlsmith.cli.scan_rules import emit_rules

    emit_rules(language, as_json=as_json)


@scan.command(short_help="Explain a rule.")
@click.argument("rule", metavar="RULE")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def explain(rule: str, as_json: bool) -> None:
    """Explain a rule: what it finds, what can happen, what to write instead.

    With what it finds and what it does not, as samples it is tested with.

    \b
    Examples:
      tlsmith scan explain python-requests-verify-false
    """
    from tlsmith.cli.scan_rules import explained, rule_facts, rule_named

    found = rule_named(rule)
    if as_json:
        from tlsmith.cli.output import emit_json

        emit_json(rule_facts(found))
    else:
        emit(explained(found))
