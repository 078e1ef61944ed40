"""Each rule finds its bad samples and nothing else, and what it rewrites is mended."""

from __future__ import annotations

import ast
from collections import Counter

import pytest

from scan_rules import Sample, every_rule, samples
from tlsmith.scan.fix import mended
from tlsmith.scan.judge import judge
from tlsmith.scan.rule import Rule
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
    """By its own rule, and told once whichever rules see it."""
    assert judge(sample.source, [sample.rule])
    found = judge(sample.source, every_rule())
    places = Counter((one.line, one.end_line, one.start) for one in found)
    assert {number for number in places.values()} == {1}


@pytest.mark.parametrize("sample", GOOD, ids=lambda sample: sample.name)
def test_what_is_good_is_not(sample: Sample) -> None:
    assert _found(sample.source) == []


REWRITTEN = [sample for sample in BAD if sample.rule.rewrite]


def _mended(source: Source, rule: Rule) -> Source:
    for _ in range(8):  # edits that overlap are made one after the other
        result = mended(source.text, judge(source, [rule]))
        if result.text == source.text:
            return source
        source = Source(source.path, result.text, source.language)
    raise AssertionError("it never ends")


@pytest.mark.parametrize("sample", REWRITTEN, ids=lambda sample: sample.name)
def test_what_is_rewritten_is_mended(sample: Sample) -> None:
    """What no edit is known for, as a constant from elsewhere, is still found."""
    left = [one for one in judge(sample.source, [sample.rule]) if not one.edits]
    found = judge(_mended(sample.source, sample.rule), [sample.rule])
    assert [one.snippet for one in found] == [one.snippet for one in left]


@pytest.mark.parametrize(
    "sample",
    [sample for sample in REWRITTEN if sample.source.language.name == "python"],
    ids=lambda sample: sample.name,
)
def test_what_is_rewritten_can_still_be_read(sample: Sample) -> None:
    assert _is_python(_mended(sample.source, sample.rule).text) or not _is_python(
        sample.source.text
    )


def _is_python(text: str) -> bool:
    try:
        ast.parse(text)
    except SyntaxError:
        return False
    return True


@pytest.mark.parametrize(
    "rule", [rule for rule in every_rule() if rule.rewrite], ids=lambda rule: rule.id
)
def test_what_says_it_is_mended_is_for_one_sample(rule: Rule) -> None:
    sources = [sample.source for sample in REWRITTEN if sample.rule is rule]
    assert any(not judge(_mended(source, rule), [rule]) for source in sources)
