"""How bad a finding is where it stands."""

from __future__ import annotations

import time

import pytest

from scan_findings import RULE, finding
from tlsmith.scan.finding import Match
from tlsmith.scan.grading import (
    confidence_of,
    distinct,
    loopback,
    place_of,
    severity_of,
)
from tlsmith.scan.judge import finding_of, judge
from tlsmith.scan.rule import Rule
from tlsmith.scan.rulebook import every_rule
from tlsmith.scan.source import Source


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("src/client.py", ""),
        ("client.py", ""),
        ("src/latest/contest.go", ""),
        ("src/attestation/verify.rs", ""),
        ("deploy/nginx.conf", ""),
        ("requirements.txt", ""),
        ("lib/protest.rb", ""),
        ("src/security.py", ""),
        ("src/history.js", ""),
        ("cmd/inspector/main.go", ""),
        ("src/documents/store.py", ""),
        ("tests/client.py", "a test"),
        ("src/test/java/A.java", "a test"),
        ("src/androidTest/A.kt", "a test"),
        ("My.App.Tests/Client.cs", "a test"),
        ("src/__tests__/a.js", "a test"),
        ("src/a.test.tsx", "a test"),
        ("src/a.spec.js", "a test"),
        ("pkg/client_test.go", "a test"),
        ("pkg/testdata/a.yaml", "a test"),
        ("spec/client_spec.rb", "a test"),
        ("test_client.py", "a test"),
        ("conftest.py", "a test"),
        ("src/ClientTest.java", "a test"),
        ("src/ClientSpec.scala", "a test"),
        ("fixtures/a.json", "a test"),
        ("testenv/certs/ca-key.pem", "a test"),
        ("pkg/testcerts/certs.go", "a test"),
        ("roles/web/molecule/default/converge.yml", "a test"),
        ("systemtest/registry.bats", "a test"),
        ("fuzz/client.cc", "a test"),
        ("src/fuzzy/match.py", ""),
        ("examples/client.go", "an example"),
        ("sample-app/a.py", "an example"),
        (".env.example", "an example"),
        ("config.sample.yml", "an example"),
        ("docs/conf.py", "documentation"),
        ("README", "documentation"),
        ("README.md", "documentation"),
        ("guide/setup.rst", "documentation"),
    ],
)
def test_a_path_tells_what_is_not_production(path: str, place: str) -> None:
    assert place_of(path) == place


def test_production_is_as_bad_as_the_rule_says() -> None:
    assert (finding().severity, finding().reason) == ("high", "")


def test_a_test_is_graded_lower_and_says_so() -> None:
    found = finding(path="tests/test_client.py")
    assert found.severity == "low"
    assert "a test" in found.reason


def test_what_is_above_the_scanned_folder_says_nothing() -> None:
    source = Source("/tmp/test/docs/app.py", "verify=False", inside="app.py")
    assert severity_of(RULE, Match(0, 12), source)[0] == "high"


def test_rust_keeps_its_tests_in_the_file() -> None:
    text = "fn a() { x }\n#[cfg(test)]\nmod tests {\n fn b() { x }\n}\n"
    source = Source("src/lib.rs", text)
    first, second = text.index("x"), text.rindex("x }")
    assert severity_of(RULE, Match(first, first + 1), source)[0] == "high"
    assert severity_of(RULE, Match(second, second + 1), source)[0] == "low"


@pytest.mark.parametrize(
    ("line", "is_lower"),
    [
        ("curl -k https://localhost:8443/health", True),
        ("curl -k https://127.0.0.1/", True),
        ("curl -k https://127.3.2.1:1/", True),
        ("curl -k https://[::1]:8443/", True),
        ("curl -k https://app.localhost/", True),
        ("curl -k https://user:pw@localhost/", True),
        ("curl -k https://localhost.evil.example/", False),
        ("curl -k https://example.com/?next=https://localhost", False),
        ("curl -k https://localhost https://example.com", False),
        ("curl -k $URL", False),
        ("curl -k https://128.0.0.1/", False),
    ],
)
def test_this_machine_is_graded_lower(line: str, is_lower: bool) -> None:
    found = finding(line, "-k", path="run.sh")
    assert (found.severity == "low") == is_lower
    assert ("this machine" in found.reason) == is_lower


def test_the_matcher_s_own_target_counts_first() -> None:
    source = Source("a.py", 'get("https://localhost", verify=False)')
    assert loopback(Match(4, 10, target="example.com"), source) == ""
    assert loopback(Match(4, 10, target="localhost"), source) == "localhost"


def test_the_lesser_confidence_counts() -> None:
    unsure = Rule(**{**RULE.__dict__, "confidence": "medium"})
    assert confidence_of(RULE, Match(0, 1)) == "high"
    assert confidence_of(RULE, Match(0, 1, confidence="low")) == "low"
    assert confidence_of(unsure, Match(0, 1, confidence="high")) == "medium"


def test_one_place_is_told_once() -> None:
    low = finding(rule=Rule(**{**RULE.__dict__, "id": "a-b", "severity": "low"}))
    longer = finding(rule=Rule(**{**RULE.__dict__, "id": RULE.id + "-more"}))
    elsewhere = finding(what="import")
    assert distinct([low, finding(), longer, elsewhere]) == [elsewhere, longer]


def test_two_things_in_one_line_are_two() -> None:
    text = "curl -k https://a.example; wget --no-check-certificate https://b.example"
    both = [finding(text, "-k"), finding(text, "--no-check-certificate")]
    assert distinct(both) == both


def test_many_findings_in_one_line_take_no_long() -> None:
    text = "curl -k https://a.example; " * 20_000
    source = Source("run.sh", text)
    start = text.index("-k")
    match = [Match(start + 27 * n, start + 27 * n + 2) for n in range(20_000)]
    began = time.process_time()
    found = [finding_of(RULE, one, source) for one in match]
    assert time.process_time() - began < 60
    assert len(distinct(found + found)) == 20_000
    assert sum(len(one.snippet) for one in found) < 10**8


@pytest.mark.parametrize(
    ("path", "text", "severity"),
    [
        ("daemon.json", '{"insecure-registries": ["localhost:5000"]}', "low"),
        ("daemon.json", '{"insecure-registries": ["hub.corp:5000"]}', "high"),
        ("daemon.json", '{"insecure-registries": ["[::1]:1", "a.corp"]}', "high"),
        ("a.sh", "minikube start --insecure-registry=localhost:5000\n", "low"),
        ("a.sh", "minikube start --insecure-registry=10.0.0.0/24\n", "high"),
    ],
)
def test_a_registry_of_this_machine(path: str, text: str, severity: str) -> None:
    found = judge(Source(path, text), every_rule())
    assert [one.severity for one in found] == [severity]
