"""GitLab's code quality report."""

from __future__ import annotations

import json
from typing import Any

from tlsmith.scan.finding import Finding
from tlsmith.scan.reporters.results import Results

_SEVERITIES = {
    "critical": "blocker",
    "high": "critical",
    "medium": "major",
    "low": "minor",
    "info": "info",
}


def gitlab(results: Results) -> str:
    """A JSON list of every finding."""
    issues = [_issue(results, finding, mark) for finding, mark in results.told]
    return json.dumps(issues, indent=2) + "\n"


def _issue(results: Results, finding: Finding, mark: str) -> dict[str, Any]:
    return {
        "type": "issue",
        "check_name": finding.rule,
        "description": f"{results.title(finding)}. Fix: {finding.fix}",
        "content": {"body": f"{finding.message}\n\nFix: {finding.fix}"},
        "categories": ["Security"],
        "severity": _SEVERITIES[finding.severity],
        "fingerprint": mark,
        "location": {
            "path": finding.path.removeprefix("./"),
            "lines": {"begin": finding.line, "end": finding.end_line},
        },
    }
