"""`tlsmith trust status`: who trusts the root, and the proof of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import click

from tlsmith.cli.entry import CLEAN, FINDINGS
from tlsmith.cli.output import emit, emit_json
from tlsmith.cli.trust_choice import Choice, choice_options, missing
from tlsmith.cli.trust_environment import is_meant, looked_at, of_this_home, refresh
from tlsmith.cli.trust_report import outcome_facts, status_text
from tlsmith.cli.trust_roots import local_roots, named_roots
from tlsmith.files import data_home
from tlsmith.truststores import Host, Outcome, find_stores, status
from tlsmith.truststores.image import no_store_in


@click.command("status", short_help="Say who trusts the root, and prove it.")
@choice_options(dry_run=False)
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
    choice = Choice(**options)
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
    results = status(stores, roots) + missing(choice, stores, roots)
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
        from tlsmith.cli.ca_local import authority_facts

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
