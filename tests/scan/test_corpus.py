"""What is found of the labelled cases, and what else is: never less well than this."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from corpus_score import KINDS, Outcome, cases, judged, outcome, tallied

FLOORS = {
    "explicit": 0.99,
    "flow": 0.95,
    "callback": 0.98,
    "absence": 0.96,
    "ALL": 0.985,
}
"""The least recall by kind."""
PRECISION = 0.985
"""The least precision of all."""

CASES = list(cases())


@pytest.fixture(scope="module")
def outcomes() -> list[Outcome]:
    return [outcome(case, judged(case)) for case in CASES]


def test_each_case_is_well_formed() -> None:
    ids = [case.id for case in CASES]
    assert len(ids) == len(set(ids)), {id_ for id_ in ids if ids.count(id_) > 1}
    for case in CASES:
        assert case.kind in KINDS, case.id
        assert bool(case.marks) != (case.kind == "friend"), case.id


def test_enough_is_found(outcomes: list[Outcome]) -> None:
    of_kinds = tallied(outcomes, lambda case: case.kind)
    of_kinds |= tallied(outcomes, lambda case: "ALL")
    recall = {kind: tally.recall for kind, tally in of_kinds.items()}
    assert {
        kind: recall.get(kind, 1.0)
        for kind, floor in FLOORS.items()
        if recall.get(kind, 1.0) < floor
    } == {}


def test_little_else_is_found(outcomes: list[Outcome]) -> None:
    for tally in tallied(outcomes, lambda case: "ALL").values():
        assert tally.precision >= PRECISION
