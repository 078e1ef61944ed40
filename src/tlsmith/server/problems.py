"""Errors as HTTP: which status, and a problem document (RFC 9457)."""

from __future__ import annotations

from tlsmith.errors import RequestRefusedError, TLSmithError
from tlsmith.server.reply import problem_body

# By name, nearest class first: what an error is to whoever asked.
_STATUS = {
    "NotFoundError": 404,
    "ConflictError": 409,
    "PassphraseError": 503,
    "InputError": 400,
    "ProfileError": 422,
    "IssuanceError": 422,
    "SignerError": 503,
    "StorageError": 503,
    "DeadlineError": 504,
}


def status_of(error: BaseException) -> int:
    """Return the HTTP status of an error; what we did not foresee is a 500."""
    if isinstance(error, RequestRefusedError):
        return error.status
    names = (kind.__name__ for kind in type(error).__mro__)
    return next((_STATUS[name] for name in names if name in _STATUS), 500)


def problem_of(error: BaseException, request_id: str) -> tuple[int, bytes]:
    """Return status and problem document of an error.

    What we did not foresee says nothing of itself: its words are in the log, beside
    the request's id.
    """
    status = status_of(error)
    if not isinstance(error, TLSmithError):
        detail = "something went wrong here; the log has more"
        return status, problem_body(status, detail, request_id=request_id)
    return status, problem_body(
        status,
        error.message,
        code=error.code,
        hint=error.hint,
        reasons=list(getattr(error, "reasons", ())),
        names=list(getattr(error, "names", ())),
        request_id=request_id,
    )
