"""docs/scan/rules.md has every rule, as it is."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from scan_rules import every_rule
from tlsmith.scan.rule import Rule

DOCS = Path(__file__).parents[2] / "docs"


def _script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_rules", DOCS / "rules.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SCRIPT = _script()
PAGE = SCRIPT.TARGET.read_text(encoding="utf-8")


def test_the_page_is_what_the_rules_say() -> None:
    """Mend with: .venv/bin/python docs/rules.py"""
    assert SCRIPT.render() == PAGE


@pytest.mark.parametrize("rule", every_rule(), ids=lambda rule: rule.id)
def test_a_rule_explains_itself(rule: Rule) -> None:
    assert f"### `{rule.id}`\n" in PAGE
    assert rule.cwe
    assert not rule.title.endswith(".")
    assert rule.what.strip().endswith((".", "!", "`", ")"))
    assert len(rule.fix) > 15
    assert all(reference.startswith("http") for reference in rule.references)
