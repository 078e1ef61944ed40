"""Errors as HTTP: which status, and a problem document (RFC 9457) without what is not
for a client to know: where the store or a key is, and what their drivers say."""

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
# By name as well: what is told of what is ours to mend. Its own words are in the log.
_FAULTS = {
    "NotFoundError": "no CA here can do that just now",
    "StorageError": "the store cannot be read or written just now",
    "SignerError": "the CA's key cannot be reached just now",
    "PassphraseError": "the CA's key cannot be opened here",
    "FileError": "a file cannot be read or written here",
}
UNFORESEEN = "something went wrong here; the log has more"
LATER = "try again in a little while"


def status_of(error: BaseException) -> int:
    """Return the HTTP status of an error; what we did not foresee is a 500."""
    if isinstance(error, RequestRefusedError):
        return error.status
    names = (kind.__name__ for kind in type(error).__mro__)
    return next((_STATUS[name] for name in names if name in _STATUS), 500)


def fault_of(error: BaseException) -> str | None:
    """Return what is told of an error that is ours to mend, None for another's."""
    names = (kind.__name__ for kind in type(error).__mro__)
    return next((_FAULTS[name] for name in names if name in _FAULTS), None)


def problem_of(error: BaseException, request_id: str) -> tuple[int, bytes]:
    """Return status and problem document of an error.

    What we did not foresee, or have to mend, says nothing of itself: its words are in
    the log, beside the request's id.
    """
    status = status_of(error)
    if not isinstance(error, TLSmithError):
        return status, problem_body(status, UNFORESEEN, request_id=request_id)
    if status >= 500 and not isinstance(error, RequestRefusedError):
        said = fault_of(error) or UNFORESEEN
        return status, problem_body(
            status, said, code=error.code, hint=LATER, request_id=request_id
        )
    return status, problem_body(
        status,
        error.message,
        code=error.code,
        hint=error.hint,
        reasons=list(getattr(error, "reasons", ())),
        names=list(getattr(error, "names", ())),
        request_id=request_id,
    )
