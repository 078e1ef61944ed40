"""The scanner's rules, read from their files, and their samples."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from tlsmith.scan.language import languages
from tlsmith.scan.rule import Rule, rule_of
from tlsmith.scan.source import Source

PATH_LINE = "#! path: "


@cache
def every_rule() -> tuple[Rule, ...]:
    """Return the rules of every file."""
    folder = files("tlsmith.scan") / "rules"
    if not folder.is_dir():
        return ()
    return tuple(
        rule_of(entry, file.name)
        for file in sorted(folder.iterdir(), key=lambda file: file.name)
        if file.name.endswith(".toml")
        for entry in tomllib.loads(file.read_text("utf-8")).get("rule", ())
    )


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
