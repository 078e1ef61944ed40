"""Write docs/scan/rules.md: every rule of `tlsmith scan`. A test compares the two.

Run it after changing a rule: `.venv/bin/python docs/rules.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from tlsmith.scan.rule import Rule
from tlsmith.scan.rulebook import with_samples

TARGET = Path(__file__).parent / "scan" / "rules.md"
_PATH_LINE = "#! path: "
_ANY = "any"


def render() -> str:
    """Return the text of docs/scan/rules.md."""
    rules = sorted(with_samples(), key=lambda rule: rule.id)
    parts = [
        "# Rules of `tlsmith scan`",
        f"{len(rules)} rules, written by `docs/rules.py` from the rules themselves. "
        "`tlsmith scan explain RULE` tells the same in a terminal.",
    ]
    for language, found in by_language(rules).items():
        parts.append(f"## {language}")
        parts += ["\n\n".join(_entry(rule)) for rule in found]
    return "\n\n".join(parts) + "\n"


def by_language(rules: Iterable[Rule]) -> dict[str, list[Rule]]:
    """Return the rules by the first language they read."""
    sorted_: dict[str, list[Rule]] = {}
    for rule in rules:
        first = rule.languages[0]
        sorted_.setdefault(_ANY if first == "*" else first, []).append(rule)
    return dict(sorted(sorted_.items(), key=lambda entry: (entry[0] == _ANY, entry[0])))


def _entry(rule: Rule) -> Iterator[str]:
    yield f"### `{rule.id}`"
    yield f"{prose(rule.title)}."
    facts = [rule.severity, rule.category]
    facts += [
        f"[CWE-{number}](https://cwe.mitre.org/data/definitions/{number}.html)"
        for number in rule.cwe
    ]
    names = ["any file" if name == "*" else name for name in rule.languages]
    facts += [", ".join(names)]
    facts += ["`--fix` mends it"] if rule.rewrite else []
    yield " · ".join(facts)
    yield prose(rule.what)
    yield f"Instead: {prose(rule.fix)}"
    if rule.bad:
        yield _sample(rule.bad[0])
    if rule.references:
        yield "\n".join(f"- <{reference}>" for reference in rule.references)


def prose(text: str) -> str:
    """Return words in which only code between backticks is markup."""
    words = re.split(r"(`[^`]*`)", " ".join(text.split()))
    return "".join(
        word if word.startswith("`") else re.sub(r"([\\*_<>\[\]|#])", r"\\\1", word)
        for word in words
    )


def _sample(text: str) -> str:
    lines = text.strip("\n").split("\n")
    head = []
    if lines[0].startswith(_PATH_LINE):
        head = [f"In `{lines.pop(0).removeprefix(_PATH_LINE).strip()}`:", ""]
    return "\n".join([*head, *(f"    {line}".rstrip() for line in lines)])


if __name__ == "__main__":
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(render(), encoding="utf-8")
