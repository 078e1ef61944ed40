"""A notebook is read by its cells' code, at the place it has in the file."""

from __future__ import annotations

import json

import pytest

from scan_rules import every_rule
from tlsmith.scan.judge import judge
from tlsmith.scan.notebook import code_of
from tlsmith.scan.source import Source


def _notebook(kind: str, *lines: str) -> str:
    cell = {
        "cell_type": kind,
        "metadata": {},
        "source": [f"{line}\n" for line in lines],
    }
    return json.dumps({"cells": [cell], "nbformat": 4}, indent=1)


def test_code_is_found_on_its_line() -> None:
    text = _notebook(
        "code", "import requests", 'requests.get("https://a", verify=False)'
    )
    found = judge(Source("a.ipynb", text), every_rule())
    assert [one.line for one in found] == [
        1 + text[: text.index("verify=False")].count("\n")
    ]
    assert text[found[0].start : found[0].end] == "verify=False"


def test_prose_is_not_code() -> None:
    text = _notebook("markdown", "import requests", "requests.get(u, verify=False)")
    assert judge(Source("a.ipynb", text), every_rule()) == []


@pytest.mark.parametrize(
    "lines",
    [
        ["!curl -k https://hub.corp/a"],
        ["import os", "page = !curl -sk https://hub.corp/a"],
        ["%pip install --trusted-host pypi.corp tools"],
        ["%%bash", "set -e", "", "curl -k https://hub.corp/a"],
    ],
)
def test_what_cells_run_in_a_shell_is_found(lines: list[str]) -> None:
    text = _notebook("code", *lines)
    found = judge(Source("a.ipynb", text), every_rule())
    last = text[: text.index("hub" if "hub" in text else "--trusted")].count("\n")
    assert [one.line for one in found] == [last + 1]


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("markdown", "!curl -k https://hub.corp/a"),
        ("code", "!curl https://hub.corp/a"),
        ("code", "# !curl -k https://hub.corp/a"),
        ("code", "k = 1 if a != 'curl -k https://hub.corp' else 2"),
    ],
)
def test_what_runs_nothing_is_not(kind: str, line: str) -> None:
    text = _notebook(kind, line)
    assert judge(Source("a.ipynb", text), every_rule()) == []


def test_a_script_ends_with_its_cell() -> None:
    script, other = (
        json.loads(_notebook("code", *lines))["cells"][0]
        for lines in (["%%bash", "true"], ["curl -k https://hub.corp/a"])
    )
    text = json.dumps({"cells": [script, other], "nbformat": 4}, indent=1)
    assert judge(Source("a.ipynb", text), every_rule()) == []


def test_no_offset_moves() -> None:
    text = _notebook("code", 'x = {"verify": "\\u00e9\\\\"}', "\ty = 1")
    code = code_of(text)
    assert len(code) == len(text)
    assert code.count("\n") == text.count("\n")
