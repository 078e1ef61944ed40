"""Problems in plain words: each type of the registry, whatever the document has."""

from __future__ import annotations

import inspect

import pytest

from tlsmith.acme import problems
from tlsmith.acme.problems import problem_document
from tlsmith.authority.acme.reasons import GIVEN_UP, LAPSED, REASONS, failure_of
from tlsmith.errors import ACMEProblem

_GIVEN = {"status": 400, "retry_after": 7, "subproblems": (), "algorithms": ()}


def _every_problem() -> list[ACMEProblem]:
    """One problem of each type that a server of ours can give."""
    made = []
    for name, build in inspect.getmembers(problems, inspect.isfunction):
        if inspect.signature(build).return_annotation != "ACMEProblem":
            continue
        names = inspect.signature(build).parameters
        words = {one: _GIVEN.get(one, f"some {one}") for one in names}
        made.append(build(**words))
        assert made[-1].type.lower() == name.replace("_", "")
    return made


@pytest.mark.parametrize("problem", _every_problem(), ids=lambda one: one.type)
def test_every_type_has_words_and_something_to_do(problem: ACMEProblem) -> None:
    told = failure_of(problem_document(problem), "www.corp.test")
    assert told.type == problem.type
    assert told.type in REASONS
    assert told.detail == problem.message
    assert "{" not in told.said + told.advice


def test_no_words_are_for_a_type_there_is_not() -> None:
    assert {one.type for one in _every_problem()} == set(REASONS) - {LAPSED, GIVEN_UP}


def test_the_identifier_of_the_document_goes_before_the_one_given() -> None:
    document = problem_document(problems.dns("no such name"))
    document["subproblems"] = [{"identifier": {"type": "dns", "value": "a.test"}}]
    assert failure_of(document, "b.test").name == "a.test"
    assert failure_of(document, "b.test").said == "DNS has no answer for a.test"


def test_a_wildcard_is_proved_by_the_name_below_it() -> None:
    told = failure_of(problem_document(problems.dns("x")), "*.corp.test", "dns-01")
    assert told.name == "*.corp.test"
    assert "the zone of corp.test" in told.advice


def test_what_to_do_depends_on_the_challenge() -> None:
    document = problem_document(problems.connection("no answer"))
    advice = {
        kind: failure_of(document, "a.test", kind).advice
        for kind in ("", "http-01", "tls-alpn-01", "no-such-01")
    }
    assert "port 80 of a.test" in advice["http-01"]
    assert "port 443 of a.test" in advice["tls-alpn-01"]
    assert advice["no-such-01"] == advice[""]


@pytest.mark.parametrize(
    "document", [{}, {"type": "about:blank"}, {"type": "urn:x:new", "detail": None}]
)
def test_a_document_of_no_type_we_know_is_told_all_the_same(
    document: dict[str, object],
) -> None:
    told = failure_of(document)
    assert told.said == "the CA refused it"
    assert told.advice
