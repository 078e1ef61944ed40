"""`tlsmith trust`: have this machine's clients trust a root, or no longer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import click

from tlsmith.cli.elevate import offer, root_command
from tlsmith.cli.entry import CLEAN, FAILURE, FINDINGS
from tlsmith.cli.home import safe_home
from tlsmith.cli.output import emit, emit_json, say
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
    chosen_host,
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
    status_text,
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
from tlsmith.errors import TrustStoreError
from tlsmith.files import data_home
from tlsmith.truststores import (
    Host,
    Outcome,
    Root,
    TrustStore,
    find_stores,
    install,
    plan_install,
    plan_uninstall,
    status,
    uninstall,
)
from tlsmith.truststores.changes import of_use
from tlsmith.truststores.image import no_store_in
from tlsmith.truststores.outcome import absent


@dataclass(frozen=True)
class _Choice:
    """What the options say, common to all three commands.

    Args:
        names: of stores; empty for all.
        root_file: None for the local CA's root.
        env: the person's environment as well.
        registries: those whose folders are to be made, HOST or HOST:PORT.
    """

    names: tuple[str, ...]
    root_file: str | None
    as_json: bool
    env: bool = False
    dry_run: bool = False
    yes: bool = False
    directory: str | None = None
    registries: tuple[str, ...] = ()

    def host(self) -> Host:
        """Return the machine that is meant, or the image."""
        return chosen_host(self.names, self.directory, env=self.env)


def _choice_options(*, dry_run: bool) -> Callable[[Any], Any]:
    options = [
        click.option(
            "--store",
            "names",
            multiple=True,
            metavar="NAME",
            help="Only this store: debian, alpine, rhel, arch, suse, macos, windows, "
            "wsl, java, nss, firefox, docker, env; system is the system's own, "
            "whichever it is. May be repeated.",
        ),
        click.option(
            "--root",
            "root_file",
            metavar="FILE",
            help="A root certificate instead of the local CA's.",
        ),
        click.option(
            "--env",
            is_flag=True,
            help="The variables of your programs too: shell profiles, systemd's "
            "environment.d, Windows' user environment.",
        ),
        click.option(
            "--dir",
            "directory",
            metavar="ROOTFS",
            help="An unpacked image or chroot instead of this machine: its system's "
            "store and its Javas. Nothing in it is run.",
        ),
        click.option("--json", "as_json", is_flag=True, help="Print facts as JSON."),
    ]
    if dry_run:
        options += [
            click.option(
                "--dry-run", is_flag=True, help="Say what would be done, and stop."
            ),
            click.option("--yes", is_flag=True, help="Ask nothing: the answer is yes."),
        ]

    def add(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return add


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


@trust.command("install", short_help="Add the root to every trust store.")
@_choice_options(dry_run=True)
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
    choice = _Choice(**options)
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
    results += _missing(choice, stores, roots)
    return _finish("install", choice, host, results, chosen)


@trust.command("uninstall", short_help="Take the root out of every trust store.")
@_choice_options(dry_run=True)
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
    choice = _Choice(**options)
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


@trust.command("status", short_help="Say who trusts the root, and prove it.")
@_choice_options(dry_run=False)
@click.option("--no-proof", is_flag=True, help="Leave out the connections.")
def status_command(no_proof: bool, **options: Any) -> int:
    """Say which stores trust the root, and prove it with real connections.

    Shows the local CA, each store, each certificate made so far with its expiry, and
    what every TLS client on the machine makes of a server on 127.0.0.1 with a
    certificate from the CA: command-line tools, Python, Node, Java and other runtimes
    with their libraries, browsers. Each row says which store or variable decides, and
    what mends it. A client that takes a stranger's certificate as well does not verify
    at all, and is named.

    Exit code 0 where all trust it, 1 where something does not.

    \b
    Examples:
      tlsmith trust status
      tlsmith trust status --no-proof
      tlsmith trust status --json
    """
    choice = _Choice(**options)
    home, now = data_home(), datetime.now(UTC)
    roots = named_roots(choice.root_file) if choice.root_file else local_roots(home)
    host = choice.host()
    if not host.image:
        refresh(home, host)
    stores = of_this_home(find_stores(host, choice.names), home)
    if not stores and host.image:
        raise no_store_in(host)
    if is_meant(choice.names, env=choice.env):
        stores = looked_at(stores, host)
    results = status(stores, roots) + _missing(choice, stores, roots)
    if not roots:
        results = [
            Outcome(s.name, s.place, "", "not-trusted", message="no local CA yet")
            for s in stores
        ]
    facts: dict[str, Any] = {
        "authority": None,
        "stores": [outcome_facts(found) for found in results],
        "certificates": [],
        "proof": None,
    }
    if choice.root_file is None and not host.image:
        _add_local_facts(facts, home, now)
        if not no_proof:
            known = status(find_stores(host), roots) if choice.names else results
            facts["proof"] = _proof(home, now, host, known)
    current = roots[0].fingerprint if roots and choice.root_file is None else None
    facts["trusted"] = _is_all_trusted(facts, current)
    if choice.as_json:
        emit_json(facts)
    else:
        emit(status_text(facts, now, current))
    return CLEAN if facts["trusted"] else FINDINGS


def _in_plan(outcome: Outcome) -> Outcome:
    if outcome.fingerprint != NOT_MADE_YET.fingerprint:
        return outcome
    message = outcome.message
    if outcome.changed:
        message = "would add the root of the local CA, which is made first"
    return replace(outcome, fingerprint="", message=message)


def _missing(
    choice: _Choice, stores: Sequence[TrustStore], roots: Sequence[Root]
) -> list[Outcome]:
    """Return an outcome for each store that was named and is not on this machine."""
    there = {
        word
        for store, _ in of_use(stores, roots)
        for word in (store.name, store.family)
    }
    return [
        absent(name, root)
        for name in choice.names
        if name not in there
        for root in roots
    ]


def _more_words(choice: _Choice, needing: Sequence[str], *, asked: bool) -> list[str]:
    """Return the options that root needs beside the stores."""
    registries = choice.registries if "docker" in needing else ()
    words = [word for name in registries for word in ("--registry", name)]
    return [*words, *["--yes"] * asked]


def _finish(
    verb: str,
    choice: _Choice,
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
        say(summary(verb, results, dry_run=choice.dry_run, image=host.image))
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


def _add_local_facts(facts: dict[str, Any], home: str, now: datetime) -> None:
    """Add what there is to say of the local CA."""
    from tlsmith.local import inventory, load_authority

    facts["certificates"] = [
        {
            "names": list(record.names),
            "cert_file": record.cert_file,
            "not_after": record.not_after.isoformat(),
            "serial_number": record.serial_number,
            "expired": record.not_after < now,
        }
        for record in inventory(home)
    ]
    authority = load_authority(home)
    if authority is not None:
        from tlsmith.cli.ca import authority_facts

        facts["authority"] = authority_facts(authority)


def _proof(
    home: str, now: datetime, host: Host, known: Sequence[Outcome]
) -> list[dict[str, Any]] | None:
    """Return what clients say of the local CA, where there is one."""
    from tlsmith.cli.proof import proof_facts
    from tlsmith.local import load_authority

    authority = load_authority(home)
    return None if authority is None else proof_facts(authority, now, host, known)


def _is_all_trusted(facts: dict[str, Any], current: str | None) -> bool:
    """Tell whether every store and client trusts the root that is in use."""
    rows = [
        row
        for row in facts["stores"]
        if row["state"] != "absent" and current in (None, row["root"])
    ]
    proofs = facts["proof"] or []
    return bool(rows or proofs) and all(
        [row["state"] == "trusted" for row in rows]
        + [proof["good"] for proof in proofs]
    )
