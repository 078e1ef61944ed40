"""How much of the labelled cases in corpus/ is found, and how much else.

    .venv/bin/python tests/scan/corpus_score.py [-v] [TOPIC...]

A TOPIC is the name of a file there, or the beginning of one. `-v` shows each miss and
each false alarm.
"""

from __future__ import annotations

import argparse
import tomllib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tlsmith.scan.finding import Finding
from tlsmith.scan.judge import judge
from tlsmith.scan.source import Source

CORPUS = Path(__file__).with_name("corpus")
MARK = " #!BAD"
KINDS = ("explicit", "flow", "callback", "absence", "plaintext", "friend")


@dataclass(frozen=True)
class Case:
    """A text of which is known on what lines something is to be found."""

    topic: str
    id: str
    path: str
    kind: str
    text: str
    marks: tuple[int, ...]


@dataclass
class Outcome:
    """What was found in a case: lines that were missed, findings that were wrong."""

    case: Case
    missed: list[int] = field(default_factory=list)
    hits: list[Finding] = field(default_factory=list)
    alarms: list[Finding] = field(default_factory=list)


@dataclass
class Tally:
    """Counts of marks and findings."""

    marks: int = 0
    found: int = 0
    hits: int = 0
    alarms: int = 0

    @property
    def recall(self) -> float:
        """How many of the marks were found."""
        return self.found / self.marks if self.marks else 1.0

    @property
    def precision(self) -> float:
        """How many of the findings were right."""
        told = self.hits + self.alarms
        return self.hits / told if told else 1.0

    def __str__(self) -> str:
        return (
            f"recall {self.recall:6.1%} ({self.found}/{self.marks})   "
            f"precision {self.precision:6.1%} ({self.alarms} false alarms)"
        )


def cases(topics: Iterable[str] = ()) -> Iterator[Case]:
    """Yield the cases of these topics, or all."""
    prefixes = tuple(topics)
    for file in sorted(CORPUS.glob("*.toml")):
        if not prefixes or file.stem.startswith(prefixes):
            for entry in tomllib.loads(file.read_text("utf-8"))["case"]:
                yield _case(file.stem, entry)


def _case(topic: str, entry: dict[str, str]) -> Case:
    lines = entry["text"].split("\n")
    marks = [number for number, line in enumerate(lines, 1) if line.endswith(MARK)]
    text = "\n".join(line.removesuffix(MARK) for line in lines)
    return Case(topic, entry["id"], entry["path"], entry["kind"], text, tuple(marks))


def judged(case: Case) -> list[Finding]:
    """Return what the scanner says of a case."""
    from scan_rules import every_rule

    return judge(Source(case.path, case.text), every_rule())


def outcome(case: Case, findings: Iterable[Finding]) -> Outcome:
    """Compare what was found with what there is, give or take a line."""
    result = Outcome(case)
    for finding in findings:
        right = any(_touches(finding, mark) for mark in case.marks)
        (result.hits if right else result.alarms).append(finding)
    result.missed = [
        mark
        for mark in case.marks
        if not any(_touches(finding, mark) for finding in result.hits)
    ]
    return result


def _touches(finding: Finding, line: int) -> bool:
    return finding.line - 1 <= line <= finding.end_line + 1


def tallied(
    outcomes: Iterable[Outcome], key: Callable[[Case], str]
) -> dict[str, Tally]:
    """Return the counts by what `key` says of a case."""
    tallies: dict[str, Tally] = {}
    for one in outcomes:
        tally = tallies.setdefault(key(one.case), Tally())
        tally.marks += len(one.case.marks)
        tally.found += len(one.case.marks) - len(one.missed)
        tally.hits += len(one.hits)
        tally.alarms += len(one.alarms)
    return tallies


def _shown(one: Outcome) -> Iterator[str]:
    lines = one.case.text.split("\n")
    name = f"{one.case.topic} {one.case.id} ({one.case.kind}, {one.case.path})"
    for line in one.missed:
        yield f"MISS  {name}:{line}  {lines[line - 1].strip()}"
    for finding in one.alarms:
        text = lines[finding.line - 1].strip()
        yield f"FALSE {name}:{finding.line} {finding.rule}  {text}"


def main() -> None:
    """Print how well each kind and topic is judged."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-v", "--verbose", action="store_true")
    parser.add_argument("topic", nargs="*")
    wanted = parser.parse_args()
    outcomes = [outcome(case, judged(case)) for case in cases(wanted.topic)]
    if wanted.verbose:
        for one in outcomes:
            print(
                "\n".join(_shown(one)) + "\n" if one.missed or one.alarms else "",
                end="",
            )
    for key in (lambda case: case.kind, lambda case: case.topic, lambda case: "ALL"):
        for name, tally in sorted(tallied(outcomes, key).items()):
            print(f"{name:<24}{tally}")
        print()


if __name__ == "__main__":
    import sys

    sys.path.insert(0, str(Path(__file__).parent.parent))
    main()
