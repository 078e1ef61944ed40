"""What a report is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from tlsmith.scan.finding import SEVERITIES, Finding
from tlsmith.scan.fingerprint import fingerprints
from tlsmith.scan.rule import Rule


@dataclass(frozen=True)
class Results:
    """The findings of a scan, and what is to be known about them.

    Args:
        findings: In the order they are told in; suppressed ones among them.
        rules: Every rule by its id.
        version: The version of tlsmith.
        files: How many files were read.
        with_suppressed: Whether formats that cannot mark a finding as suppressed are
            to tell it all the same.
        colour: Whether whoever reads it sees colours.
    """

    findings: Sequence[Finding]
    rules: Mapping[str, Rule] = field(default_factory=dict)
    version: str = ""
    files: int = 0
    with_suppressed: bool = False
    colour: bool = False

    @cached_property
    def told(self) -> list[tuple[Finding, str]]:
        """The findings that are not suppressed, each with its fingerprint."""
        return [
            (finding, mark)
            for finding, mark in self.marked
            if self.with_suppressed or finding.suppressed is None
        ]

    @cached_property
    def marked(self) -> list[tuple[Finding, str]]:
        """Every finding with its fingerprint."""
        return list(zip(self.findings, fingerprints(self.findings), strict=True))

    def title(self, finding: Finding) -> str:
        """What a finding is, in a line."""
        rule = self.rules.get(finding.rule)
        return rule.title if rule else finding.message.partition(". ")[0]

    def what(self, finding: Finding) -> str:
        """What can happen, without the title."""
        return finding.message.removeprefix(self.title(finding)).lstrip(". ")

    def counts(self) -> dict[str, int]:
        """How many findings there are of each severity, the worst first."""
        found = [finding.severity for finding, _ in self.told]
        return {
            severity: found.count(severity)
            for severity in reversed(SEVERITIES)
            if severity in found
        }
