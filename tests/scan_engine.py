"""Rules that are broken, slow or find much, for the engine to bear."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from scan_findings import RULE
from tlsmith.scan.rule import Rule

BAD = "requests.get(url, verify=False)\n"


def rule(**facts: Any) -> Rule:
    """Return a rule that finds `verify=False` anywhere, but for what is given."""
    plain = {"anchor": "verify=False", "match": {"kind": "text", "zone": "any"}}
    return replace(RULE, **{**plain, **facts})


RULES = [rule()]
SLOW = rule(
    id="slow-regular-expression",
    anchor="slowslow",
    match={"kind": "text", "pattern": r"(?:a|aa|aaa)+$|slowslow(?:a|aa|aaa)+$"},
)
"""Takes for ever on SLOW_TEXT."""
SLOW_TEXT = "slowslow" + "a" * 80 + "!\n"
BROKEN = rule(id="broken-rule-fails", anchor="brokenbroken", match={"kind": "call"})
BROKEN = replace(BROKEN, match={"kind": "text", "pattern": "("})
BROKEN_TEXT = "brokenbroken\n"
"""Raises an error on this: its pattern is no regular expression."""
