"""Which rules are asked about a running machine."""

from __future__ import annotations

from tlsmith.scan.rule import Rule
from tlsmith.scan.suppression import OF_DIRECTIVES


def is_asked(rule: Rule) -> bool:
    """Whether a rule is about what runs: an environment is where a program's keys
    belong, and nobody comments on it.
    """
    return rule.category != "key" and not rule.id.startswith(OF_DIRECTIVES)
