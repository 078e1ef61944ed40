"""How `tlsmith trust` says it: short tables, in words."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from tlsmith.cli.proof_report import proof_text, proof_verdict
from tlsmith.cli.table import headed, short_place, table
from tlsmith.truststores import Outcome

_WORDS = {
    "trusted": "trusted",
    "not-trusted": "not trusted",
    "absent": "not here",
    "needs-root": "needs root",
    "failed": "failed",
}
_RESTART = " Restart browsers that are running."
_INSTALLED = (
    f"Done.{_RESTART}\n"
    "See it proved: tlsmith trust status\n"
    "Make a certificate: tlsmith make localhost"
)
_INSTALLED_ANOTHERS = f"Done.{_RESTART}\nSee who has it: tlsmith trust status --root "
_INSTALLED_TO_IMAGE = (
    "Done. Runtimes that have roots of their own: tlsmith env --shell docker"
)


def outcome_facts(outcome: Outcome) -> dict[str, Any]:
    """Return the facts of an outcome for programs."""
    facts = asdict(outcome)
    facts["root"] = facts.pop("fingerprint")
    return facts


def changes_table(outcomes: Sequence[Outcome], home: str) -> str:
    """Return a line for each store, and root where there are several."""
    several = len({outcome.fingerprint for outcome in outcomes}) > 1
    rows, hints = [], {}
    for outcome in outcomes:
        row = [outcome.store, short_place(outcome.place, home), _WORDS[outcome.state]]
        if several:
            row.insert(2, f"root {outcome.fingerprint[:8] or '?'}")
        rows.append([*row, outcome.message])
        if outcome.hint and outcome.state == "failed":
            hints[len(rows) - 1] = outcome.hint
    return table(rows, hints)


def summary(
    verb: str,
    outcomes: Sequence[Outcome],
    *,
    dry_run: bool,
    image: bool = False,
    root_file: str | None = None,
) -> str:
    """Return what to make of it all, and what comes next.

    Args:
        image: it was an image, not this machine.
    """
    if dry_run:
        return "nothing was changed: this was the plan"
    failed = [outcome for outcome in outcomes if outcome.is_failure]
    changed = any(outcome.changed for outcome in outcomes)
    if verb == "uninstall":
        text = _uninstalled(outcomes, changed=changed, failed=bool(failed))
        return text.removesuffix(_RESTART) if image else text
    if failed or not outcomes:
        rest = "the rest is done" if changed else "nothing was changed"
        return f"{len(failed)} could not be done; {rest}"
    if not changed:
        is_absent = all(outcome.state == "absent" for outcome in outcomes)
        why = "no such store is on this machine"
        why = why if is_absent else "every store here trusts it already"
        return f"nothing was changed: {why}"
    if root_file is not None and not image:
        return _INSTALLED_ANOTHERS + shlex.quote(root_file)
    return _INSTALLED_TO_IMAGE if image else _INSTALLED


def _uninstalled(outcomes: Sequence[Outcome], *, changed: bool, failed: bool) -> str:
    if failed:
        rest = "the rest is done" if changed else "nothing was changed"
        return f"not all could be done; {rest}"
    if not changed:
        return "nothing was changed: nothing of ours is in any store here"
    if any(outcome.state == "trusted" for outcome in outcomes):
        return "Done: ours is taken out. What others put there was left."
    return f"Done: taken out.{_RESTART}"


def status_text(facts: dict[str, Any], now: datetime, current: str | None) -> str:
    """Return the whole of `tlsmith trust status`.

    Args:
        facts: as printed with --json.
        current: fingerprint of the local CA's root in use, if that is what it is about.
    """
    home = os.path.expanduser("~")
    parts = []
    if current is not None:
        parts.append(_authority_text(facts["authority"], now))
    parts.append(_stores_text(facts["stores"], current, home))
    if facts["certificates"]:
        parts.append(_certificates_text(facts["certificates"], now, home))
    if facts["proof"]:
        parts.append(proof_text(facts["proof"], home))
    parts.append(_verdict(facts, current))
    return "\n\n".join(part for part in parts if part)


def _authority_text(facts: dict[str, Any] | None, now: datetime) -> str:
    if facts is None:
        return ""
    text = facts["root_fingerprint_sha256"].upper()
    pairs = [text[at : at + 2] for at in range(0, len(text), 2)]
    names = facts["permitted_domains"]
    signs = ", ".join(names) if names else "any name"
    until = datetime.fromisoformat(facts["not_after"])
    return headed(
        "Local CA",
        [
            ["may sign", f"{signs}" + (", private addresses" if names else "")],
            ["good until" if until >= now else "it is", _until(until, now)],
            ["SHA-256", ":".join(pairs[:16]) + ":"],
            ["", ":".join(pairs[16:])],
        ],
    )


def _stores_text(
    stores: Sequence[dict[str, Any]], current: str | None, home: str
) -> str:
    rows, hints = [], {}
    for row in stores:
        earlier = current is not None and row["root"] != current
        if earlier and row["state"] != "trusted":
            continue
        word = _WORDS[row["state"]]
        note = f"an earlier CA's root {row['root'][:8]}" if earlier else row["message"]
        rows.append([row["store"], short_place(row["place"], home), word, note])
        if row["hint"]:
            hints[len(rows) - 1] = row["hint"]
    return headed("Stores", rows, hints)


def _certificates_text(
    certificates: Sequence[dict[str, Any]], now: datetime, home: str
) -> str:
    rows = []
    for certificate in certificates:
        names = certificate["names"]
        more = f" and {len(names) - 2} more" if len(names) > 2 else ""
        until = datetime.fromisoformat(certificate["not_after"])
        file = short_place(certificate["cert_file"], home)
        rows.append([", ".join(names[:2]) + more, file, _until(until, now)])
    return headed("Certificates", rows)


def _verdict(facts: dict[str, Any], current: str | None) -> str:
    if facts["trusted"]:
        if facts["certificates"] or current is None:
            return "Everything here trusts it."
        return "Everything here trusts it. Next: tlsmith make localhost"
    if any(not row["root"] for row in facts["stores"]):
        return "There is no local CA yet. Next: tlsmith make localhost"
    if current is None or any(
        row["state"] == "not-trusted" and row["root"] == current
        for row in facts["stores"]
    ):
        return "Not everything here trusts it. Next: tlsmith trust install"
    return proof_verdict(facts["proof"] or ())


def _until(until: datetime, now: datetime) -> str:
    days = round((until - now).total_seconds() / 86400)
    if until < now:
        return f"expired on {until:%Y-%m-%d}"
    return f"{until:%Y-%m-%d} ({days} day{'s' * (days != 1)})"
