"""No text raises an error: judged are the samples of all rules, torn and mixed."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from scan_rules import every_rule, samples
from tlsmith.scan.examine import Examiner
from tlsmith.scan.finding import Finding
from tlsmith.scan.judge import judge
from tlsmith.scan.source import Source

SOURCES = [sample.source for sample in samples()]
PIECES = [
    *"\"'`(){}[]<>\\/#$@%~=-+:;,.\n\t \r\x00\x0b\u2028é\udcff", "\\\n", "/*", "*/",
    '"""', "<<A\n", "{{", "}}", "- ", ": ", "=>", "not ", "!", "return ", "if ",
    "def f(", "function f() {", "x = ", "**x", "...", "&a", "*a", "|\n  ",
]  # fmt: skip
RULES = every_rule()
EXAMINER = Examiner(RULES)


@st.composite
def torn(draw: st.DrawFn) -> Source:
    """Texts made of samples: cut, doubled, with pieces in them, in any language."""
    source = draw(st.sampled_from(SOURCES))
    text = source.text
    for _ in range(draw(st.integers(0, 5))):
        low = draw(st.integers(0, len(text)))
        high = draw(st.integers(low, min(len(text), low + 40)))
        other = draw(st.sampled_from(SOURCES)).text
        at = draw(st.integers(0, max(0, len(other) - 1)))
        twice, pasted = text[low:high] * 2, other[at : at + 60]
        put = draw(st.sampled_from(["", twice, pasted, *PIECES]))
        text = text[:low] + put + text[high:]
    like = draw(st.sampled_from([source, draw(st.sampled_from(SOURCES))]))
    return Source(like.path, text, like.language)


def sound(source: Source, found: list[Finding]) -> None:
    lines = source.text.count("\n") + 1
    for one in found:
        assert 0 <= one.start <= one.end <= len(source.text)
        assert 1 <= one.line <= one.end_line <= lines
        assert one.column >= 1
        for edit in one.edits:
            assert 0 <= edit.start <= edit.end <= len(source.text)


@settings(max_examples=300, deadline=None)
@given(torn())
def test_every_text_is_judged(source: Source) -> None:
    sound(source, judge(source, RULES))


@settings(max_examples=200, deadline=None)
@given(torn())
def test_what_the_prefilter_leaves_out_is_not_found(source: Source) -> None:
    data = source.text.encode("utf-8", "surrogateescape")
    if b"\0" in data or data.startswith((b"\xff", b"\xfe")):
        return
    rules = EXAMINER.candidates.of(data, lambda: source.language.name)
    assert judge(source, rules) == judge(source, RULES)
