"""The look around a key: it passes over nothing that a rule of configuration finds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scan_rules import every_rule, samples
from tlsmith.scan.matchers import config
from tlsmith.scan.matchers.glance import is_something_else
from tlsmith.scan.rule import Rule
from tlsmith.scan.source import Source

RULES = [rule for rule in every_rule() if rule.match["kind"] == "config"]
SAMPLES = [one for one in samples() if one.rule in RULES]
SOURCES = [one.source for one in SAMPLES]
SPLICES = [*"\n \"'{}[],<|", ": ", " = ", "- ", "true", "false", "none", "no", "# x",
           "{{ x }}", "/>", "&a ", "*a"]  # fmt: skip


def places(rule: Rule, source: Source) -> Iterator[tuple[int, int, bool]]:
    """Yield where an anchor is, and whether the rule holds there without the look."""
    part = rule.match.get("part", "key")
    for found in rule.pattern.finditer(source.text):
        start, end = found.span()
        nodes = [
            (document, node)
            for document, node in config._places(part, source, start, end)
            if source.language.name != "text" or re.fullmatch(r"[\w.-]+", node.key)
        ]
        yield start, end, any(config._fits(rule.match, *node) for node in nodes)


def agree(source: Source) -> None:
    for rule in RULES:
        if source.language.name not in rule.languages:
            continue
        for start, end, holds in places(rule, source):
            passed_over = is_something_else(rule.match, source, start, end)
            assert not (holds and passed_over), (rule.id, source.text[start:end])


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda one: one.name)
def test_no_sample_is_passed_over(sample: object) -> None:
    agree(sample.source)  # type: ignore[attr-defined]


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_nothing_made_of_samples_is_passed_over(data: st.DataObject) -> None:
    like = data.draw(st.sampled_from(SOURCES))
    lines = [
        line
        for source in SOURCES
        if source.language is like.language
        for line in source.text.split("\n")
    ]
    text = "\n".join(data.draw(st.lists(st.sampled_from(lines), max_size=12)))
    for _ in range(data.draw(st.integers(0, 4))):
        at = data.draw(st.integers(0, len(text)))
        text = text[:at] + data.draw(st.sampled_from(SPLICES)) + text[at:]
    agree(Source(like.path, text, like.language))


@pytest.mark.parametrize("odd", ['"', "{", "('", "|", ","])
def test_what_says_nothing_in_a_key_ends_none(odd: str) -> None:
    agree(Source("a.yaml", f"trust-all-c{odd}ertificates: ${{TRUST_ALL:true}}\n"))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.json", '{"x": "see http://a.example"}'),
        ("a.json", '{"http": {"host": {"method": "GET"}}}'),
        ("a.json", '{"registry": {"http": false}}'),
        ("a.yaml", "registry:\n  http:\n    port: 80\n"),
        ("a.yaml", "registry:\n  http: 'false'\n  x: true"),
        ("a.yaml", "somewhere:\n  http: true\n"),
    ],
)
def test_most_is_not_even_read(path: str, text: str) -> None:
    (known,) = [rule for rule in RULES if rule.id == "config-containerd-plain-http"]
    rule = replace(known, anchor=r"\bhttp\b", match={**known.match, "part": "key"})
    source = Source(path, text)
    spans = [found.span() for found in rule.pattern.finditer(text)]
    assert spans
    assert all(is_something_else(rule.match, source, *span) for span in spans)
