"""SARIF 2.1.0, as code scanning services read it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from tlsmith.scan.finding import Edit, Finding
from tlsmith.scan.reporters.results import Results
from tlsmith.scan.rule import Rule

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas"
    "/sarif-schema-2.1.0.json"
)
_LEVELS = {
    "critical": "error",
    "high": "error",
    "medium": "warning",
    "low": "note",
    "info": "note",
}
_SCORES = {
    "critical": "9.5",
    "high": "8.0",
    "medium": "5.5",
    "low": "3.0",
    "info": "0.5",
}
"""As GitHub sorts them (`security-severity`, like CVSS)."""
_PRECISIONS = {"high": "very-high", "medium": "high", "low": "medium"}


def sarif(results: Results) -> str:
    """One run with every finding, the suppressed ones marked as such."""
    ids = sorted({finding.rule for finding in results.findings})
    places = {rule: index for index, rule in enumerate(ids)}
    run = {
        "tool": {
            "driver": {
                "name": "tlsmith",
                **({"semanticVersion": results.version} if results.version else {}),
                "rules": [_rule(id_, results.rules.get(id_)) for id_ in ids],
            }
        },
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {
            "SRCROOT": {"description": {"text": "What was scanned."}}
        },
        "invocations": [{"executionSuccessful": True}],
        "results": [
            _result(results, finding, mark, places) for finding, mark in results.marked
        ],
    }
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2) + "\n"


def _rule(id_: str, rule: Rule | None) -> dict[str, Any]:
    if rule is None:
        return {"id": id_}
    tags = ["security", "tls", rule.category]
    tags += [f"external/cwe/cwe-{number:03}" for number in rule.cwe]
    described: dict[str, Any] = {
        "id": id_,
        "name": "".join(part.capitalize() for part in id_.split("-")),
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.what},
        "help": {"text": f"{rule.what}\n\n{rule.fix}", "markdown": help_markdown(rule)},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {
            "tags": tags,
            "precision": _PRECISIONS[rule.confidence],
            "security-severity": _SCORES[rule.severity],
        },
    }
    if rule.references:
        described["helpUri"] = rule.references[0]
    return described


def help_markdown(rule: Rule) -> str:
    """What a rule is about, for whoever opens one of its findings."""
    parts = [f"# {rule.title}", rule.what, "## Fix", rule.fix]
    links = [f"- <{reference}>" for reference in rule.references]
    links += [
        f"- [CWE-{number}](https://cwe.mitre.org/data/definitions/{number}.html)"
        for number in rule.cwe
    ]
    if links:
        parts += ["## References", "\n".join(links)]
    return "\n\n".join(parts) + "\n"


def _result(
    results: Results, finding: Finding, mark: str, places: Mapping[str, int]
) -> dict[str, Any]:
    reason = f" ({finding.reason})" if finding.reason else ""
    told: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": places[finding.rule],
        "level": _LEVELS[finding.severity],
        "message": {"text": _text(f"{finding.message}{reason} Fix: {finding.fix}")},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": _artifact(finding.path),
                    "region": _region(finding),
                }
            }
        ],
        "partialFingerprints": {"tlsmith/v1": mark, "primaryLocationLineHash": mark},
        "properties": {
            "severity": finding.severity,
            "confidence": finding.confidence,
            "category": finding.category,
            "cwe": list(finding.cwe),
            "title": results.title(finding),
        },
    }
    if finding.edits:
        told["fixes"] = [_fix(finding)]
    if finding.suppressed is not None:
        told["suppressions"] = [
            {"kind": "inSource", "justification": _text(finding.suppressed)}
        ]
    if finding.revision is not None:
        told["properties"]["revision"] = finding.revision
    return told


def _artifact(path: str) -> dict[str, str]:
    """Where a file is: relative to what was scanned wherever that is possible."""
    if path.startswith("/"):
        return {"uri": f"file://{_quoted(path)}"}
    if len(path) > 1 and path[1] == ":":  # C:/...
        return {"uri": f"file:///{_quoted(path)}"}
    return {"uri": _quoted(path.removeprefix("./")), "uriBaseId": "SRCROOT"}


def _quoted(path: str) -> str:
    return quote(path.encode("utf-8", "surrogateescape"), safe="/@+=,!~")


def _region(finding: Finding) -> dict[str, Any]:
    region: dict[str, Any] = {
        "startLine": finding.line,
        "startColumn": finding.column,
        "endLine": finding.end_line,
        "endColumn": finding.end_column,
    }
    if finding.snippet:
        region["snippet"] = {"text": _text(finding.snippet)}
    return region


def _fix(finding: Finding) -> dict[str, Any]:
    return {
        "description": {"text": _text(finding.fix)},
        "artifactChanges": [
            {
                "artifactLocation": _artifact(finding.path),
                "replacements": [_replacement(finding, edit) for edit in finding.edits],
            }
        ],
    }


def _replacement(finding: Finding, edit: Edit) -> dict[str, Any]:
    deleted = _edit_region(finding, edit) or {
        "charOffset": edit.start,
        "charLength": edit.end - edit.start,
    }
    told: dict[str, Any] = {"deletedRegion": deleted}
    if edit.text:
        told["insertedContent"] = {"text": _text(edit.text)}
    return told


def _edit_region(finding: Finding, edit: Edit) -> dict[str, int] | None:
    """The place of an edit as lines and columns, if it is in the finding's lines."""
    begin = finding.start - (finding.column - 1)
    first, last = edit.start - begin, edit.end - begin
    if first < 0 or last > len(finding.snippet):
        return None
    line, column = _position(finding.snippet, first)
    end_line, end_column = _position(finding.snippet, last)
    return {
        "startLine": finding.line + line,
        "startColumn": column,
        "endLine": finding.line + end_line,
        "endColumn": end_column,
    }


def _position(text: str, offset: int) -> tuple[int, int]:
    before = text[:offset]
    return before.count("\n"), offset - (before.rfind("\n") + 1) + 1


def _text(text: str) -> str:
    """Text without halves of surrogate pairs, which JSON's readers refuse."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
