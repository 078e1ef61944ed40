"""How `tlsmith trust status` says what clients made of the local CA."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tlsmith.cli.table import headed

_TITLE = "Proof: connections to a server with a certificate from the CA"
_WIDEST_MESSAGE = 75


def proof_text(proofs: Sequence[dict[str, Any]], home: str) -> str:
    """Return a row for each client; what mends several stands below the last of them.

    Args:
        proofs: as printed with --json.
        home: shown as a tilde.
    """
    rows, mends = [], {}
    ordered = sorted(proofs, key=_order)
    for number, proof in enumerate(ordered):
        rows.append([_shown(cell, home) for cell in _row(proof)])
        following = ordered[number + 1 : number + 2]
        if proof["mend"] and not (following and following[0]["mend"] == proof["mend"]):
            mends[number] = proof["mend"]
    return headed(_TITLE, rows, mends, "mend")


def proof_verdict(proofs: Sequence[dict[str, Any]]) -> str:
    """Return what to make of it where not every client is as it should be."""
    if any(proof["verifies"] is False for proof in proofs):
        return "Some clients verify nothing: anybody can pose as anyone to them."
    mends = {proof["mend"] for proof in proofs if proof["mend"]}
    if len(mends) == 1:
        return f"Not everything here trusts it. Next: {mends.pop()}"
    return "Not everything here trusts it; what mends it stands above."


def _order(proof: dict[str, Any]) -> tuple[bool, str, str]:
    """Put what is to be mended last, where a person looks first."""
    return not proof["good"], proof["mend"] or "", proof["client"].lower()


def _row(proof: dict[str, Any]) -> list[str]:
    by = f"by {proof['source']}" if proof["connected"] else ""
    return [proof["client"], _word(proof), by, proof["message"]]


def _word(proof: dict[str, Any]) -> str:
    if not proof["connected"]:
        return "not asked"
    if proof["verifies"] is False:
        return "accepts anything"
    return "accepts" if proof["accepted"] else "rejects"


def _shown(text: str, home: str) -> str:
    text = text.replace(home, "~") if len(home) > 1 else text
    if len(text) > _WIDEST_MESSAGE:
        return text[: _WIDEST_MESSAGE - 3] + "..."
    return text
