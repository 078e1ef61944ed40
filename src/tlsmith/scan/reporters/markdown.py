"""A summary in Markdown, for a comment or a job's page."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tlsmith.scan.finding import Finding
from tlsmith.scan.reporters.plain import one_line, shown
from tlsmith.scan.reporters.results import Results

_MOST = 200
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|~&@$-])")


def markdown(results: Results) -> str:
    """Counts, a table of what was found, and how to mend each kind."""
    return "\n\n".join(_parts(results)) + "\n"


def _parts(results: Results) -> Iterator[str]:
    yield "# TLS verification"
    counts = results.counts()
    if not counts:
        yield f"Nothing was found in {results.files:,} files."
        return
    told = ", ".join(f"{number} {severity}" for severity, number in counts.items())
    total = sum(counts.values())
    yield f"{total:,} {'finding' if total == 1 else 'findings'}: {told}."
    rows = [_row(results, finding) for finding, _ in results.told[:_MOST]]
    yield "\n".join(("| Severity | Where | What |", "|-|-|-|", *rows))
    if total > _MOST:
        yield f"And {total - _MOST:,} more."
    yield "## What to do"
    yield from _fixes(results)


def _row(results: Results, finding: Finding) -> str:
    place = code(f"{finding.path}:{finding.line}")
    title = prose(results.title(finding))
    note = f" ({prose(finding.reason)})" if finding.reason else ""
    return f"| {finding.severity} | {place} | {title} ({code(finding.rule)}){note} |"


def _fixes(results: Results) -> Iterator[str]:
    told: dict[str, Finding] = {}
    for finding, _ in results.told:
        told.setdefault(finding.rule, finding)
    for rule, finding in told.items():
        what = prose(results.what(finding))
        yield f"**{code(rule)}** {what}\n\n{fenced(finding.fix)}"


def prose(text: str) -> str:
    """Text in which nothing is markup."""
    return _SPECIAL.sub(r"\\\1", one_line(text))


def code(text: str) -> str:
    """Text as code, whatever stands in it, also in a table."""
    plain = one_line(text).replace("|", "\\|")
    fence = "`" * (_longest_run(plain) + 1)
    space = " " if plain.startswith("`") or plain.endswith("`") else ""
    return f"{fence}{space}{plain}{space}{fence}"


def fenced(text: str) -> str:
    """Lines as a block of their own."""
    fence = "`" * max(3, _longest_run(text) + 1)
    return f"{fence}text\n{shown(text).rstrip()}\n{fence}"


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall(r"`+", text)), default=0)
