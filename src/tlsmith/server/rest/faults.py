"""Errors as answers: which status, and a problem document (RFC 9457) without what is
not for a client to know: where the store is, and what its driver says."""

from __future__ import annotations

import logging

from tlsmith.errors import (
    AccessError,
    ConfigError,
    ConflictError,
    InputError,
    IssuanceError,
    NotFoundError,
    PassphraseError,
    ProfileError,
    RequestRefusedError,
    SignerError,
    StorageError,
    TLSmithError,
)
from tlsmith.server.logs import event
from tlsmith.server.problems import LATER, UNFORESEEN, fault_of
from tlsmith.server.reply import problem_body
from tlsmith.server.rest.endpoint import PROBLEM, Answer

_LOG = logging.getLogger("tlsmith.server.rest")
# Codes of errors that say nobody knows who asks.
UNKNOWN = ("no-credentials", "bad-token", "bad-certificate")
# The nearest class comes first.
_STATUS: tuple[tuple[type[TLSmithError], int], ...] = (
    (NotFoundError, 404),
    (ConflictError, 409),
    (StorageError, 503),
    (SignerError, 503),
    (PassphraseError, 503),
    (InputError, 400),
    (ProfileError, 422),
    (IssuanceError, 422),
    (ConfigError, 422),
    (AccessError, 403),
)


def problem_of(error: TLSmithError, store: str, request_id: str) -> Answer:
    """Return the answer that an error is.

    Args:
        store: its address, which is left out of what is said.
    """
    status = status_of(error)
    fields = tuple(getattr(error, "fields", ()))
    detail = error.message.replace(f" in the store {store}", "")
    hint = error.hint
    if status >= 500:
        event(_LOG, logging.ERROR, "request-failed", error=error)
        detail, hint = fault_of(error) or UNFORESEEN, LATER
        fields = (*fields, (b"retry-after", b"2"))
    body = problem_body(
        status,
        detail,
        code=error.code,
        hint=hint,
        reasons=list(getattr(error, "reasons", ()) or getattr(error, "mistakes", ())),
        names=list(getattr(error, "names", ())),
        request_id=request_id,
    )
    return Answer(status, body, PROBLEM, fields)


def status_of(error: TLSmithError) -> int:
    """Return the HTTP status of an error."""
    if isinstance(error, RequestRefusedError):
        return error.status
    if isinstance(error, AccessError) and error.code in UNKNOWN:
        return 401
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def refused(status: int, message: str, code: str, hint: str) -> RequestRefusedError:
    """Return the refusal of a request."""
    return RequestRefusedError(status, message, code=code, hint=hint)
