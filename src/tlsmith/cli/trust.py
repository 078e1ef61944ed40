"""`tlsmith trust`: have this machine's clients trust a root, or no longer."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import click

from tlsmith.cli.elevate import offer, root_command
from tlsmith.cli.entry import CLEAN, FAILURE, FINDINGS
from tlsmith.cli.home import safe_home
from tlsmith.cli.output import emit, emit_json, say, warn
from tlsmith.cli.trust_environment import (
    is_meant,
    looked_at,
    of_this_home,
    refresh,
    say_what_is_next,
    take_out,
    with_environment,
)
from tlsmith.cli.trust_registries import (
    RootToBe,
    check_registries,
    with_registries,
)
from tlsmith.cli.trust_report import (
    changes_table,
    outcome_facts,
    status_text,
    summary,
)
from tlsmith.errors import TLSmithError, TrustStoreError
from tlsmith.files import data_home, read_file
from tlsmith.truststores import (
    Host,
    Outcome,
    Root,
    TrustStore,
    check_root,
    current_host,
    find_stores,
    install,
    parse_roots,
    plan_install,
    plan_uninstall,
    status,
    uninstall,
)
from tlsmith.truststores.changes import of_use
from tlsmith.truststores.outcome import absent

# Stands for the root of a CA that is made only when it is needed.
_NOT_MADE_YET = RootToBe(b"the root of a CA that is not made yet")


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
    registries: tuple[str, ...] = ()


def _choice_options(*, dry_run: bool) -> Callable[[Any], Any]:
    options = [
        click.option(
            "--store",
            "names",
            multiple=True,
            metavar="NAME",
            help="Only this store: debian, macos, windows, wsl, java, nss, docker, "
            "env, or system for the system's own. May be repeated.",
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
        click.option("--json", "as_json", is_flag=True, help="Print facts as JSON."),
    ]
    if dry_run:
        options.append(
            click.option(
                "--dry-run", is_flag=True, help="Say what would be done, and stop."
            )
        )

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
    """
    choice = _Choice(**options)
    host, home = current_host(), safe_home()
    env = is_meant(choice.names, env=choice.env)
    stores = of_this_home(find_stores(host, choice.names), home)
    stores, registries = with_registries(stores, host, choice.registries)
    if not stores and not choice.names and not env:
        raise TrustStoreError(
            "no trust store was found on this machine",
            store="any",
            hint="point clients at the root instead: tlsmith ca export --root",
        )
    roots = _roots_to_install(choice, home)
    check_registries(registries, roots)
    if choice.dry_run:
        stores = looked_at(stores, host) if env else stores
        results = [_in_plan(found) for found in plan_install(stores, roots, host)]
    else:
        refresh(home, host)
        stores = with_environment(stores, host, home, roots) if env else stores
        results = install(stores, roots, host, home)
    results += _missing(choice, stores, roots)
    return _finish("install", choice, host, results)


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
    """
    choice = _Choice(**options)
    host, home = current_host(), data_home()
    roots = _named_roots(choice) if choice.root_file else _local_roots(home)
    stores = find_stores(host, choice.names, remembered=True)
    work = plan_uninstall if choice.dry_run else uninstall
    everything = choice.root_file is None
    results = work(stores, roots, host, home, journalled_too=everything)
    has_environment = not choice.names or is_meant(choice.names, env=choice.env)
    if has_environment and not choice.dry_run:
        take_out(home, host, None if everything else roots)
    return _finish("uninstall", choice, host, results)


@trust.command("status", short_help="Say who trusts the root, and prove it.")
@_choice_options(dry_run=False)
@click.option("--no-proof", is_flag=True, help="Leave out the connections.")
def status_command(no_proof: bool, **options: Any) -> int:
    """Say which stores trust the root, and prove it with real connections.

    Shows the local CA, each store, each certificate made so far with its expiry, and
    what every TLS client on the machine says of a server on 127.0.0.1 with a
    certificate from the CA.

    Exit code 0 where all trust it, 1 where something does not.

    \b
    Examples:
      tlsmith trust status
      tlsmith trust status --no-proof
      tlsmith trust status --json
    """
    choice = _Choice(**options)
    home, now = data_home(), datetime.now(UTC)
    roots = _named_roots(choice) if choice.root_file else _local_roots(home)
    host = current_host()
    refresh(home, host)
    stores = of_this_home(find_stores(host, choice.names), home)
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
    if choice.root_file is None:
        _add_local_facts(facts, home, now, with_proof=not no_proof)
    current = roots[0].fingerprint if roots and choice.root_file is None else None
    facts["trusted"] = _is_all_trusted(facts, current)
    if choice.as_json:
        emit_json(facts)
    else:
        emit(status_text(facts, now, current))
    return CLEAN if facts["trusted"] else FINDINGS


def _local_roots(home: str) -> list[Root]:
    """Return the roots of the local CA and those before it, the one in use first."""
    from tlsmith.local import trusted_roots

    return [Root(der) for der in trusted_roots(home)]


def _named_roots(choice: _Choice) -> list[Root]:
    """Return the certificates of --root, which need not be good ones."""
    assert choice.root_file is not None  # noqa: S101 -- the callers look first
    roots, warnings = parse_roots(read_file(choice.root_file), choice.root_file)
    for warning in warnings:
        warn(warning)
    return roots


def _roots_to_install(choice: _Choice, home: str) -> list[Root]:
    now = datetime.now(UTC)
    if choice.root_file is not None:
        roots = _named_roots(choice)
        for root in roots:
            for warning in check_root(root, now, choice.root_file):
                warn(warning)
        return roots
    roots = _local_roots(home)
    if not roots and choice.dry_run:
        return [_NOT_MADE_YET]
    if not roots:
        from tlsmith.local import ensure_authority

        authority, _ = ensure_authority(home, now)
        roots = [Root(authority.root)]
        say("made the local CA: it can vouch for development names only")
    # Those before it stay where they are: what they signed goes on working.
    return roots[:1]


def _in_plan(outcome: Outcome) -> Outcome:
    if outcome.fingerprint != _NOT_MADE_YET.fingerprint:
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


def _finish(verb: str, choice: _Choice, host: Host, results: Sequence[Outcome]) -> int:
    """Print what became of it, offer what needs root, and return the exit code."""
    needing = sorted({r.store for r in results if r.state == "needs-root"})
    more = choice.registries if "docker" in needing else ()
    command = (
        root_command(verb, needing, choice.root_file, host, more) if needing else None
    )
    if choice.as_json:
        emit_json(
            {
                "stores": [outcome_facts(result) for result in results],
                "changed": any(result.changed for result in results),
                "dry_run": choice.dry_run,
                "command": command.text if command else None,
            }
        )
    else:
        table = changes_table(results, host.home)
        if table:
            emit(table)
        say(summary(verb, results, dry_run=choice.dry_run))
        if not choice.dry_run:
            say_what_is_next(results)
        if command is not None:
            say(f"\n{command.title}:\n  {command.text}")
            if not choice.dry_run and offer(command) == CLEAN:
                results = [r for r in results if r.state != "needs-root"]
    wanted_and_absent = verb == "install" and any(r.state == "absent" for r in results)
    failed = any(result.is_failure for result in results) or wanted_and_absent
    return FAILURE if failed else CLEAN


def _add_local_facts(
    facts: dict[str, Any], home: str, now: datetime, *, with_proof: bool
) -> None:
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
    if authority is None:
        return
    from tlsmith.cli.ca import authority_facts

    facts["authority"] = authority_facts(authority)
    if with_proof:
        from dataclasses import asdict

        from tlsmith.local.proof import prove

        issuer = authority.issuer()
        try:
            proofs = prove(issuer, now, os.environ)
        except TLSmithError as error:
            # The stores are worth telling all the same.
            warn(f"no proof could be had: {error.message}")
            return
        facts["proof"] = [asdict(proof) for proof in proofs]


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
        + [proof["accepted"] for proof in proofs]
    )
