"""Anchors: found around their words as they are without, and in bytes as in texts."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scan_rules import every_rule, samples
from tlsmith.scan.anchor import anchor_of, bytes_form, literals_of
from tlsmith.scan.source import Source, decode

ANCHORS = sorted({rule.anchor for rule in every_rule()})
SAMPLES = list(samples())
FOREIGN = ["é", "\u00a0", "\u2028", "ſ", "\u212a", "İ", "中", "\U0001f511", "\udcff"]


def spans(expression: str, text: str) -> list[tuple[int, int]]:
    lowered = text.lower()
    same = lowered if len(lowered) == len(text) else None
    places = anchor_of(expression).places(text, same)
    return [found.span() for found in places]


@pytest.mark.parametrize(
    ("expression", "words", "folded"),
    [
        (r"\bverify\b", {b"verify"}, False),
        (r"(?i)\bVerify\b", {b"verify"}, True),
        (r"(?i:Verify)\b", {b"verify"}, True),
        (r"x(?i:Verify)", {b"verify"}, True),
        (r"\w+(?:(?i:Insecure)|skipTLS)", {b"insecure", b"skiptls"}, True),
        (r"[sS]etopt", {b"setopt"}, True),
        (r"[st]etopt", {b"etopt"}, False),
        (r"(?:abc)?defg?", {b"def"}, False),
        (r"(?:abc|de)+x{2}", {b"abc", b"de"}, False),
        (r"\w+", {b""}, False),
        (r"ab|\d", {b""}, False),
    ],
)
def test_words_that_every_match_holds(
    expression: str, words: set[bytes], folded: bool
) -> None:
    assert literals_of(expression) == (words, folded)


@pytest.mark.parametrize("expression", ANCHORS)
def test_every_anchor_can_be_looked_for_fast(expression: str) -> None:
    assert min(map(len, anchor_of(expression).words)) >= 2


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (r"\bkey\b", "key keys xkey key"),
        (r"(?m)^key\b", "key\n key\nkey"),
        (r"key$", "key\nkey\n"),
        (r"k{0,3}key{0,2}", "kkkkeyyy kkeyykkey"),
        (r"key.{0,4}key", "keykeykeykey key"),
        (r"key[^\n]*end", "key " + "x" * 5000 + "end"),
        (r"(?i)key", "KEY İ kEy"),
        (r"key|", "a key"),
    ],
)
def test_places_are_those_of_a_plain_search(expression: str, text: str) -> None:
    wanted = re.compile(expression, re.ASCII).finditer(text)
    assert spans(expression, text) == [found.span() for found in wanted]


PIECES = st.sampled_from(
    [*{word.decode() for a in ANCHORS for word in literals_of(a)[0]}, *" \n\t=:\"'_.-",
     *FOREIGN, "verify", "SSL", "curl ", " -k", "true", "(", ")", "/"]
)  # fmt: skip
TEXTS = st.lists(PIECES, max_size=40).map("".join)


@given(TEXTS, st.sampled_from(ANCHORS))
def test_places_of_a_rule_are_those_of_a_plain_search(text: str, anchor: str) -> None:
    wanted = re.compile(anchor, re.ASCII).finditer(text)
    assert spans(anchor, text) == [found.span() for found in wanted]


def test_a_letter_that_becomes_ascii_when_small_is_none() -> None:
    text = "\u212aey key"
    source = Source("a.py", text)
    found = anchor_of("(?i)Key").places(text, source.lowered)
    assert [one.span() for one in found] == [(4, 7)]


@given(TEXTS, st.sampled_from(ANCHORS))
def test_what_matches_in_a_text_matches_in_its_bytes(text: str, anchor: str) -> None:
    data = text.encode("utf-8", "surrogateescape")
    if spans(anchor, decode(data)):
        assert re.search(bytes_form(anchor), data)


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (r"curl.{0,4}-k", "curl éé\u00a0-k"),
        (r"curl[^;\n]{0,4}-k", "curl 中中中-k"),
        (r"curl\W{1,3}-k", "curl\u2028 \u2028-k"),
        (r"curl[\S ]{2}-k", "curl é-k"),
        (r"curl \D-k", "curl \udcff-k"),
        (r"[„“]key", "“key"),
        (r"[„a]key", "„key"),
        (r"é{2}key", "éékey"),
    ],
)
def test_other_alphabets_take_more_bytes(expression: str, text: str) -> None:
    assert spans(expression, text)
    data = text.encode("utf-8", "surrogateescape")
    assert re.search(bytes_form(expression), data)


@pytest.mark.parametrize("space", ["\u00a0", "\u2003", "\x85", "\x1c"])
def test_spaces_of_other_alphabets_are_none(space: str) -> None:
    """In a text as in bytes: else a matcher might see what the prefilter does not."""
    assert spans(r"verify\s{0,4}=", f"verify{space}=") == []
    assert not re.search(bytes_form(r"verify\s{0,4}="), f"verify{space}=".encode())


def test_the_anchor_of_a_rule_occurs_in_its_bad_samples() -> None:
    missing = [
        sample.name
        for sample in SAMPLES
        if sample.is_bad and not spans(sample.rule.anchor, sample.source.text)
    ]
    assert missing == []
