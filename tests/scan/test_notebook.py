"""A notebook is read by its cells' code, at the place it has in the file."""

from __future__ import annotations

import json

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


def test_no_offset_moves() -> None:
    text = _notebook("code", 'x = {"verify": "\\u00e9\\\\"}', "\ty = 1")
    code = code_of(text)
    assert len(code) == len(text)
    assert code.count("\n") == text.count("\n")
