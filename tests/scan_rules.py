"""The scanner's rules, read from their files, and their samples."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tlsmith.scan.language import languages
from tlsmith.scan.rule import Rule
from tlsmith.scan.rulebook import every_rule
from tlsmith.scan.source import Source

__all__ = ["PATH_LINE", "Sample", "every_rule", "samples", "source_of"]

PATH_LINE = "#! path: "


class Sample(NamedTuple):
    """A text that a rule must find something in, or in which no rule may."""

    rule: Rule
    source: Source
    is_bad: bool
    name: str


def samples() -> Iterator[Sample]:
    """Yield the samples of every rule."""
    for rule in every_rule():
        for is_bad, texts in ((True, rule.bad), (False, rule.good)):
            for number, text in enumerate(texts, 1):
                kind = "bad" if is_bad else "good"
                yield Sample(
                    rule, source_of(rule, text), is_bad, f"{rule.id}-{kind}{number}"
                )


def source_of(rule: Rule, text: str) -> Source:
    """Return a sample as it is scanned: in its rule's language, or under its path."""
    text = text.removeprefix("\n")
    if text.startswith(PATH_LINE):
        line, _, rest = text.partition("\n")
        return Source(line.removeprefix(PATH_LINE).strip(), rest)
    named = rule.languages[0]
    language = languages()["text" if named == "*" else named]
    return Source(f"src/sample.{language.name}", text, language)
