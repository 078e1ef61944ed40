"""Everything that is known of an input, as facts for `--json`."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from tlsmith.core.describe.chain import Chain
from tlsmith.core.describe.described import Described
from tlsmith.core.describe.facts import Facts
from tlsmith.core.describe.findings import LEVELS, PROBLEM, Finding


@dataclass(slots=True)
class Report:
    """The objects of an input, how they fit together, and what is wrong.

    Args:
        chain: of the certificates that came together; None where there are none.
    """

    objects: list[Described]
    chain: Chain | None = None
    _findings: list[Finding] = field(default_factory=list)

    @property
    def findings(self) -> list[Finding]:
        """What is wrong with the objects and the whole, the worst first."""
        return sorted(
            dict.fromkeys(self._findings),
            key=lambda one: (LEVELS.index(one.level), _place(one)),
        )

    @property
    def has_problems(self) -> bool:
        return any(finding.level == PROBLEM for finding in self._findings)

    def add(self, *findings: Finding) -> None:
        """Take in findings; what is said twice about an object is shown once."""
        self._findings += findings

    def about(self, item: int, *findings: Finding) -> None:
        """Take in findings about one object."""
        self._findings += [replace(finding, item=item) for finding in findings]

    def facts(self) -> Facts:
        """Return the JSON object that docs/show.md describes, without its source."""
        return {
            "objects": [_object(described) for described in self.objects],
            "chain": None if self.chain is None else self.chain.facts(),
            "findings": [finding_facts(finding) for finding in self.findings],
        }


def _place(finding: Finding) -> int:
    return -1 if finding.item is None else finding.item


def _object(described: Described) -> Facts:
    found = described.found
    place: Facts = {"encoding": found.encoding, "offset": found.offset}
    for name, value in (
        ("source", found.source),
        ("label", found.label),
        ("entry", found.entry),
    ):
        if value is not None:
            place[name] = value
    if described.inside is not None:
        place["inside"] = described.inside
    return {"type": found.kind, "found": place} | described.facts


def finding_facts(finding: Finding) -> Facts:
    """Return a finding as JSON has it."""
    facts: Facts = {
        "level": finding.level,
        "code": finding.code,
        "message": finding.message,
    }
    for name, value in (
        ("object", finding.item),
        ("field", finding.field),
        ("offset", finding.offset),
    ):
        if value is not None:
            facts[name] = value
    return facts
