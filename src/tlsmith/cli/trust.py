"""`tlsmith trust`: have this machine's clients trust a root, or no longer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import click

from tlsmith.cli.elevate import offer, root_command
from tlsmith.cli.entry import CLEAN, FAILURE
from tlsmith.cli.home import safe_home
from tlsmith.cli.output import emit, emit_json, say
from tlsmith.cli.trust_choice import Choice, choice_options, missing
from tlsmith.cli.trust_environment import (
    is_meant,
    looked_at,
    of_this_home,
    refresh,
    say_what_is_next,
    take_out,
    with_environment,
)
from tlsmith.cli.trust_host import (
    say_who_reads_it_late,
    tell_of_unknown_system,
)
from tlsmith.cli.trust_registries import (
    check_registries,
    with_registries,
)
from tlsmith.cli.trust_report import (
    changes_table,
    outcome_facts,
    summary,
)
from tlsmith.cli.trust_roots import (
    NOT_MADE_YET,
    Chosen,
    is_agreed,
    local_roots,
    named_roots,
    roots_to_install,
)
from tlsmith.cli.trust_status import status_command
from tlsmith.errors import TrustStoreError
from tlsmith.files import data_home
from tlsmith.truststores import (
    Host,
    Outcome,
    find_stores,
    install,
    plan_install,
    plan_uninstall,
    uninstall,
)
from tlsmith.truststores.image import no_store_in


@click.group(
    short_help="Have this machine trust the local CA, or not.", no_args_is_help=False
)
def trust() -> None:
    """Have this machine trust the local CA, or not.

    \b
    Examples:
      tlsmith trust install
      tlsmith trust status
      tlsmith trust uninstall
    """


trust.add_command(status_command)


@trust.command("install", short_help="Add the root to every trust store.")
@choice_options(dry_run=True)
@click.option(
    "--registry",
    "registries",
    multiple=True,
    metavar="HOST[:PORT]",
    help="A container registry to trust, whose folder in certs.d is made for the "
    "container tools here. May be repeated.",
)
def install_command(**options: Any) -> int:
    """Add the root to every trust store on this machine.

    The local CA is made if there is none yet. A store that trusts the root already is
    left alone. What cannot be done is named, with the one command that does it; the
    rest is done.

    \b
    Examples:
      tlsmith trust install
      tlsmith trust install --env
      tlsmith trust install --dry-run
      tlsmith trust install --store system --store java
      tlsmith trust install --registry localhost:5000
      tlsmith trust install --root company-root.pem
      tlsmith trust install --root company-root.pem --dir rootfs
    """
    choice = Choice(**options)
    if choice.registries and choice.directory is not None:
        raise click.UsageError(
            "--registry is about this machine's container tools, --dir about an image"
        )
    host, home = choice.host(), safe_home()
    env = is_meant(choice.names, env=choice.env)
    stores = of_this_home(find_stores(host, choice.names), home)
    if not stores and host.image:
        raise no_store_in(host)
    if not choice.names or "system" in choice.names:
        tell_of_unknown_system(host)
    stores, registries = with_registries(stores, host, choice.registries)
    if not stores and not choice.names and not env:
        raise TrustStoreError(
            "no trust store was found on this machine",
            store="any",
            hint="point clients at the root instead: tlsmith ca export --root",
        )
    chosen = roots_to_install(choice.root_file, home, dry_run=choice.dry_run)
    if not is_agreed(chosen.doubts, yes=choice.yes or choice.dry_run):
        say("nothing was changed")
        return FAILURE
    roots = chosen.roots
    check_registries(registries, roots)
    if choice.dry_run:
        stores = looked_at(stores, host) if env else stores
        results = [_in_plan(found) for found in plan_install(stores, roots, host)]
    else:
        if not host.image:
            refresh(home, host)
        stores = with_environment(stores, host, home, roots) if env else stores
        results = install(stores, roots, host, home)
    results += missing(choice, stores, roots)
    return _finish("install", choice, host, results, chosen)


@trust.command("uninstall", short_help="Take the root out of every trust store.")
@choice_options(dry_run=True)
def uninstall_command(**options: Any) -> int:
    """Take the root out of every trust store, and leave each as it was before.

    Only what `install` put there is taken out, variables included. It is remembered
    apart from the CA: this works when the CA's files are gone, and after a crash.

    \b
    Examples:
      tlsmith trust uninstall
      tlsmith trust uninstall --store nss
      tlsmith trust uninstall --root company-root.pem
      tlsmith trust uninstall --root company-root.pem --dir rootfs
    """
    choice = Choice(**options)
    host, home = choice.host(), data_home()
    roots = named_roots(choice.root_file) if choice.root_file else local_roots(home)
    stores = find_stores(host, choice.names, remembered=True)
    if not stores and host.image:
        raise no_store_in(host)
    work = plan_uninstall if choice.dry_run else uninstall
    everything = choice.root_file is None
    results = work(stores, roots, host, home, journalled_too=everything)
    has_environment = not choice.names or is_meant(choice.names, env=choice.env)
    if has_environment and not choice.dry_run and not host.image:
        take_out(home, host, None if everything else roots)
    return _finish("uninstall", choice, host, results)


def _in_plan(outcome: Outcome) -> Outcome:
    if outcome.fingerprint != NOT_MADE_YET.fingerprint:
        return outcome
    message = outcome.message
    if outcome.changed:
        message = "would add the root of the local CA, which is made first"
    return replace(outcome, fingerprint="", message=message)


def _more_words(choice: Choice, needing: Sequence[str], *, asked: bool) -> list[str]:
    """Return the options that root needs beside the stores."""
    registries = choice.registries if "docker" in needing else ()
    words = [word for name in registries for word in ("--registry", name)]
    return [*words, *["--yes"] * asked]


def _finish(
    verb: str,
    choice: Choice,
    host: Host,
    results: Sequence[Outcome],
    chosen: Chosen | None = None,
) -> int:
    """Print what became of it, offer what needs root, and return the exit code."""
    needing = sorted({r.store for r in results if r.state == "needs-root"})
    asked = choice.yes or (chosen is not None and chosen.were_asked_about)
    command = None
    if needing:
        command = root_command(
            verb,
            needing,
            host,
            root_file=choice.root_file,
            directory=choice.directory,
            more=_more_words(choice, needing, asked=asked),
        )
    refused = chosen.refused if chosen is not None else []
    if choice.as_json:
        emit_json(
            {
                "stores": [outcome_facts(result) for result in results],
                "changed": any(result.changed for result in results),
                "dry_run": choice.dry_run,
                "command": command.text if command else None,
                "refused": [one.facts() for one in refused],
            }
        )
    else:
        table = changes_table(results, host.home)
        if table:
            emit(table)
        say(
            summary(
                verb,
                results,
                dry_run=choice.dry_run,
                image=host.image,
                root_file=choice.root_file,
            )
        )
        if not choice.dry_run:
            say_what_is_next(results)
            say_who_reads_it_late(results, host)
        if command is not None:
            say(f"\n{command.title}:\n  {command.text}")
            if not choice.dry_run and offer(command, yes=choice.yes) == CLEAN:
                results = [r for r in results if r.state != "needs-root"]
    wanted_and_absent = verb == "install" and any(r.state == "absent" for r in results)
    failed = any(result.is_failure for result in results) or wanted_and_absent
    return FAILURE if failed or refused else CLEAN
