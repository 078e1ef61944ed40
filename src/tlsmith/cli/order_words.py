"""ACME orders and authorizations as people read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from tlsmith.cli.acme_store import short, told
from tlsmith.cli.table import table

if TYPE_CHECKING:
    from tlsmith.authority.acme.reasons import Failure
    from tlsmith.storage.acme.authorizations import AuthorizationRecord
    from tlsmith.storage.acme.orders import OrderRecord

_HEADS = ("order", "made", "status", "names")
_NAME_HEADS = ("name", "status", "proved by", "challenges")


def orders_table(orders: Sequence[OrderRecord], failures: Mapping[str, Failure]) -> str:
    """Return orders in a table, below each that failed why it did."""
    rows: list[tuple[str, ...]] = [_HEADS]
    hints = {}
    for one in orders:
        failed = failures.get(one.id)
        if failed is not None:
            hints[len(rows)] = told(failed)
        rows.append(
            (
                one.id,
                f"{one.created_at:%Y-%m-%d %H:%M}",
                "invalid" if failed else one.status,
                short([value for _, value in one.identifiers]),
            )
        )
    return table(rows, hints, "why")


def names_table(records: Sequence[AuthorizationRecord], now: datetime) -> str:
    """Return authorizations in a table: how each name was proved, or why it was not."""
    from tlsmith.authority.acme.records import failure_of_challenge, name_of

    rows: list[tuple[str, ...]] = [_NAME_HEADS]
    hints = {}
    for one in records:
        name = name_of(one)
        failures = [
            told(failed)
            for challenge in one.challenges
            if (failed := failure_of_challenge(name, challenge))
            and one.status_at(now) != "valid"
        ]
        if failures:
            hints[len(rows)] = "\n    why: ".join(failures)
        challenges = ", ".join(f"{each.type} {each.status}" for each in one.challenges)
        rows.append((name, one.status_at(now), _proof(one), challenges))
    return table(rows, hints, "why")


def _proof(record: AuthorizationRecord) -> str:
    """Return how a name was proved, in words."""
    from tlsmith.authority.acme.records import proof_of

    proof = proof_of(record)
    if proof is None:
        return "nothing yet" if record.status == "pending" else "nothing"
    if record.proof is None:
        return proof
    kind, _, what = record.proof.partition(" ")
    if kind == "binding":
        return f"no challenge: EAB {what}"
    return f"no challenge: asked from {what}"
