"""Each rule finds its bad samples and nothing else, and what it rewrites is mended."""

from __future__ import annotations

from collections import Counter

import pytest

from scan_rules import Sample, every_rule, samples
from tlsmith.scan.fix import mended
from tlsmith.scan.judge import judge
from tlsmith.scan.source import Source

SAMPLES = list(samples())
BAD = [sample for sample in SAMPLES if sample.is_bad]
GOOD = [sample for sample in SAMPLES if not sample.is_bad]


def test_every_id_is_used_once() -> None:
    ids = Counter(rule.id for rule in every_rule())
    assert [id_ for id_, number in ids.items() if number > 1] == []


def test_every_rule_has_samples() -> None:
    assert [rule.id for rule in every_rule() if not rule.bad] == []


def _found(source: Source) -> list[tuple[str, int]]:
    return [(found.rule, found.line) for found in judge(source, every_rule())]


@pytest.mark.parametrize("sample", BAD, ids=lambda sample: sample.name)
def test_what_is_bad_is_found(sample: Sample) -> None:
    found = _found(sample.source)
    assert sample.rule.id in {rule for rule, _ in found}, found


@pytest.mark.parametrize("sample", GOOD, ids=lambda sample: sample.name)
def test_what_is_good_is_not(sample: Sample) -> None:
    assert _found(sample.source) == []


@pytest.mark.parametrize(
    "sample",
    [sample for sample in BAD if sample.rule.rewrite],
    ids=lambda sample: sample.name,
)
def test_what_is_rewritten_is_mended(sample: Sample) -> None:
    """Nothing of the rule is left; a second time changes nothing."""
    source = sample.source
    for _ in range(8):  # edits that overlap are made one after the other
        result = mended(source.text, judge(source, [sample.rule]))
        if result.text == source.text:
            break
        source = Source(source.path, result.text, source.language)
    assert source.text != sample.source.text
    assert [found.line for found in judge(source, [sample.rule])] == []
