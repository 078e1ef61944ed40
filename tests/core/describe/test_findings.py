"""Codes are for programs: each is in the documentation, and each there is real."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[3]
SOURCES = [
    *(ROOT / "src/tlsmith/core/describe").glob("*.py"),
    *(ROOT / "src/tlsmith/cli").glob("show*.py"),
]
# What stands before the code of a finding where one is made.
LEVELS = {"PROBLEM", "WARNING", "NOTE", "self._level()", "begin"}
CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def codes_in(path: Path) -> Iterator[str]:
    """Yield the code of every finding that is made in a file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        for level, code in zip(node.args, node.args[1:], strict=False):
            if ast.unparse(level) in LEVELS and isinstance(code, ast.Constant):
                yield str(code.value)


def documented() -> set[str]:
    text = (ROOT / "docs/show.md").read_text(encoding="utf-8")
    return set(re.findall(r"`([a-z0-9-]+)`", text.partition("## Findings")[2]))


def test_every_code_is_documented() -> None:
    used = {code for path in SOURCES for code in codes_in(path)}
    assert {code for code in used if CODE.fullmatch(code)} == used
    assert len(used) > 100
    assert used - documented() == set()


def test_every_documented_code_is_real() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES)
    kept = {"level", "code", "message", "object", "field", "offset"}
    assert {one for one in documented() - kept if f'"{one}"' not in text} == set()
