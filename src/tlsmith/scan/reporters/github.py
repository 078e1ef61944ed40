"""Annotations that GitHub Actions reads from a job's output."""

from __future__ import annotations

from tlsmith.scan.finding import Finding
from tlsmith.scan.reporters.plain import shown
from tlsmith.scan.reporters.results import Results

_COMMANDS = {
    "critical": "error",
    "high": "error",
    "medium": "warning",
    "low": "notice",
    "info": "notice",
}
_IN_TEXT = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_IN_PROPERTY = {**_IN_TEXT, ":": "%3A", ",": "%2C"}


def github(results: Results) -> str:
    """A workflow command a line for each finding."""
    return "".join(_line(results, finding) + "\n" for finding, _ in results.told)


def _line(results: Results, finding: Finding) -> str:
    properties = {
        "file": finding.path.removeprefix("./"),
        "line": str(finding.line),
        "endLine": str(finding.end_line),
        "title": f"{finding.severity}: {results.title(finding)} ({finding.rule})",
    }
    if finding.line == finding.end_line:
        properties["col"] = str(finding.column)
        properties["endColumn"] = str(finding.end_column)
    told = ",".join(
        f"{name}={_escaped(value, _IN_PROPERTY)}" for name, value in properties.items()
    )
    reason = f"\n({finding.reason})" if finding.reason else ""
    text = f"{results.what(finding)}{reason}\nFix: {finding.fix}"
    return f"::{_COMMANDS[finding.severity]} {told}::{_escaped(text, _IN_TEXT)}"


def _escaped(text: str, table: dict[str, str]) -> str:
    # What has a meaning is escaped first; the rest must not be able to end the line.
    return shown("".join(table.get(character, character) for character in text))
