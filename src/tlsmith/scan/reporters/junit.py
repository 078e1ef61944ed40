"""JUnit's XML: a suite for each file, a failure for each finding."""

from __future__ import annotations

import re
from itertools import groupby
from xml.sax.saxutils import escape, quoteattr

from tlsmith.scan.finding import Finding
from tlsmith.scan.reporters.plain import shown
from tlsmith.scan.reporters.results import Results

_REFUSED = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(results: Results) -> str:
    """A document that is read as a failed test for each finding.

    Where nothing is found there is one test, and it has passed: some readers take an
    empty report for a broken one.
    """
    told = [finding for finding, _ in results.told]
    suites = [
        _suite(path, list(found))
        for path, found in groupby(
            sorted(told, key=lambda one: one.path), key=lambda one: one.path
        )
    ]
    if not suites:
        suites = [
            '  <testsuite name="tlsmith scan" tests="1" failures="0">\n'
            '    <testcase classname="tlsmith" name="no findings"/>\n  </testsuite>'
        ]
    body = "\n".join(suites)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<testsuites name="tlsmith scan" tests="{max(1, len(told))}" '
        f'failures="{len(told)}">\n{body}\n</testsuites>\n'
    )


def _suite(path: str, findings: list[Finding]) -> str:
    count = len(findings)
    cases = "\n".join(_case(finding) for finding in findings)
    return (
        f"  <testsuite name={_attribute(path)} tests="
        f'"{count}" failures="{count}">\n{cases}\n  </testsuite>'
    )


def _case(finding: Finding) -> str:
    place = f"{finding.path}:{finding.line}:{finding.column}"
    text = "\n".join(
        (place, finding.snippet, finding.message, finding.reason, f"Fix: {finding.fix}")
    )
    return (
        f"    <testcase classname={_attribute(finding.path)}"
        f" file={_attribute(finding.path)} line={_attribute(str(finding.line))}"
        f" name={_attribute(f'{finding.rule} in line {finding.line}')}>\n"
        f"      <failure type={_attribute(finding.severity)}"
        f" message={_attribute(finding.message)}>{escape(_kept(text))}</failure>\n"
        "    </testcase>"
    )


def _attribute(text: str) -> str:
    return quoteattr(_kept(text))


def _kept(text: str) -> str:
    """The text without what XML has no way to say."""
    return _REFUSED.sub("\ufffd", shown(text))
