"""What `tlsmith trust` sums up is what the table above it says."""

from __future__ import annotations

import pytest

from tlsmith.cli.trust_report import summary
from tlsmith.truststores import Outcome
from tlsmith.truststores.outcome import State


def _outcome(state: State, *, changed: bool = False) -> Outcome:
    return Outcome("nss", "", "00", state, changed)


@pytest.mark.parametrize(
    ("states", "said"),
    [
        (["absent"], "no such store is on this machine"),
        (["absent", "trusted"], "every store here trusts it already"),
        (["trusted"], "every store here trusts it already"),
        (["trusted", "failed"], "1 could not be done"),
    ],
)
def test_what_was_not_changed_is_said_with_the_reason(
    states: list[State], said: str
) -> None:
    text = summary("install", [_outcome(one) for one in states], dry_run=False)
    assert said in text
    assert "nothing was changed" in text
