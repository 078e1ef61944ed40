"""Findings that were there before."""

from __future__ import annotations

import json

import pytest

from scan_findings import TEXT, finding
from tlsmith.errors import ConfigError
from tlsmith.scan.baseline import baseline_entries, baseline_text, compared


def test_what_is_known_is_not_new() -> None:
    entries = baseline_entries(baseline_text([finding()]), "b.json")
    result = compared([finding(), finding(path="new.py")], entries)
    assert [one.path for one in result.new] == ["new.py"]
    assert [one.path for one in result.known] == ["src/client.py"]
    assert result.gone == ()


def test_lines_may_move() -> None:
    entries = baseline_entries(baseline_text([finding()]), "b.json")
    assert compared([finding("# a\n\n" + TEXT)], entries).new == ()


def test_the_same_again_is_new() -> None:
    entries = baseline_entries(baseline_text([finding()]), "b.json")
    assert len(compared([finding(), finding()], entries).new) == 1


def test_what_is_gone_is_told() -> None:
    entries = baseline_entries(baseline_text([finding(), finding()]), "b.json")
    (gone,) = compared([finding()], entries).gone
    assert gone["rule"] == finding().rule


def test_it_is_sorted_and_without_what_is_suppressed() -> None:
    found = [finding(path="b.py"), finding(path="a.py"), finding(suppressed="so")]
    entries = json.loads(baseline_text(found))["findings"]
    assert [entry["path"] for entry in entries] == ["a.py", "b.py"]
    assert json.loads(baseline_text([]))["findings"] == []


@pytest.mark.parametrize(
    "text", ["", "[]", '{"version": 2}', '{"version": 1, "findings": [{}]}', "\x00"]
)
def test_other_files_are_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="is no baseline"):
        baseline_entries(text, "b.json")
