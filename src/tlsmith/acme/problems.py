"""Problem documents: one constructor a type of the registry (RFC 8555 section 6.7)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from tlsmith.errors import ACMEProblem, Subproblem

URN = "urn:ietf:params:acme:error:"
CONTENT_TYPE = "application/problem+json"


def account_does_not_exist(detail: str) -> ACMEProblem:
    return ACMEProblem("accountDoesNotExist", detail)


def already_replaced(detail: str) -> ACMEProblem:
    """A certificate that another order replaces already (RFC 9773 section 7.4)."""
    return ACMEProblem("alreadyReplaced", detail, status=409)


def already_revoked(detail: str) -> ACMEProblem:
    return ACMEProblem("alreadyRevoked", detail)


def bad_csr(detail: str) -> ACMEProblem:
    return ACMEProblem("badCSR", detail)


def bad_nonce(detail: str) -> ACMEProblem:
    return ACMEProblem("badNonce", detail)


def bad_public_key(detail: str) -> ACMEProblem:
    return ACMEProblem("badPublicKey", detail)


def bad_revocation_reason(detail: str) -> ACMEProblem:
    return ACMEProblem("badRevocationReason", detail)


def bad_signature_algorithm(detail: str, algorithms: Iterable[str]) -> ACMEProblem:
    """Return the problem that lists the algorithms there are (RFC 8555 section 6.2)."""
    fields = {"algorithms": list(algorithms)}
    return ACMEProblem("badSignatureAlgorithm", detail, fields=fields)


def caa(detail: str, subproblems: Sequence[Subproblem] = ()) -> ACMEProblem:
    return ACMEProblem("caa", detail, status=403, subproblems=subproblems)


def compound(
    detail: str, subproblems: Sequence[Subproblem], status: int = 400
) -> ACMEProblem:
    return ACMEProblem("compound", detail, status=status, subproblems=subproblems)


def connection(detail: str) -> ACMEProblem:
    return ACMEProblem("connection", detail)


def dns(detail: str, subproblems: Sequence[Subproblem] = ()) -> ACMEProblem:
    return ACMEProblem("dns", detail, subproblems=subproblems)


def external_account_required(detail: str) -> ACMEProblem:
    return ACMEProblem("externalAccountRequired", detail, status=403)


def incorrect_response(detail: str) -> ACMEProblem:
    return ACMEProblem("incorrectResponse", detail, status=403)


def invalid_contact(detail: str) -> ACMEProblem:
    return ACMEProblem("invalidContact", detail)


def invalid_profile(detail: str) -> ACMEProblem:
    """A profile that is not there, or not for this order (draft-ietf-acme-profiles)."""
    return ACMEProblem("invalidProfile", detail)


def malformed(detail: str, status: int = 400) -> ACMEProblem:
    return ACMEProblem("malformed", detail, status=status)


def order_not_ready(detail: str) -> ACMEProblem:
    return ACMEProblem("orderNotReady", detail, status=403)


def rate_limited(detail: str, retry_after: int) -> ACMEProblem:
    return ACMEProblem("rateLimited", detail, status=429, retry_after=retry_after)


def rejected_identifier(
    detail: str, subproblems: Sequence[Subproblem] = ()
) -> ACMEProblem:
    return ACMEProblem(
        "rejectedIdentifier", detail, status=403, subproblems=subproblems
    )


def server_internal(
    detail: str, status: int = 500, retry_after: int | None = None
) -> ACMEProblem:
    return ACMEProblem("serverInternal", detail, status=status, retry_after=retry_after)


def tls(detail: str) -> ACMEProblem:
    return ACMEProblem("tls", detail)


def unauthorized(detail: str, status: int = 403) -> ACMEProblem:
    return ACMEProblem("unauthorized", detail, status=status)


def unsupported_contact(detail: str) -> ACMEProblem:
    return ACMEProblem("unsupportedContact", detail)


def unsupported_identifier(
    detail: str, subproblems: Sequence[Subproblem] = ()
) -> ACMEProblem:
    return ACMEProblem("unsupportedIdentifier", detail, subproblems=subproblems)


def user_action_required(detail: str, instance: str) -> ACMEProblem:
    """Return the problem that a person at `instance` solves (RFC 8555 7.3.3)."""
    fields = {"instance": instance}
    return ACMEProblem("userActionRequired", detail, status=403, fields=fields)


def problem_document(problem: ACMEProblem) -> dict[str, Any]:
    """Return the members of a problem document (RFC 9457, RFC 8555 section 6.7)."""
    document: dict[str, Any] = {
        "type": URN + problem.type,
        "detail": problem.message,
        "status": problem.status,
    }
    if problem.subproblems:
        document["subproblems"] = [_subproblem(each) for each in problem.subproblems]
    document.update(problem.fields)
    return document


def encode_problem(problem: ACMEProblem) -> bytes:
    return msgspec.json.encode(problem_document(problem))


def _subproblem(problem: Subproblem) -> dict[str, Any]:
    document: dict[str, Any] = {"type": URN + problem.type, "detail": problem.detail}
    if problem.identifier:
        kind, value = problem.identifier
        document["identifier"] = {"type": kind, "value": value}
    return document
