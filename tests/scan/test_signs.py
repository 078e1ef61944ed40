"""What must stand in a file beside an anchor: nothing that is found goes without."""

from __future__ import annotations

import pytest

from scan_rules import every_rule
from tlsmith.scan.judge import judge
from tlsmith.scan.prefilter import Candidates
from tlsmith.scan.signs import signs_of
from tlsmith.scan.source import Source

RULES = {rule.id: rule for rule in every_rule()}


def asked(path: str, text: str) -> set[str]:
    source = Source(path, text)
    found = Candidates(tuple(RULES.values())).of(
        text.encode(), lambda: source.language.name
    )
    return {rule.id for rule in found}


def test_an_everyday_word_alone_has_no_rule_asked() -> None:
    assert "uri-amqp-verify-none" not in asked("a.py", "def verify(key): pass\n")
    assert "config-mongodb-tls-disabled" not in asked("a.yaml", "mode: disabled\n")


@pytest.mark.parametrize(
    "text",
    [
        'u = "amqps://b.example?verify=verify_none"\n',
        'u = "AMQPS://b.example?VERIFY=none&verify=verify_none"\n',
        '{"u": "amqps://b.example?verify\\u003dverify_none"}\n',
    ],
)
def test_a_sign_in_capitals_or_as_an_escape_counts(text: str) -> None:
    assert "uri-amqp-verify-none" in asked("a.json", text)


def test_values_that_are_written_in_many_ways_are_no_signs() -> None:
    assert signs_of(RULES["python-requests-verify-false"]) == ()


def test_what_a_script_writes_is_asked_about() -> None:
    text = "cat > m.yaml <<EOF\nnet:\n  tls:\n    mode: disabled\nEOF\n"
    assert "config-mongodb-tls-disabled" in asked("a.sh", text)
    found = judge(Source("a.sh", text), RULES.values())
    assert [one.rule for one in found] == ["config-mongodb-tls-disabled"]
