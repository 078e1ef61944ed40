"""One JSON object a line for each finding."""

from __future__ import annotations

import json as _json
from typing import Any

from tlsmith.scan.finding import Finding
from tlsmith.scan.reporters.results import Results


def json(results: Results) -> str:
    """Every finding as an object on a line of its own.

    All but ASCII is escaped, so that nothing a terminal obeys is in it.
    """
    return "".join(
        _json.dumps(facts(results, finding, mark)).replace("\x7f", "\\u007f") + "\n"
        for finding, mark in results.told
    )


def facts(results: Results, finding: Finding, mark: str) -> dict[str, Any]:
    """What a program is told of a finding."""
    told: dict[str, Any] = {
        "rule": finding.rule,
        "path": finding.path,
        "line": finding.line,
        "column": finding.column,
        "end_line": finding.end_line,
        "end_column": finding.end_column,
        "severity": finding.severity,
        "confidence": finding.confidence,
        "reason": finding.reason,
        "category": finding.category,
        "cwe": list(finding.cwe),
        "title": results.title(finding),
        "message": finding.message,
        "fix": finding.fix,
        "snippet": finding.snippet,
        "fingerprint": mark,
        "edits": [
            {"start": edit.start, "end": edit.end, "text": edit.text}
            for edit in finding.edits
        ],
    }
    if finding.suppressed is not None:
        told["suppressed"] = finding.suppressed
    if finding.revision is not None:
        told["revision"] = finding.revision
    return told
