"""No text makes a rule take the square of its length, whatever is written into it.

Into a sample of each rule forty kilobytes of one piece are put, at a place and of a
piece that hang on the sample's name: another rule, another place. What takes time in
proportion is done in some hundredths of a second, what takes its square in many
seconds. `NEXT=7 pytest tests/scan/test_runaway.py` tries others.
"""

from __future__ import annotations

import os
import time
from zlib import crc32

import pytest

from scan_rules import Sample, samples
from tlsmith.scan.judge import judge
from tlsmith.scan.patience import at_most
from tlsmith.scan.source import Source

LENGTH = 40_000
PATIENCE = 8.0
PIECES = [
    "a", "  ", " \n", "(", "if (x) ", "a.", "a, ", '"', "'x' ", "{", "\\", "a=", "-a ",
    "/", "<", "[", "=> ", "x: ", "# ", "e(", "b)", "&&", "\t", "a\n", "(a)", "{}",
    "a(a)", "..", "a-", "$a ", "::", "a:b ", "1",
]  # fmt: skip
NEXT = os.environ.get("NEXT", "0")


def one_of_each_rule() -> list[Sample]:
    """A sample of what is bad of each rule, another for each NEXT."""
    by_rule: dict[str, list[Sample]] = {}
    for sample in samples():
        if sample.is_bad:
            by_rule.setdefault(sample.rule.id, []).append(sample)
    return [
        of_rule[crc32(f"{NEXT}{name}".encode()) % len(of_rule)]
        for name, of_rule in by_rule.items()
    ]


@pytest.mark.parametrize("sample", one_of_each_rule(), ids=lambda one: str(one.name))
def test_time_is_in_proportion(sample: Sample) -> None:
    number = crc32(f"{NEXT}{sample.name}".encode())
    piece = PIECES[number % len(PIECES)]
    text = sample.source.text
    at = number // len(PIECES) % (len(text) + 1)
    long = text[:at] + piece * (LENGTH // len(piece)) + text[at:]
    begun = time.process_time()
    with at_most(2 * PATIENCE):
        judge(Source(sample.source.path, long), [sample.rule])
    assert time.process_time() - begun < PATIENCE, (piece, at)
