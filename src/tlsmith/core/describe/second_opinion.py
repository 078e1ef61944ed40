"""Whether the cryptography library reads what our own reader found no fault with.

Python programs that use it, and others as strict, refuse what it refuses.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tlsmith.core.describe.findings import PROBLEM, Finding
from tlsmith.core.describe.guard import attempt


def refusal(kind: str, data: bytes) -> Finding | None:
    """Return a finding if the library refuses `data`, a DER object of `kind`."""
    check = _CHECKS.get(kind)
    if check is None:
        return None
    _, error = attempt(lambda: check(data))
    if error is None:
        return None
    from cryptography.exceptions import UnsupportedAlgorithm

    if isinstance(error, UnsupportedAlgorithm):
        return None
    message = f"Python's cryptography library refuses it: {str(error)[:120]}"
    return Finding(PROBLEM, "refused-by-library", message)


def _certificate(data: bytes) -> Any:
    from cryptography import x509

    read = x509.load_der_x509_certificate(data)
    names = (read.subject, read.issuer, read.extensions, read.version)
    return names, read.not_valid_before_utc, read.not_valid_after_utc


def _request(data: bytes) -> Any:
    from cryptography import x509

    read = x509.load_der_x509_csr(data)
    return read.subject, read.extensions, read.is_signature_valid


def _revocation_list(data: bytes) -> Any:
    from cryptography import x509

    read = x509.load_der_x509_crl(data)
    return read.issuer, read.extensions, read.next_update_utc


def _response(data: bytes) -> Any:
    from cryptography.x509 import ocsp

    read = ocsp.load_der_ocsp_response(data)
    successful = read.response_status is ocsp.OCSPResponseStatus.SUCCESSFUL
    return list(read.responses) if successful else None


_CHECKS: dict[str, Callable[[bytes], Any]] = {
    "certificate": _certificate,
    "certificate-signing-request": _request,
    "certificate-revocation-list": _revocation_list,
    "ocsp-response": _response,
}
