"""Findings as a scan would tell them, made of a text and what is wrong in it."""

from __future__ import annotations

from typing import Any

from tlsmith.scan.finding import Edit, Finding, Match
from tlsmith.scan.judge import finding_of
from tlsmith.scan.rule import Rule
from tlsmith.scan.source import Source

RULE = Rule(
    id="python-requests-verify-false",
    title="requests told not to verify certificates",
    severity="high",
    cwe=(295,),
    languages=("python",),
    what="Anyone on the path can read and change this traffic.",
    fix="Leave verify out.\nOr name your CA: verify='ca.pem'",
    references=("https://requests.readthedocs.io/",),
    bad=("requests.get(url, verify=False)\n",),
    good=("requests.get(url)\n",),
)
TEXT = 'import requests\n\nrequests.get("https://x.example", verify=False)\n'


def finding(
    text: str = TEXT,
    what: str = "verify=False",
    *,
    path: str = "src/client.py",
    instead: str | None = None,
    rule: Rule = RULE,
    **facts: Any,
) -> Finding:
    """Return the finding that `what` is wrong in a text, and mended by `instead`."""
    start = text.index(what)
    end = start + len(what)
    edits = () if instead is None else (Edit(start, end, instead),)
    made = finding_of(rule, Match(start, end, edits=edits), Source(path, text))
    values = {name: getattr(made, name) for name in Finding.__slots__}
    return Finding(**{**values, **facts})
