"""Problem documents: types, statuses and members."""

import inspect
import json

import pytest

from tlsmith.acme import problems
from tlsmith.acme.problems import encode_problem, problem_document
from tlsmith.errors import ACMEProblem, Subproblem

# Of the registry (RFC 8555 section 9.7.4, RFC 9773, draft-ietf-acme-profiles), with the
# status that its section asks for, or else of what the mistake is.
STATUSES = {
    "accountDoesNotExist": 400,  # 7.3.1
    "alreadyReplaced": 409,  # RFC 9773 7.4
    "alreadyRevoked": 400,  # 7.6
    "badCSR": 400,
    "badNonce": 400,  # 6.5
    "badPublicKey": 400,
    "badRevocationReason": 400,
    "badSignatureAlgorithm": 400,  # 6.2
    "caa": 403,
    "compound": 400,
    "connection": 400,
    "dns": 400,
    "externalAccountRequired": 403,
    "incorrectResponse": 403,
    "invalidContact": 400,
    "invalidProfile": 400,
    "malformed": 400,
    "orderNotReady": 403,  # 7.4
    "rateLimited": 429,  # 6.6
    "rejectedIdentifier": 403,
    "serverInternal": 500,
    "tls": 400,
    "unauthorized": 403,
    "unsupportedContact": 400,
    "unsupportedIdentifier": 400,
    "userActionRequired": 403,  # 7.3.3
}
ARGUMENTS = {
    "algorithms": ["ES256"],
    "subproblems": [Subproblem("malformed", "bad", ("dns", "x_.test"))],
    "retry_after": 60,
    "instance": "https://ca.test/terms",
}


def made() -> list[ACMEProblem]:
    """One of every constructor there is."""
    found = []
    for _, make in inspect.getmembers(problems, inspect.isfunction):
        signature = inspect.signature(make, eval_str=True)
        if signature.return_annotation is ACMEProblem:
            rest = [name for name in signature.parameters if name in ARGUMENTS]
            found.append(make("it is", **{name: ARGUMENTS[name] for name in rest}))
    return found


def test_every_type_of_the_registry_can_be_made_with_its_status() -> None:
    assert {problem.type: problem.status for problem in made()} == STATUSES


@pytest.mark.parametrize("problem", made(), ids=lambda problem: problem.type)
def test_a_document_says_what_the_problem_is(problem: ACMEProblem) -> None:
    document = json.loads(encode_problem(problem))
    assert document["type"] == f"urn:ietf:params:acme:error:{problem.type}"
    assert document["detail"] == "it is"
    assert document["status"] == problem.status


def test_a_status_can_be_another() -> None:
    assert problems.malformed("no", 404).status == 404
    assert problems.unauthorized("no", 401).status == 401
    busy = problems.server_internal("busy", 503, retry_after=5)
    assert (busy.status, busy.retry_after) == (503, 5)


def test_members_of_a_type_are_in_its_document() -> None:
    unknown = problems.bad_signature_algorithm("no", ("ES256", "EdDSA"))
    assert problem_document(unknown)["algorithms"] == ["ES256", "EdDSA"]
    action = problems.user_action_required("new terms", "https://ca.test/terms")
    assert problem_document(action)["instance"] == "https://ca.test/terms"


def test_subproblems_name_their_identifiers() -> None:
    """RFC 8555 section 6.7.1."""
    problem = problems.compound(
        "two are wrong",
        [
            Subproblem("malformed", "an underscore", ("dns", "_x.test")),
            Subproblem("rejectedIdentifier", "not ours"),
        ],
        status=403,
    )
    document = json.loads(encode_problem(problem))
    assert document["status"] == 403
    assert document["subproblems"] == [
        {
            "type": "urn:ietf:params:acme:error:malformed",
            "detail": "an underscore",
            "identifier": {"type": "dns", "value": "_x.test"},
        },
        {
            "type": "urn:ietf:params:acme:error:rejectedIdentifier",
            "detail": "not ours",
        },
    ]
    assert "identifier" not in document


def test_when_to_try_again_is_for_the_header() -> None:
    problem = problems.rate_limited("too many orders", 30)
    assert problem.retry_after == 30
    assert set(problem_document(problem)) == {"type", "detail", "status"}


@pytest.mark.parametrize(
    ("type", "code"),
    [
        ("badNonce", "acme-bad-nonce"),
        ("badCSR", "acme-bad-csr"),
        ("tls", "acme-tls"),
        ("accountDoesNotExist", "acme-account-does-not-exist"),
    ],
)
def test_codes_are_types_in_kebab_case(type: str, code: str) -> None:
    assert ACMEProblem(type, "no").code == code
