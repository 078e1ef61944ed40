"""Which rules may concern a file: the same by hyperscan and by the standard library."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scan_rules import every_rule, samples
from tlsmith.scan.prefilter import Candidates
from tlsmith.scan.source import Source

RULES = every_rule()
SAMPLES = list(samples())


def ids(candidates: Candidates, source: Source) -> set[str]:
    data = source.text.encode("utf-8", "surrogateescape")
    return {rule.id for rule in candidates.of(data, lambda: source.language.name)}


@pytest.fixture(scope="module")
def plain() -> Candidates:
    return Candidates(RULES)


@pytest.fixture(scope="module")
def fast() -> Candidates:
    pytest.importorskip("hyperscan")
    candidates = Candidates(RULES)
    candidates.prepare()
    assert candidates._fast is not None
    return candidates


def test_a_rule_is_asked_about_its_bad_samples(plain: Candidates) -> None:
    missing = [
        sample.name
        for sample in SAMPLES
        if sample.is_bad and sample.rule.id not in ids(plain, sample.source)
    ]
    assert missing == []


def test_hyperscan_finds_what_the_library_does(
    plain: Candidates, fast: Candidates
) -> None:
    """It may find a little more: it does not count repetitions."""
    more = 0
    for sample in SAMPLES:
        by_library, by_hyperscan = ids(plain, sample.source), ids(fast, sample.source)
        assert by_library <= by_hyperscan
        more += len(by_hyperscan - by_library)
    assert more < len(SAMPLES) / 10


LINES = sorted({line for sample in SAMPLES for line in sample.source.text.split("\n")})
LANGUAGES = sorted({sample.source.language.name for sample in SAMPLES})


@given(
    st.lists(
        st.one_of(
            st.sampled_from(LINES),
            st.sampled_from([*"\"' =:.-_(){}[]\r\x00\u00a0é\udcff"]),
        ),
        max_size=12,
    ).map("".join),
    st.sampled_from(LANGUAGES),
)
def test_hyperscan_finds_what_the_library_does_in_any_text(
    plain: Candidates, fast: Candidates, text: str, language: str
) -> None:
    data = text.encode("utf-8", "surrogateescape")
    by_library = plain.of(data, lambda: language)
    by_hyperscan = {rule.id for rule in fast.of(data, lambda: language)}
    assert {rule.id for rule in by_library} <= by_hyperscan


def test_what_is_compiled_is_kept(tmp_path: Path) -> None:
    pytest.importorskip("hyperscan")
    rules = RULES[:20]
    first = Candidates(rules, str(tmp_path))
    assert first._fast is None
    first.prepare()
    (kept,) = tmp_path.iterdir()
    again = Candidates(rules, str(tmp_path))
    assert again._fast is not None
    source = next(one.source for one in SAMPLES if one.rule.id == rules[0].id)
    assert ids(again, source) == ids(first, source)
    kept.write_bytes(kept.read_bytes()[:50])
    broken = Candidates(rules, str(tmp_path))
    assert broken._fast is None
    assert ids(broken, source) <= ids(first, source)


def test_a_cache_that_cannot_be_written_is_none(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    candidates = Candidates(RULES[:5], str(tmp_path / "file" / "cache"))
    candidates.prepare()
    assert candidates.of(b"", lambda: "python") == []
